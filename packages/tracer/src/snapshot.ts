import { SpoorError } from '@spoor/base';
import { currentSession } from './session-slot.ts';

/** What a snapshot holds. */
export interface SnapshotResult {
  /** Directories of the traces that were written, one a session. */
  readonly paths: readonly string[];
  readonly eventCount: number;
}

/**
 * Writes what the rings of this process hold now, those of all its threads, as a trace: the flight recorder's last
 * moments, when the program itself sees that something is wrong. Emitting goes on meanwhile, in other threads too. What
 * was taken out of the rings before (in discard mode by the consumer) is not in it.
 * @param directory is made if it is not there; the trace of each session goes into a folder of its own below.
 * @throws SpoorError `tracer/not-traced` when nothing records this program, `tracer/snapshot` when it cannot be written.
 */
export function snapshot(directory: string): SnapshotResult {
  const session = currentSession();
  if (session === undefined || session.processPaths().length === 0) {
    throw new SpoorError('tracer/not-traced', 'cannot take a snapshot: nothing records this program', {
      hint: 'start it by spoor record --overwrite',
    });
  }
  try {
    const totals = session.snapshot(directory);
    return {
      paths: totals.map(({ path }) => path),
      eventCount: totals.reduce((sum, { eventCount }) => sum + eventCount, 0),
    };
  } catch (error) {
    throw new SpoorError('tracer/snapshot', 'cannot write the snapshot', { where: directory, cause: error });
  }
}
