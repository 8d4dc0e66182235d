/** What a session of the kernel counts: of channels that there are, and of those that are gone. */
import { lostOf } from '../tracefs/ring-statistics.ts';
import type { ChannelEnd, KernelChannel } from './kernel-channel.node.ts';
import type { RingTotals } from './reader-messages.ts';
import type { SessionSources } from './session-sources.node.ts';
import type { SessionState } from './session-state.node.ts';

/** Counts of a session. */
export interface KernelSessionTotals {
  readonly eventCount: number;
  readonly discardedCount: number;
  /** Of these, the ones that could not be written. */
  readonly causes: { readonly unwrittenCount: number };
  readonly overwrittenCount: number;
  readonly writtenBytes: number;
  /** Of pages that wait to be converted. */
  readonly waitingBytes: number;
}

/** One channel, now. */
export interface KernelChannelUsage {
  readonly channel: string;
  readonly ringCount: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  /** What is in the rings, and what was written of what was. */
  readonly producedBytes: number;
  readonly eventCount: number;
  readonly discardedCount: number;
}

/** Of all rings of a channel; events include those that wait to be converted. */
export function sumOf(
  totals: readonly RingTotals[],
): Pick<RingTotals, 'eventCount' | 'unwrittenCount' | 'writtenBytes'> & { readonly waitingBytes: number } {
  let waitingBytes = 0;
  let eventCount = 0;
  let unwrittenCount = 0;
  let writtenBytes = 0;
  for (const ring of totals) {
    eventCount += ring.eventCount + (ring.waiting?.eventCount ?? 0);
    waitingBytes += ring.waiting?.bytes ?? 0;
    unwrittenCount += ring.unwrittenCount;
    writtenBytes += ring.writtenBytes;
  }
  return { eventCount, unwrittenCount, writtenBytes, waitingBytes };
}

/** Adds a channel that has ended to what a session leaves to its successors. */
export function countEnded(state: SessionState, { totals, rings }: ChannelEnd, isInMemory: boolean): void {
  const { eventCount, unwrittenCount, writtenBytes } = sumOf(totals);
  state.eventCount += eventCount;
  state.writtenBytes += writtenBytes;
  state.discardedCount = (state.discardedCount ?? 0) + unwrittenCount;
  state.unwrittenCount = (state.unwrittenCount ?? 0) + unwrittenCount;
  for (const ring of rings) {
    state.discardedCount += lostOf(ring) - ring.overrun;
    // That flight recorders keep the newest is what they are for.
    if (!isInMemory) state.overwrittenCount = (state.overwrittenCount ?? 0) + ring.overrun;
  }
}

/** Counts of channels that there are, sources, and what the state has of those that are gone. */
export async function sessionTotals(
  channels: Iterable<KernelChannel>,
  state: SessionState,
  sources: SessionSources,
  isInMemory: boolean,
): Promise<KernelSessionTotals> {
  let { eventCount, writtenBytes, discardedCount = 0, unwrittenCount = 0, overwrittenCount = 0 } = state;
  discardedCount += sources.lostCount;
  eventCount += sources.eventCount;
  let waitingBytes = 0;
  for (const channel of channels) {
    const all = sumOf(await channel.totals());
    writtenBytes += all.writtenBytes;
    waitingBytes += all.waitingBytes;
    discardedCount += all.unwrittenCount;
    unwrittenCount += all.unwrittenCount;
    for (const ring of channel.statistics()) {
      overwrittenCount += isInMemory ? 0 : ring.overrun;
      discardedCount += lostOf(ring) - ring.overrun;
      if (isInMemory) eventCount += ring.entries + ring.read;
    }
    if (!isInMemory) eventCount += all.eventCount + channel.adoptedEvents;
  }
  return {
    eventCount,
    discardedCount,
    causes: { unwrittenCount },
    overwrittenCount,
    writtenBytes,
    waitingBytes,
  };
}

/** How full the rings of each channel are. */
export async function channelUsage(
  channels: ReadonlyMap<string, KernelChannel>,
  isInMemory: boolean,
): Promise<readonly KernelChannelUsage[]> {
  const rows: KernelChannelUsage[] = [];
  for (const [name, channel] of channels) {
    const rings = channel.statistics();
    const { ringBytes } = channel.instance.geometry();
    const { eventCount, writtenBytes, unwrittenCount, waitingBytes } = sumOf(await channel.totals());
    const usedBytes = rings.reduce((total, { bytes }) => total + bytes, 0);
    rows.push({
      channel: name,
      ringCount: rings.length,
      capacityBytes: rings.length * ringBytes,
      usedBytes,
      producedBytes: usedBytes + writtenBytes + waitingBytes,
      eventCount: isInMemory
        ? rings.reduce((total, ring) => total + ring.entries + ring.read, 0)
        : eventCount,
      discardedCount: rings.reduce((total, ring) => total + lostOf(ring) - ring.overrun, unwrittenCount),
    });
  }
  return rows;
}
