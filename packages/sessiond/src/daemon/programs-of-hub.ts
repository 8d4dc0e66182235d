/** Which programs of this machine follow a hub, as far as /proc tells: also those whose event loops do not turn. */
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { SESSION_VARIABLE, hubPaths, startTicks } from '@spoor/ringbuffer';

/** A program that was started with the tracer. */
export interface FollowingProgram {
  readonly pid: number;
  readonly procname: string;
  /** Clock ticks since boot, in decimal. */
  readonly startTicks: string;
}

/** What loads the tracer: by its name, or by the path of its file. */
const REGISTER = /tracer\b[^\s,;]*\/register\b/;
/** What may be a JavaScript runtime: whoever starts one has its variables, too. */
const RUNTIME = /node|electron/i;

/** The programs that were started with the tracer and follow the hub at `path`; those of other users only as root. */
export function programsOfHub(path: string): readonly FollowingProgram[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => programOf(Number(name), path) ?? []);
}

function programOf(pid: number, hub: string): FollowingProgram | undefined {
  try {
    const procname = basename(readlinkSync(`/proc/${pid}/exe`));
    if (!RUNTIME.test(procname)) return undefined;
    const environment = Object.fromEntries(
      words(`/proc/${pid}/environ`).map((text) => {
        const end = text.indexOf('=');
        return [text.slice(0, end), text.slice(end + 1)];
      }),
    );
    const isLoaded =
      REGISTER.test(environment['NODE_OPTIONS'] ?? '') ||
      words(`/proc/${pid}/cmdline`).some((word) => REGISTER.test(word));
    if (!isLoaded) return undefined;
    const named = environment[SESSION_VARIABLE] ?? '';
    if (
      !(named === '' ? hubPaths(environment, statSync(`/proc/${pid}`).uid) : named.split(':')).includes(hub)
    )
      return undefined;
    const ticks = startTicks(pid);
    return ticks === undefined ? undefined : { pid, procname, startTicks: String(ticks) };
  } catch {
    // It is over, or that of another user.
    return undefined;
  }
}

function words(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\0');
}
