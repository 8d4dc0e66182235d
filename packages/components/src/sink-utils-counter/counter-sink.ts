/** Counts messages, as babeltrace2's `sink.utils.counter`. */
import {
  InputPort,
  UnsignedValue,
  type Parameters,
  type ParameterTable,
  type SinkComponent,
} from '@spoor/graph';
import { messagesOf, type EventFlow, type MessageFlow } from '../event-flow.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import { noColors, type Colors } from '../text-colors.ts';

/** Counts of the messages of a flow, as far as it has been read. */
export interface MessageCounts {
  readonly events: number;
  readonly streamBeginnings: number;
  readonly streamEnds: number;
  readonly packetBeginnings: number;
  readonly packetEnds: number;
  readonly discardedEvents: number;
  readonly discardedPackets: number;
  readonly inactivity: number;
}

/** What is printed, and when. */
export interface CounterOptions {
  /** Messages after which the counts are printed, again and again; 0 for the end alone. */
  readonly step: number;
  /** Leaves out kinds of which there was none. */
  readonly hideZero: boolean;
  readonly colors: Colors;
}

/** The options that babeltrace2 has where nothing is said. */
const defaultCounterOptions: CounterOptions = { step: 10_000, hideZero: false, colors: noColors };

/** The parameters of the sink, babeltrace2's. */
export const counterParameters: ParameterTable = {
  step: {
    kind: 'unsigned',
    text: 'Messages after which the counts are printed; +0 for the end alone, +10000 by default.',
  },
  'hide-zero': { kind: 'boolean', text: 'Leaves out kinds of messages of which there was none.' },
};

/** Options of checked parameters. */
export function counterOptionsOf(parameters: Parameters, colors: Colors): CounterOptions {
  const step = parameters.get('step');
  return {
    step: step instanceof UnsignedValue ? Number(step.value) : defaultCounterOptions.step,
    hideZero: parameters.get('hide-zero') === true,
    colors,
  };
}

/** Messages that babeltrace2's iterators hand over at once: it looks whether a step is reached after each lot. */
const lotMessages = 15;

/** Counts what comes in, and prints the counts. */
export class CounterComponent implements SinkComponent<EventFlow> {
  readonly kind = 'sink';
  readonly name = 'sink.utils.counter';
  readonly input: InputPort<EventFlow> = new InputPort('in');
  private readonly found = {
    events: 0,
    streamBeginnings: 0,
    streamEnds: 0,
    packetBeginnings: 0,
    packetEnds: 0,
    discardedEvents: 0,
    discardedPackets: 0,
    inactivity: 0,
  };
  private total = 0;
  /** Total at the last print; -1 before the first, so that nothing at all is printed too. */
  private printedTotal = -1;
  /** Messages from one print to the next: the step, up to a whole number of lots. */
  private readonly period: number;
  private flow: MessageFlow | undefined;
  private readonly output: TextOutput;
  private readonly options: CounterOptions;

  constructor(output: TextOutput, options: CounterOptions = defaultCounterOptions) {
    this.output = output;
    this.options = options;
    this.period = options.step === 0 ? Infinity : Math.ceil(options.step / lotMessages) * lotMessages;
  }

  consume(): boolean {
    this.flow ??= messagesOf(this.input.open());
    const { flow, found } = this;
    switch (flow.next()) {
      case 'end':
        this.endLot();
        return false;
      case 'events':
        this.countEvents(flow.batch.count);
        return true;
      case 'message':
        break;
    }
    const message = flow.message!;
    switch (message.kind) {
      case 'stream-beginning':
        found.streamBeginnings += 1;
        break;
      case 'stream-end':
        found.streamEnds += 1;
        break;
      case 'packet-beginning':
        found.packetBeginnings += 1;
        break;
      case 'packet-end':
        found.packetEnds += 1;
        break;
      case 'loss':
        if (message.loss.kind === 'events') found.discardedEvents += 1;
        else found.discardedPackets += 1;
        break;
      case 'inactivity':
        found.inactivity += 1;
        break;
      default:
        message satisfies never;
    }
    this.total += 1;
    if (this.total % this.period === 0) this.printStep();
    return true;
  }

  /** Counts events one by one only where the counts are printed between them. */
  private countEvents(count: number): void {
    let left = count;
    while (left > 0) {
      const room = this.period === Infinity ? left : this.period - (this.total % this.period);
      const taken = Math.min(left, room);
      this.found.events += taken;
      this.total += taken;
      left -= taken;
      if (taken === room && this.period !== Infinity) this.printStep();
    }
  }

  /** The last lot may be shorter than the others, and reach the step all the same. */
  private endLot(): void {
    const sincePrint = this.period === Infinity ? 0 : this.total % this.period;
    if (sincePrint > 0 && sincePrint >= this.options.step) this.printStep();
  }

  private printStep(): void {
    this.print('\n');
  }

  finish(): void {
    if (this.total !== this.printedTotal) this.print('');
  }

  private print(after: string): void {
    const text = new TextEncoder().encode(countText(this.found, this.options) + after);
    this.output.write(text, text.length);
    this.printedTotal = this.total;
  }

  /** The counts so far. */
  counts(): MessageCounts {
    return { ...this.found };
  }
}

/** The table that babeltrace2 prints. */
export function countText(counts: MessageCounts, { hideZero, colors }: CounterOptions): string {
  const rows: readonly (readonly [number, string])[] = [
    [counts.events, 'Event'],
    [counts.streamBeginnings, 'Stream beginning'],
    [counts.streamEnds, 'Stream end'],
    [counts.packetBeginnings, 'Packet beginning'],
    [counts.packetEnds, 'Packet end'],
    [counts.discardedEvents, 'Discarded event'],
    [counts.discardedPackets, 'Discarded packet'],
    [counts.inactivity, 'Message iterator inactivity'],
  ];
  const total = rows.reduce((sum, [count]) => sum + count, 0);
  const line = (count: number, text: string): string =>
    `${String(count).padStart(15)} ${text}message${count === 1 ? '' : 's'}`;
  const shown = rows.filter(([count]) => count > 0 || !hideZero);
  return [
    ...shown.map(([count, text]) => line(count, `${text} `)),
    `${colors.bold}${line(total, '')} (TOTAL)${colors.reset}`,
    '',
  ].join('\n');
}
