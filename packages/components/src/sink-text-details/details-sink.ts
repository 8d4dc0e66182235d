/** Prints messages with all that is known of them, as babeltrace2's `sink.text.details`. Guarded by bench/details.ts. */
import { canCompile, compileFunction, emitExternals, emitWalk, Emitter, interpret } from '@spoor/ctf';
import type { Message, MessageFlow } from '../event-flow.ts';
import type { TextOutput } from '../sink-text-pretty/pretty-sink.ts';
import { isShown } from '../sink-text-pretty/shown.ts';
import { putBytes } from '../sink-text-pretty/write-text.ts';
import type { EventClassInfo, Loss, StreamInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream, TraceSet } from '../source-ctf-fs/trace-set.ts';
import { clockText, declaredClock, streamTimes, traceClassText, traceText } from './class-text.ts';
import { DetailsStrategy } from './emit-details.ts';
import { putWords, Words } from './grouped.ts';
import { followTag, MessageTime } from './message-time.ts';
import type { DetailsOptions } from './options.ts';
import { PlainDetails } from './plain-details.ts';
import { Style } from './style.ts';
import { TickReader } from './tick-reader.ts';

/** Text gathered before a write, and the room for the longest common event after it. */
const flushBytes = 1 << 18;
const marginBytes = 1 << 18;

/**
 * Prints what follows the time of an event: its stream's tag, its class and its fields. Returns the position after it,
 * perhaps beyond the end of `out`, where nothing was written.
 */
type DetailsPrinter = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  ext: Float64Array,
  out: Uint8Array,
  outView: DataView,
  o: number,
  tag: Words,
) => number;

const noTag = new Words('');

interface DetailedStream {
  readonly stream: OpenStream;
  readonly time: MessageTime | undefined;
  /** Known once the first message of its trace was printed. */
  tag: Words;
  tagText: string;
}

/** Whether clock values of a trace set cannot be got back from times. */
function needsTicks(set: TraceSet): boolean {
  return set.streams.some(({ streamClass }) => (streamClass.clockClass?.frequencyHz ?? 0n) > 1_000_000_000n);
}

/** Prints a flow from beginning to end, a batch or a message at a time. */
export class DetailsSink {
  private out = new Uint8Array(flushBytes + marginBytes);
  private outView = new DataView(this.out.buffer);
  private at = 0;
  private printedSomething = false;
  private readonly flow: MessageFlow;
  private readonly output: TextOutput;
  private readonly options: DetailsOptions;
  private readonly style: Style;
  private readonly streams: readonly DetailedStream[];
  private readonly printers: (DetailsPrinter | undefined)[];
  private readonly traceNumbers = new Map<TraceInfo, number>();
  private readonly told = new Set<TraceInfo>();
  private readonly compile: boolean;

  private readonly byInfo = new Map<StreamInfo, DetailedStream>();

  /**
   * @param flow of the traces, or of a part of them. Where `needsTicks`, its traces are opened a second time with ticks
   * as time; of those that cannot be, clock values are off by the ticks that fall into one nanosecond.
   */
  constructor(flow: MessageFlow, output: TextOutput, options: DetailsOptions, compile = true) {
    this.flow = flow;
    this.output = output;
    this.options = options;
    this.compile = compile && canCompile();
    this.style = new Style(options.colors);
    const inTicks = new Map<TraceSet, TraceSet | undefined>();
    this.streams = flow.streams.map((stream) => {
      const { set } = stream;
      if (!inTicks.has(set)) inTicks.set(set, needsTicks(set) ? set.openInTicks?.() : undefined);
      const ticks = inTicks.get(set);
      const { info } = stream;
      const { clockClass } = info.streamClass;
      const time =
        clockClass === undefined
          ? undefined
          : new MessageTime(
              declaredClock(info.trace, clockClass),
              flow.baseNs,
              options,
              ticks && new TickReader(ticks.openStream(info.index)),
            );
      const detailed = { stream, time, tag: noTag, tagText: '' };
      this.byInfo.set(info, detailed);
      return detailed;
    });
    this.printers = flow.eventClasses.map(() => undefined);
  }

  /** Prints what comes next; false when all has been printed. */
  consume(): boolean {
    const found = this.flow.next();
    if (found === 'events') {
      if (this.options.withData) this.printEvents();
      return true;
    }
    if (found === 'end') return false;
    this.printMessage(this.flow.message!);
    return true;
  }

  /** Writes what is left. */
  finish(): void {
    this.flush();
  }

  private printEvents(): void {
    const { streamIndex, classIndex, timeNs, offsetBits, count } = this.flow.batch;
    const { streams, printers } = this;
    const separated = !this.options.compact;
    for (let row = 0; row < count; row++) {
      const { stream, time, tag } = streams[streamIndex[row]!]!;
      const classOfRow = classIndex[row]!;
      const print = (printers[classOfRow] ??= this.makePrinter(this.flow.eventClasses[classOfRow]!));
      const { cursor } = stream.reader;
      let { at } = this;
      if (separated && this.printedSomething) this.out[at++] = 10;
      if (time !== undefined)
        at = time.write(this.out, this.outView, at, timeNs, row, stream, offsetBits[row]!);
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
            tag,
          );
          if (at < this.out.length) break;
        } catch (error) {
          // A store of several bytes beyond the end.
          if (!(error instanceof RangeError)) throw error;
        }
        this.grow(start);
      }
      this.printedSomething = true;
      this.at = at;
      if (at >= flushBytes) this.flush();
    }
  }

  private printMessage(message: Message): void {
    const { stream } = message;
    const detailed = this.byInfo.get(stream.info)!;
    const { trace } = stream.info;
    const parts: (string | Uint8Array)[] = [];
    const { options, style } = this;
    if (options.withMetadata && !this.told.has(trace)) {
      this.told.add(trace);
      // Compact messages have no empty line between them, so one comes before the classes.
      if (options.compact && this.printedSomething) parts.push('\n');
      parts.push(traceClassText(trace, options));
      if (options.withData) parts.push('\n');
    }
    if (options.withData) {
      if (detailed.tagText === '') this.nameStream(detailed);
      const title = (text: string): void => {
        parts.push(detailed.tagText, style.object(text));
      };
      const unknown = detailed.time === undefined ? '' : MessageTime.unknown(options);
      switch (message.kind) {
        case 'stream-beginning':
          parts.push(message.ticks === undefined ? unknown : this.timeText(detailed, message.ticks));
          title('Stream beginning');
          parts.push(options.compact ? '\n' : this.streamText(stream));
          break;
        case 'stream-end':
          parts.push(message.ticks === undefined ? unknown : this.timeText(detailed, message.ticks));
          title('Stream end\n');
          break;
        case 'packet-beginning':
          parts.push(
            this.timeText(
              detailed,
              (message.ofEvent === true ? detailed.time?.firstTicks(stream) : undefined) ?? message.ticks,
            ),
          );
          title('Packet beginning');
          this.pushContext(parts, stream);
          break;
        case 'packet-end':
          parts.push(this.timeText(detailed, message.ticks));
          title('Packet end');
          parts.push('\n');
          break;
        case 'inactivity':
          parts.push(this.timeText(detailed, message.ticks), style.object('Message iterator inactivity'));
          parts.push(options.compact ? '\n' : this.inactivityText(stream));
          break;
        case 'loss':
          parts.push(this.lossText(detailed, message.loss));
          break;
        default: {
          const never: never = message;
          throw new TypeError(String(never));
        }
      }
    }
    this.put(parts);
  }

  private nameStream(detailed: DetailedStream): void {
    const { info } = detailed.stream;
    let number = this.traceNumbers.get(info.trace);
    if (number === undefined) {
      number = this.traceNumbers.size;
      this.traceNumbers.set(info.trace, number);
    }
    const tag = followTag(number, info.streamClass.id, info.id, this.options);
    detailed.tagText = tag;
    detailed.tag = new Words(tag);
  }

  private streamText({ info }: OpenStream): string {
    const name = this.options.withStreamName ? this.style.line(2, 'Name', this.style.value(info.path)) : '';
    return `:\n${name}${traceText(info.trace, this.options)}`;
  }

  private inactivityText({ info }: OpenStream): string {
    const clock = info.streamClass.clockClass;
    return clock === undefined ? '\n' : `:\n${clockText(info.trace, clock, this.options)}`;
  }

  private timeText({ time }: DetailedStream, ticks: bigint | undefined): string {
    return time === undefined || ticks === undefined ? '' : time.text(ticks);
  }

  private pushContext(parts: (string | Uint8Array)[], { decoder, reader }: OpenStream): void {
    const shown =
      decoder.contextPlan?.scopes.some(({ scope, node }) => scope === 'packet-context' && isShown(node)) ??
      false;
    if (this.options.compact || !shown) {
      parts.push('\n');
      return;
    }
    const printer = new PlainDetails(reader.head, this.style);
    decoder.walkPacket(reader.head, reader.contextEndBit, printer);
    parts.push(':\n', printer.printed());
  }

  private lossText(detailed: DetailedStream, loss: Loss): string {
    const { streamClass } = detailed.stream.info;
    let text = '';
    if (streamTimes(streamClass).losses && loss.endTicks !== undefined) {
      text += this.timeText(detailed, loss.beginTicks ?? loss.endTicks);
      text += this.timeText(detailed, loss.endTicks);
    }
    text += `${detailed.tagText}${this.style.object('Discarded ')}${this.style.object(loss.kind)}`;
    return loss.count === undefined
      ? `${text}\n`
      : `${text} (${this.style.number(loss.count)} ${loss.kind})\n`;
  }

  /** Writes the parts of one message. */
  private put(parts: readonly (string | Uint8Array)[]): void {
    const encoder = new TextEncoder();
    const chunks = parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part));
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (length === 0) return;
    while (this.at + length + 1 >= this.out.length) this.grow(this.at);
    if (!this.options.compact && this.printedSomething) this.out[this.at++] = 10;
    for (const chunk of chunks) {
      this.out.set(chunk, this.at);
      this.at += chunk.length;
    }
    this.printedSomething = true;
    if (this.at >= flushBytes) this.flush();
  }

  /** Makes the printer of what follows the time of an event: its stream's tag, its class and its fields. */
  private makePrinter({ decoder, localIndex, eventClass }: EventClassInfo): DetailsPrinter {
    const { style, options } = this;
    const plan = decoder.planOf(localIndex);
    const indexes = decoder.externalIndexes(plan);
    const id = style.number(eventClass.id);
    const name = eventClass.name === '' ? '' : style.eventName(eventClass.name);
    const title = `${style.object('Event')}${name} (${options.compact ? '' : 'Class ID '}${id})`;
    const head = `${title}${options.compact ? '' : ':'}\n`;
    if (!this.compile) {
      const headBytes = new TextEncoder().encode(head);
      return (bytes, _view, p, ext, out, outView, o, tag) => {
        const at = putBytes(out, putWords(outView, o, tag), headBytes, headBytes.length);
        if (options.compact) return at;
        const printer = new PlainDetails(bytes, style);
        const externals = indexes.map((index) => ext[index]!);
        interpret(plan, bytes, p, bytes.length * 8, printer, externals);
        const text = printer.printed();
        return putBytes(out, at, text, text.length);
      };
    }
    const e = new Emitter();
    const strategy = new DetailsStrategy(style);
    e.line(`o = ${e.bind('putWords', putWords)}(outView, o, tag);`);
    strategy.say(head);
    if (!options.compact) {
      emitExternals(e, indexes);
      emitWalk(e, plan, strategy);
    }
    strategy.flush(e);
    e.line('return o;');
    return compileFunction(
      `${plan.name}/details`,
      [
        'bytes',
        'view',
        'p',
        options.compact || indexes.length === 0 ? 'ext' : 'packetValues',
        'out',
        'outView',
        'o',
        'tag',
      ],
      e,
    ) as DetailsPrinter;
  }

  /** Doubles the room for a message that is longer than any before. */
  private grow(kept: number): void {
    const larger = new Uint8Array(this.out.length * 2);
    larger.set(this.out.subarray(0, kept));
    this.out = larger;
    this.outView = new DataView(larger.buffer);
  }

  private flush(): void {
    if (this.at > 0) this.output.write(this.out, this.at);
    this.at = 0;
  }
}
