/** Where a component of a plug-in puts the events that it makes: declared once, then appended one after the other. */
import {
  describeTrace,
  StreamDecoder,
  StreamEncoder,
  type PacketValues,
  type TraceClass,
  type TraceDescription,
} from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import { eventClassInfos } from '../made-events/made-stream.ts';
import type { RowAssembler } from '../made-events/row-assembler.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo, Loss, StreamInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { OutputStream } from './output-stream.ts';

/** What may wait to be handed on: it is kept in memory, some hundred bytes each. */
const mostWaiting = 262_144;

/** A stream to declare. */
export interface OutputStreamOptions {
  /** Id of its class; not needed where there is one class only. */
  readonly classId?: bigint | number;
  /** Instance id; the number of streams declared before by default. */
  readonly id?: number;
  /** For messages; `stream_` and its id by default. */
  readonly name?: string;
  /** Members of packet context that have no role. */
  readonly packet?: PacketValues;
}

/** An event or a message that was appended, perhaps before the flow's base is known. */
interface Appended {
  readonly ticks: bigint | undefined;
  readonly put: () => void;
}

/** What an output needs of the flow that it makes. */
export interface OutputPlace {
  readonly assembler: RowAssembler;
  /** Streams and event classes of the flow that stand before those of the output. */
  readonly streamCount: number;
  readonly classCount: number;
  /** Absent where it is the time of the first event. */
  readonly baseNs: bigint | undefined;
}

/** A trace of an output. */
export class OutputTrace {
  readonly traceClass: TraceClass;
  private readonly output: EventOutput;
  private readonly info: TraceInfo;
  private readonly streams: StreamInfo[];

  /** @internal Made by {@link EventOutput.trace}. */
  constructor(output: EventOutput, traceClass: TraceClass, name: string) {
    this.output = output;
    this.traceClass = traceClass;
    this.streams = [];
    const { environment } = traceClass;
    this.info = { path: name, name, traceClass, environment, streams: this.streams };
  }

  /** Declares a stream. */
  stream(options: OutputStreamOptions = {}): OutputStream {
    const { streamClasses } = this.traceClass;
    const wanted = options.classId === undefined ? undefined : BigInt(options.classId);
    const streamClass =
      wanted === undefined && streamClasses.length === 1
        ? streamClasses[0]
        : streamClasses.find(({ id }) => id === wanted);
    if (streamClass === undefined) {
      throw new SpoorError(
        'plugin/unknown-stream',
        `the trace has no stream class ${wanted ?? '(say which)'}`,
      );
    }
    const id = options.id ?? this.streams.length;
    const info: StreamInfo = {
      index: this.output.nextStream,
      trace: this.info,
      streamClass,
      path: options.name ?? `${this.info.name}/stream_${id}`,
      sizeBytes: 0,
      id,
      packetContext: {},
    };
    this.streams.push(info);
    return this.output.addStream(info, options.packet ?? {});
  }
}

/** Takes declarations, then events. All traces and streams are declared before the first event is handed on. */
export class EventOutput {
  readonly place: OutputPlace;
  /** Of the flow, once it is open. */
  baseNs = 0n;
  readonly losses: Loss[] = [];
  private readonly streams: OutputStream[] = [];
  private readonly classes: EventClassInfo[] = [];
  private readonly decoders = new Map<
    object,
    { readonly decoder: StreamDecoder; readonly encoder: StreamEncoder; readonly classBase: number }
  >();
  private early: Appended[] = [];
  private expectedNs: bigint | undefined;
  private earlyFirst: { readonly ticks: bigint; readonly info: StreamInfo } | undefined;
  private isOpen = false;
  private traceCount = 0;

  constructor(place: OutputPlace) {
    this.place = place;
  }

  /** @internal Index of the next stream in the flow. */
  get nextStream(): number {
    return this.place.streamCount + this.streams.length;
  }

  /** Declares a trace, by a short description or a trace class. */
  trace(description: TraceDescription | TraceClass, name?: string): OutputTrace {
    this.refuseLate();
    this.traceCount += 1;
    const traceClass = 'streamClasses' in description ? description : describeTrace(description);
    return new OutputTrace(this, traceClass, name ?? `trace_${this.traceCount - 1}`);
  }

  private refuseLate(): void {
    if (!this.isOpen) return;
    throw new SpoorError(
      'plugin/late',
      'traces and streams are declared before the first event is handed on',
    );
  }

  /** @internal */
  addStream(info: StreamInfo, packet: PacketValues): OutputStream {
    this.refuseLate();
    let known = this.decoders.get(info.streamClass);
    if (known === undefined) {
      const { traceClass } = info.trace;
      const decoder = new StreamDecoder(traceClass, info.streamClass);
      const classBase = this.place.classCount + this.classes.length;
      known = { decoder, encoder: new StreamEncoder(traceClass, info.streamClass), classBase };
      this.decoders.set(info.streamClass, known);
      this.classes.push(...eventClassInfos(info, decoder));
    }
    const stream = new OutputStream(this, info, packet, known.classBase, known.decoder, known.encoder);
    this.streams.push(stream);
    return stream;
  }

  /** @internal @throws SpoorError `plugin/too-many`. */
  add(appended: Appended, info: StreamInfo): void {
    if (this.early.length + this.place.assembler.length >= mostWaiting) {
      throw new SpoorError(
        'plugin/too-many',
        `${mostWaiting} events and messages were appended at a stretch and wait to be handed on`,
        { hint: '`yield` between events; the `end` of a filter may be a generator, too' },
      );
    }
    if (this.isOpen) {
      appended.put();
      return;
    }
    if (appended.ticks !== undefined) this.earlyFirst ??= { ticks: appended.ticks, info };
    this.early.push(appended);
  }

  /** @internal */
  lose(loss: Loss): void {
    this.losses.push(loss);
  }

  /** @internal Ends what was not ended: after the last message. */
  close(): void {
    for (const stream of this.streams) stream.close();
  }

  /**
   * Says about when the events are, so that nobody waits for the first one: times are counted from there. To be called
   * before the first event is handed on; not called, the first event's time is taken.
   * @param timeNs nanoseconds from the clocks' origin.
   */
  expectFrom(timeNs: bigint | undefined): void {
    this.refuseLate();
    this.expectedNs = timeNs;
  }

  /** @internal Whether something was appended that has a time, or when the first will be is known. */
  get hasTime(): boolean {
    return this.earlyFirst !== undefined || this.expectedNs !== undefined;
  }

  /** @internal Ends the declarations; what was appended is put in its place. */
  open(): { readonly streams: readonly OpenStream[]; readonly classes: readonly EventClassInfo[] } {
    const { earlyFirst } = this;
    const clock = earlyFirst?.info.streamClass.clockClass;
    this.baseNs =
      this.place.baseNs ??
      this.expectedNs ??
      (earlyFirst === undefined
        ? BigInt(Date.now()) * 1_000_000n
        : clock === undefined
          ? 0n
          : nanosecondsOfClock(clock, earlyFirst.ticks));
    this.isOpen = true;
    const streams = this.streams.map((stream) => stream.open(this.baseNs));
    for (const { put } of this.early) put();
    this.early = [];
    return { streams, classes: this.classes };
  }
}
