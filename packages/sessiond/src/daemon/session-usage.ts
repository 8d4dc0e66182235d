/** What a session's consumer says of what it records. */
import { existsSync } from 'node:fs';
import type { LossCounts, Session, SessionUsage } from '@spoor/control';
import type { WorkerTotals } from '../hosted/host-protocol.ts';
import { leavesUsersOut } from '../other-users.ts';
import type { ConsumerLink } from './consumer-link.ts';

const USERS_LEFT_OUT =
  'programs of other users are not recorded: that needs koffi, which cannot be loaded (spoor doctor)';

/** What became of a session whose directory somebody has removed. */
export function removedText(sessionPath: string): string {
  return `${sessionPath}, by which programs learn of it, was removed: nothing more is recorded, and what was not written is lost`;
}

/** What was recorded and what was lost; nothing of a session that has not started. */
export function lossesOf(totals: WorkerTotals | undefined): LossCounts {
  const { eventCount = 0, discardedCount = 0, causes, overwrittenCount = 0 } = totals ?? {};
  return { eventCount, discardedCount, overwrittenCount, ...(causes === undefined ? {} : { causes }) };
}

/**
 * What a session does now.
 * @param sessionPath where its hub has it.
 * @param troubles lines that the consumer has said of it.
 */
export async function usageOf(
  { name, hasStarted }: Session,
  sessionPath: string,
  consumer: Pick<ConsumerLink, 'call'>,
  troubles: () => readonly string[],
): Promise<SessionUsage> {
  const timeNs = String(process.hrtime.bigint());
  const isRemoved = hasStarted && !existsSync(sessionPath);
  if (!hasStarted || isRemoved) {
    return {
      session: name,
      timeNs,
      channels: [],
      endedDiscarded: {},
      processCount: 0,
      writtenBytes: 0,
      losses: lossesOf(undefined),
      counters: {},
      troubles: isRemoved ? [...troubles(), removedText(sessionPath)] : troubles(),
    };
  }
  const answer = await consumer.call('usage', { session: sessionPath });
  const { totals, channels, endedDiscarded = {}, writtenBytes } = answer;
  return {
    session: name,
    timeNs,
    channels,
    endedDiscarded,
    processCount: totals.processCount,
    writtenBytes,
    losses: lossesOf(totals),
    counters: totals.counters,
    troubles: leavesUsersOut(sessionPath) ? [...troubles(), USERS_LEFT_OUT] : troubles(),
  };
}
