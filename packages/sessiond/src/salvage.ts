import { Consumer, hasOutput } from './consumer.ts';
import type { SessionDirectory } from './run-directory.ts';

/** A recording that was broken off and is whole now. */
export interface SalvagedRecording {
  /** Absolute path of its trace. */
  readonly outputDir: string;
  readonly eventCount: number;
  /** Events that programs found no room for. */
  readonly lostCount: number;
}

/**
 * Takes away what a recording left behind whose command and consumer were killed. What still lies in its rings is
 * added to its trace first, if that is still there.
 * To be called before a new trace is begun: it might be given the same place.
 * @returns what was completed, if anything was.
 */
export function salvageSession(abandoned: SessionDirectory): SalvagedRecording | undefined {
  if (abandoned.isGone) {
    abandoned.remove();
    return undefined;
  }
  const session = abandoned.claim();
  if (session === undefined) return undefined;
  let salvaged: SalvagedRecording | undefined;
  try {
    const { outputDir } = session.readDescription();
    if (hasOutput(session) && session.processDirectories().length > 0) {
      const { totals } = new Consumer(session, () => undefined).finish();
      salvaged = { outputDir, eventCount: totals.eventCount, lostCount: totals.lostCount };
    }
  } catch {
    // It is damaged beyond use, or of another release; its memory is freed all the same.
  }
  session.remove();
  return salvaged;
}
