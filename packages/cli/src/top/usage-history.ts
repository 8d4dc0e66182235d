/** Rates out of usages that follow one another, and the highest that were seen. */
import type { Channel, ChannelUsage, Domain, Session, SessionUsage } from '@spoor/control';

/** A session as it was looked at once. */
export interface SessionLook {
  readonly session: Session;
  readonly usage: SessionUsage;
}

/** What a channel of a process did between two looks. */
export interface ThroughputRow {
  readonly session: string;
  readonly domain: Domain;
  readonly channel: string;
  readonly pid: number;
  readonly procname: string;
  readonly ringCount: number;
  /** Part of its rings' memory that waits for the consumer, or would be in a snapshot: 0 to 1. */
  readonly usedRatio: number;
  readonly capacityBytes: number;
  readonly eventsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly lostPerSecond: number;
  /** Since the session was made. */
  readonly lostCount: number;
  /** Those of them that rings of the sizes lost that the channel has now. */
  readonly lostAtSizeCount: number;
  /** The highest since the first look, and since the channel has these sizes. */
  readonly peakUsedRatio: number;
  /** The highest since the first look. */
  readonly peakBytesPerSecond: number;
  /** The same with what was lost, as if it had been written. */
  readonly peakDemandBytesPerSecond: number;
}

/** What was seen at one moment. */
export interface TopFrame {
  readonly timeMs: number;
  readonly sessionCount: number;
  readonly activeCount: number;
  readonly processCount: number;
  readonly rows: readonly ThroughputRow[];
  /** What keeps sessions from recording, a line each. */
  readonly troubles: readonly string[];
}

interface Peak {
  sizes: string;
  usedRatio: number;
  bytesPerSecond: number;
  demandBytesPerSecond: number;
}

interface Before {
  readonly timeNs: bigint;
  readonly row: ChannelUsage;
}

const keyOf = (session: string, { channel, pid }: ChannelUsage): string => `${session}\n${channel}\n${pid}`;

/** Remembers what was seen. */
export class UsageHistory {
  #before = new Map<string, Before>();
  readonly #peaks = new Map<string, Peak>();

  /** Adds a look at sessions; rates are those since the look before. */
  add(looks: readonly SessionLook[], timeMs: number): TopFrame {
    const next = new Map<string, Before>();
    const rows = looks.flatMap(({ session, usage }) =>
      usage.channels.map((row) => {
        const key = keyOf(session.name, row);
        next.set(key, { timeNs: BigInt(usage.timeNs), row });
        const channel = session.channels.find(
          ({ name, domain }) => name === row.channel && domain === row.domain,
        );
        return this.#rowOf(session.name, key, row, BigInt(usage.timeNs), channel);
      }),
    );
    this.#before = next;
    return {
      timeMs,
      sessionCount: looks.length,
      activeCount: looks.filter(({ session }) => session.isActive).length,
      processCount: new Set(rows.flatMap(({ domain, pid }) => (domain === 'user' ? [pid] : []))).size,
      rows,
      troubles: looks.flatMap(({ session, usage }) =>
        usage.troubles.map((line) => `session ${session.name}: ${line}`),
      ),
    };
  }

  #rowOf(
    session: string,
    key: string,
    row: ChannelUsage,
    timeNs: bigint,
    channel: Channel | undefined,
  ): ThroughputRow {
    const before = this.#before.get(key);
    const seconds = before === undefined ? 0 : Number(timeNs - before.timeNs) / 1e9;
    const rate = (pick: (usage: ChannelUsage) => number): number =>
      // Rings of a thread that ended take their counts along.
      before === undefined || seconds <= 0 ? 0 : Math.max(0, pick(row) - pick(before.row)) / seconds;
    const usedRatio = row.capacityBytes === 0 ? 0 : Math.min(1, row.usedBytes / row.capacityBytes);
    const bytesPerSecond = rate((usage) => usage.producedBytes);
    const eventsPerSecond = rate((usage) => usage.eventCount);
    const lostPerSecond = rate((usage) => usage.discardedCount);
    const demand =
      eventsPerSecond === 0
        ? bytesPerSecond
        : (bytesPerSecond * (eventsPerSecond + lostPerSecond)) / eventsPerSecond;
    const sizes = `${channel?.subBufferCount} × ${channel?.subBufferSizeBytes}`;
    const peak = this.#peaks.get(key) ?? {
      sizes,
      usedRatio: 0,
      bytesPerSecond: 0,
      demandBytesPerSecond: 0,
    };
    peak.usedRatio = peak.sizes === sizes ? Math.max(peak.usedRatio, usedRatio) : usedRatio;
    peak.sizes = sizes;
    peak.bytesPerSecond = Math.max(peak.bytesPerSecond, bytesPerSecond);
    peak.demandBytesPerSecond = Math.max(peak.demandBytesPerSecond, demand);
    this.#peaks.set(key, peak);
    return {
      session,
      domain: row.domain,
      channel: row.channel,
      pid: row.pid,
      procname: row.procname,
      ringCount: row.ringCount,
      usedRatio,
      capacityBytes: row.capacityBytes,
      eventsPerSecond,
      bytesPerSecond,
      lostPerSecond,
      lostCount: row.discardedCount,
      lostAtSizeCount: lostAtSize(row, channel),
      peakUsedRatio: peak.usedRatio,
      peakBytesPerSecond: peak.bytesPerSecond,
      peakDemandBytesPerSecond: peak.demandBytesPerSecond,
    };
  }
}

function lostAtSize({ discardedCount, discardedBySize }: ChannelUsage, channel: Channel | undefined): number {
  if (discardedBySize === undefined || channel === undefined) return discardedCount;
  const { subBufferSizeBytes, subBufferCount } = channel;
  const found = discardedBySize.find(
    (size) => size.subBufferSizeBytes === subBufferSizeBytes && size.subBufferCount === subBufferCount,
  );
  return found?.discardedCount ?? 0;
}

/** The channel that a row is of. */
export function channelOf(
  { session, domain, channel }: ThroughputRow,
  looks: readonly SessionLook[],
): Channel | undefined {
  return looks
    .find((look) => look.session.name === session)
    ?.session.channels.find((own) => own.name === channel && own.domain === domain);
}
