// A worker begins to record once the main thread looks before it ends others (`thread-ends.ts`): then it may call what must not
// be broken off. A main thread that loads the tracer because it makes a worker is not there yet when that one begins, but will be
// before it runs any more of the program. It says so by this mark. Part of what every program loads.

/** In a process's directory beside its hub. */
export const MARKS_FOLDER = 'threads';
/** Made by the main thread, which ends no other from then on without looking. */
export const WATCH_MARK = 'watching';
/** There while the main thread joins, without running anything of the program meanwhile. */
export const JOINING_MARK = 'joining';

/** Who this process is, for the file system. */
export interface OwnProcess {
  /** `PID-STARTTIME`. */
  readonly folder: string;
  /** Directories from that of the hubs to that of the marks. */
  readonly places: readonly string[];
}

/**
 * @param hub the first one that the process follows.
 * @throws what the file system throws.
 */
export function ownProcess(hub: string): OwnProcess {
  const { readFileSync, readlinkSync } = process.getBuiltinModule('node:fs');
  const pid = readlinkSync('/proc/self');
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Start time is field 22; the name in field 2 may hold anything.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  const folder = `${pid}-${ticks}`;
  const run = hub.slice(0, hub.lastIndexOf('/'));
  const processes = `${run}/processes`;
  const place = `${processes}/${namespace}.${folder}`;
  return { folder, places: [run, processes, place, `${place}/${MARKS_FOLDER}`] };
}

/** Makes the mark, where nobody else can put anything; answers what takes it away. Never throws. */
export function markJoining(hub: string): () => void {
  try {
    const { closeSync, lstatSync, mkdirSync, openSync, unlinkSync } = process.getBuiltinModule('node:fs');
    const { places } = ownProcess(hub);
    for (const path of places) {
      try {
        mkdirSync(path, { mode: 0o700 });
      } catch {
        // It is there, or is not below.
      }
      const { mode, uid } = lstatSync(path);
      if ((mode & 0o170022) !== 0o40000 || uid !== process.geteuid?.()) return () => undefined;
    }
    const mark = `${places.at(-1)!}/${JOINING_MARK}`;
    closeSync(openSync(mark, 'w', 0o600));
    return () => {
      try {
        unlinkSync(mark);
      } catch {
        // Nobody else takes it away, and nothing comes of one that is left.
      }
    };
  } catch {
    // Workers wait for what the main thread makes then.
    return () => undefined;
  }
}
