import type { ChannelUsage, DiscardedAtSize } from '@spoor/control';
import type { RingReader, RingState } from '@spoor/ringbuffer';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Row extends Writable<ChannelUsage> {
  discardedBySize: Writable<DiscardedAtSize>[];
}

/** Sums up rings by process and channel. */
export class UsageTable {
  readonly #rows = new Map<string, Row>();

  /** Adds one ring. In overwrite mode everything in it counts as used, since a snapshot would have it. */
  add(procname: string, reader: RingReader, state: RingState): void {
    const { pid, channelName: channel, subBufferCount, subBufferSizeBytes } = reader.header;
    const key = `${pid} ${channel}`;
    const row: Row = this.#rows.get(key) ?? {
      domain: 'user',
      channel,
      pid,
      procname,
      ringCount: 0,
      capacityBytes: 0,
      usedBytes: 0,
      producedBytes: 0,
      eventCount: 0,
      discardedCount: 0,
      discardedBySize: [],
    };
    row.ringCount += 1;
    row.capacityBytes += subBufferCount * subBufferSizeBytes;
    row.usedBytes += state.finished.length * subBufferSizeBytes;
    row.producedBytes += reader.producedBytes(state);
    row.eventCount += state.committedEvents;
    row.discardedCount += state.lostEvents;
    let ofSize = row.discardedBySize.find(
      (size) => size.subBufferSizeBytes === subBufferSizeBytes && size.subBufferCount === subBufferCount,
    );
    if (ofSize === undefined) {
      ofSize = { subBufferSizeBytes, subBufferCount, discardedCount: 0 };
      row.discardedBySize.push(ofSize);
    }
    ofSize.discardedCount += state.lostEvents;
    this.#rows.set(key, row);
  }

  rows(): readonly ChannelUsage[] {
    return [...this.#rows.values()];
  }
}
