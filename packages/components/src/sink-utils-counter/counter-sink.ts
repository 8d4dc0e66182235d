/** Counts messages, as babeltrace2's `sink.utils.counter`. */
import type { EventFlow } from '../event-flow.ts';

/** Counts of a flow that has been read to its end. */
export interface MessageCounts {
  readonly events: number;
  readonly streams: number;
  readonly packets: number;
  readonly discardedEvents: number;
  readonly discardedPackets: number;
}

/** Counts the events of batches, and at the end what the readers met. */
export class CounterSink {
  private events = 0;
  private readonly flow: EventFlow;

  constructor(flow: EventFlow) {
    this.flow = flow;
  }

  /** Counts the events of the flow's batch. */
  consume(): void {
    this.events += this.flow.batch.count;
  }

  /** The counts so far. */
  counts(): MessageCounts {
    const { streams, losses } = this.flow;
    return {
      events: this.events,
      streams: streams.length,
      packets: streams.reduce((sum, { reader }) => sum + reader.packetNumber, 0),
      discardedEvents: losses.filter(({ kind }) => kind === 'events').length,
      discardedPackets: losses.filter(({ kind }) => kind === 'packets').length,
    };
  }
}

/** The table that babeltrace2 prints at the end. */
export function countText(counts: MessageCounts): string {
  const rows: readonly (readonly [number, string])[] = [
    [counts.events, 'Event'],
    [counts.streams, 'Stream beginning'],
    [counts.streams, 'Stream end'],
    [counts.packets, 'Packet beginning'],
    [counts.packets, 'Packet end'],
    [counts.discardedEvents, 'Discarded event'],
    [counts.discardedPackets, 'Discarded packet'],
    [0, 'Message iterator inactivity'],
  ];
  const total = rows.reduce((sum, [count]) => sum + count, 0);
  const line = (count: number, text: string): string =>
    `${String(count).padStart(15)} ${text} message${count === 1 ? '' : 's'}`;
  return [
    ...rows.map(([count, text]) => line(count, text)),
    `${String(total).padStart(15)} message${total === 1 ? '' : 's'} (TOTAL)`,
    '',
  ].join('\n');
}
