/** Counts messages, as babeltrace2's `sink.utils.counter`. */
import { InputPort, type ComponentClass, type SinkComponent } from '@spoor/graph';
import type { EventFlow } from '../event-flow.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';

/** Counts of a flow that has been read to its end. */
export interface MessageCounts {
  readonly events: number;
  readonly streams: number;
  readonly packets: number;
  readonly discardedEvents: number;
  readonly discardedPackets: number;
}

/** Counts what comes in, and prints the counts at the end. */
export class CounterComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.utils.counter';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private events = 0;
  private flow: EventFlow | undefined;
  private readonly output: TextOutput;

  constructor(output: TextOutput) {
    this.output = output;
  }

  consume(): boolean {
    this.flow ??= this.input.open();
    if (!this.flow.next()) return false;
    this.events += this.flow.batch.count;
    return true;
  }

  finish(): void {
    const text = new TextEncoder().encode(countText(this.counts()));
    this.output.write(text, text.length);
  }

  /** The counts so far. */
  counts(): MessageCounts {
    const { streams, losses } = this.flow ?? { streams: [], losses: [] };
    return {
      events: this.events,
      streams: streams.length,
      packets: streams.reduce((sum, { reader }) => sum + reader.packetNumber, 0),
      discardedEvents: losses.filter(({ kind }) => kind === 'events').length,
      discardedPackets: losses.filter(({ kind }) => kind === 'packets').length,
    };
  }
}

export const counterClass: ComponentClass<TextOutput, CounterComponent> = {
  name: 'sink.utils.counter',
  description: 'Counts events and other messages.',
  create: (output) => new CounterComponent(output),
};

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
