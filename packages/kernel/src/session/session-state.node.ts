/** What a session of the kernel leaves to its successors, as a file of its directory. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const stateFile = 'kernel-state.json';

/** What successors need to know. */
export interface SessionState {
  nextStreamClass: number;
  dumpCount: number;
  /** State dumps that were asked for and made. */
  dumpsDone: number;
  /** These are of channels that are gone. */
  eventCount: number;
  writtenBytes: number;
  discardedCount?: number;
  /** Of these, the ones that could not be written. */
  unwrittenCount?: number;
  overwrittenCount?: number;
  /** By channel. */
  readonly channels: Record<
    string,
    {
      generation: number;
      toldLost: Record<string, number>;
      atStart: Record<string, number>;
      /** Number of the record of the kernel's log that was written last. */
      logPosition?: number;
      /** The stream class of its sources, in which trace chunk it was declared last, and how many times they began. */
      sources?: { readonly key: string; readonly streamClass: number; directory: string; begun: number };
    }
  >;
}

/** The state that an earlier process has left, if one has. */
export function loadState(directory: string): SessionState | undefined {
  const path = join(directory, stateFile);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SessionState) : undefined;
}

/** That of a session that begins. */
export function emptyState(): SessionState {
  return { nextStreamClass: 0, dumpCount: 0, dumpsDone: 0, eventCount: 0, writtenBytes: 0, channels: {} };
}

/** Leaves it for successors; who reads meanwhile has the one before. */
export function saveState(directory: string, state: SessionState): void {
  const path = join(directory, stateFile);
  writeFileSync(`${path}.draft`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}

/** Losses that the files of a ring had told of: of one, or of several with numbers, of which the newest knows them all. */
export function lossesTold(byFile: ReadonlyMap<string, number>, name: string): number | undefined {
  let most = byFile.get(name);
  for (const [file, lost] of byFile) {
    const number = file.startsWith(`${name}_`) ? file.slice(name.length + 1) : '';
    if (/^\d+$/.test(number) && lost > (most ?? -1)) most = lost;
  }
  return most;
}
