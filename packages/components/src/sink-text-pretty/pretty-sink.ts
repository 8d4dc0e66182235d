/** Prints events one a line, byte for byte as babeltrace2's `sink.text.pretty`. Guarded by bench/read.ts. */
import { SpoorError } from '@spoor/base';
import type { EventBatch } from '@spoor/ctf';
import { clockOffsetNs } from '../source-ctf-fs/clock.ts';
import type { EventFlow } from '../event-flow.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { LossPrinter } from './loss-text.ts';
import type { PrettyOptions } from './options.ts';
import { makeContextPrinter, makeEventPrinter, type ContextPrinter, type EventPrinter } from './printers.ts';
import { CycleWriter, TimeWriter } from './time-text.ts';

/** Where text goes. It must take all of it before it returns. */
export interface TextOutput {
  write(bytes: Uint8Array, length: number): void;
}

/** Text gathered before a write, and the room for the longest common event after it. */
const flushBytes = 1 << 18;
const marginBytes = 1 << 18;
/** The first text is written sooner, so that who waits for it sees it; each further portion is larger, up to the above. */
const firstFlushBytes = 1 << 12;
/** No sound event prints as more: nested lists of elements without bits do, for a few bytes of trace. */
const largestEventText = 1 << 29;

interface PrintedStream {
  readonly stream: OpenStream;
  readonly printContext: ContextPrinter;
  readonly timed: boolean;
  /** Clock ticks at the base, for clocks that tick in nanoseconds. */
  readonly ticksAtBase: bigint;
  packetNumber: number;
  context: Uint8Array;
}

/** Prints batch after batch of a flow. */
export class PrettySink {
  private out = new Uint8Array(flushBytes + marginBytes);
  private outView = new DataView(this.out.buffer);
  private at = 0;
  private flushAt = firstFlushBytes;
  private readonly flow: EventFlow;
  private readonly options: PrettyOptions;
  private readonly output: TextOutput;
  private readonly streams: readonly PrintedStream[];
  private readonly printers: (EventPrinter | undefined)[];
  private readonly time: TimeWriter;
  private readonly cycles: CycleWriter;
  private readonly losses: LossPrinter;
  private readonly compile: boolean;
  private readonly largestTextBytes: number;

  /** @param messages hears of lost events and packets, one line each. */
  constructor(
    flow: EventFlow,
    output: TextOutput,
    options: PrettyOptions,
    messages: (line: string) => void,
    compile = true,
    largestTextBytes: number = largestEventText,
  ) {
    this.largestTextBytes = largestTextBytes;
    this.flow = flow;
    this.output = output;
    this.options = options;
    this.compile = compile;
    this.time = new TimeWriter(flow.baseNs, options);
    this.cycles = new CycleWriter(options);
    this.losses = new LossPrinter(flow, options, messages);
    this.printers = flow.eventClasses.map(() => undefined);
    const contextPrinters = new Map<object, ContextPrinter>();
    this.streams = flow.streams.map((stream) => {
      const { decoder } = stream;
      let printContext = contextPrinters.get(decoder);
      if (printContext === undefined) {
        printContext = makeContextPrinter(decoder, options);
        contextPrinters.set(decoder, printContext);
      }
      const clock = decoder.streamClass.clockClass;
      return {
        stream,
        printContext,
        timed: clock !== undefined,
        ticksAtBase: clock === undefined ? 0n : flow.baseNs - clockOffsetNs(clock),
        packetNumber: -1,
        context: new Uint8Array(0),
      };
    });
  }

  /** Prints the events of the flow's batch. */
  consume(batch: EventBatch): void {
    const { streamIndex, classIndex, timeNs, offsetBits, count } = batch;
    const { streams, printers, options } = this;
    for (let row = 0; row < count; row++) {
      const printed = streams[streamIndex[row]!]!;
      const { reader } = printed.stream;
      if (printed.packetNumber !== reader.packetNumber) {
        printed.packetNumber = reader.packetNumber;
        printed.context = printed.printContext(reader.head, reader.contextEndBit).slice();
      }
      const classOfRow = classIndex[row]!;
      const print = printers[classOfRow] ?? this.makePrinter(classOfRow);
      const { cursor } = reader;
      const { context } = printed;
      let at = this.at;
      if (printed.timed) {
        at = options.clockCycles
          ? this.cycles.write(this.out, at, printed.ticksAtBase + BigInt(timeNs[row]!))
          : this.time.write(this.out, this.outView, at, timeNs, row);
      }
      const start = at;
      for (;;) {
        try {
          at = print(
            cursor.bytes,
            cursor.view,
            offsetBits[row]!,
            cursor.externals,
            this.out,
            this.outView,
            start,
            context,
            context.length,
          );
          if (at < this.out.length) break;
        } catch (error) {
          // A store of several bytes beyond the end.
          if (!(error instanceof RangeError)) throw error;
        }
        this.grow(start);
      }
      this.out[at] = 10;
      this.at = at + 1;
      if (this.at >= this.flushAt) this.flush();
    }
    if (count > 0) this.tellLosses(timeNs[count - 1]!);
  }

  /** Tells of the losses up to a time, in nanoseconds after the base. */
  tellLosses(timeNs: number): void {
    this.losses.printUpTo(timeNs);
  }

  /** Goes on after an event that another sink printed; its time is in nanoseconds after the base, NaN for none. */
  continueAfter(timeNs: number): void {
    this.time.last = timeNs;
  }

  /** Writes what is left, when there are no more events. */
  finish(): void {
    this.flush();
    this.losses.printUpTo(Infinity);
  }

  private makePrinter(classIndex: number): EventPrinter {
    const printer = makeEventPrinter(this.flow.eventClasses[classIndex]!, this.options, this.compile);
    this.printers[classIndex] = printer;
    return printer;
  }

  /**
   * Doubles the room for an event that is longer than any before.
   * @throws SpoorError `text/event-too-long`, with all events before it written.
   */
  private grow(kept: number): void {
    if (this.out.length >= this.largestTextBytes) {
      this.flush();
      throw new SpoorError(
        'text/event-too-long',
        `the text of one event is longer than ${this.largestTextBytes} bytes`,
        {
          hint: 'its trace is damaged, or its metadata is hostile',
        },
      );
    }
    const larger = new Uint8Array(this.out.length * 2);
    larger.set(this.out.subarray(0, kept));
    this.out = larger;
    this.outView = new DataView(larger.buffer);
  }

  /** Writes what was printed so far. */
  flush(): void {
    if (this.at > 0) this.output.write(this.out, this.at);
    this.at = 0;
    this.flushAt = Math.min(flushBytes, this.flushAt * 4);
  }
}
