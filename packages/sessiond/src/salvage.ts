import { Consumer, hasOutput } from './consumer.ts';
import type { RecordingNote } from './consumer-supervisor.ts';
import type { SessionDirectory } from './run-directory.ts';

/**
 * Takes away what a recording left behind whose command and consumer were killed. What still lies in its rings is
 * added to its trace first, if that is still there.
 * @param justMade a directory that was not there before: no older trace can be in it.
 * @returns a line for the user when events were saved.
 */
export function salvageSession(abandoned: SessionDirectory, justMade?: string): RecordingNote | undefined {
  if (abandoned.isGone) {
    abandoned.remove();
    return undefined;
  }
  const session = abandoned.claim();
  if (session === undefined) return undefined;
  let note: RecordingNote | undefined;
  try {
    const { outputDir } = session.readDescription();
    const isOutputGone = !hasOutput(session) || (justMade !== undefined && isWithin(outputDir, justMade));
    if (!isOutputGone && session.processDirectories().length > 0) {
      const { totals } = new Consumer(session, () => undefined).finish();
      const text = `a recording that was broken off is completed: ${totals.eventCount} events in ${outputDir}`;
      note = { severity: 'info', text };
    }
  } catch {
    // It is damaged beyond use, or of another release; its memory is freed all the same.
  }
  session.remove();
  return note;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
