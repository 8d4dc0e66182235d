/** Where a component of a plug-in puts the events that it makes: declared once, then appended one after the other. */
import {
  describeTrace,
  StreamDecoder,
  StreamEncoder,
  type EventValues,
  type PacketValues,
  type TraceClass,
  type TraceDescription,
  type WritableStructure,
} from '@spoor/ctf';
import { closestName, SpoorError } from '@spoor/base';
import { eventClassInfos, MadeStream } from '../made-events/made-stream.ts';
import type { RowAssembler } from '../made-events/row-assembler.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo, Loss, StreamInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';

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

/** Contexts of an event. */
export type EventContexts = Omit<EventValues, 'payload' | 'header'>;

/** An event that was appended before the flow's base is known. */
interface EarlyEvent {
  readonly ticks: bigint;
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

/** A stream of an output. */
export class OutputStream {
  readonly info: StreamInfo;
  private readonly output: EventOutput;
  private readonly packet: PacketValues;
  private readonly classBase: number;
  private readonly decoder: StreamDecoder;
  private readonly encoder: StreamEncoder;
  private readonly byName = new Map<string, number>();
  private made: MadeStream | undefined;
  private lastTicks = 0n;

  /** @internal Made by {@link OutputTrace.stream}. */
  constructor(
    output: EventOutput,
    info: StreamInfo,
    packet: PacketValues,
    classBase: number,
    decoder: StreamDecoder,
    encoder: StreamEncoder,
  ) {
    this.output = output;
    this.info = info;
    this.packet = packet;
    this.classBase = classBase;
    this.decoder = decoder;
    this.encoder = encoder;
    for (const [index, { name }] of info.streamClass.eventClasses.entries()) {
      if (!this.byName.has(name)) this.byName.set(name, index);
    }
  }

  /** @internal Opens the stream when the base is known. */
  open(baseNs: bigint): OpenStream {
    const { info, classBase, decoder, encoder } = this;
    this.made = new MadeStream({ info, baseNs, classBase, decoder, encoder });
    return this.made.open;
  }

  /**
   * Appends an event.
   * @param name of its class.
   * @param time clock value in ticks, not less than that of the stream's event before.
   * @throws SpoorError `plugin/unknown-event`, `plugin/time-order`. A value that does not fit its field is told when the
   * event is handed on.
   */
  event(
    name: string,
    time: bigint | number,
    payload: WritableStructure = {},
    contexts: EventContexts = {},
  ): void {
    const index = this.byName.get(name);
    if (index === undefined) {
      const near = closestName(name, this.byName.keys());
      throw new SpoorError('plugin/unknown-event', `the stream has no event class ${JSON.stringify(name)}`, {
        where: this.info.path,
        hint: near === undefined ? `it has ${[...this.byName.keys()].join(', ')}` : `did you mean ${near}?`,
      });
    }
    const ticks = BigInt(time);
    if (ticks < this.lastTicks || ticks >= 1n << 64n) {
      throw new SpoorError(
        'plugin/time-order',
        `clock value ${ticks} after ${this.lastTicks}: the times of a stream do not decrease, and have 64 bits`,
        { where: this.info.path },
      );
    }
    this.lastTicks = ticks;
    const values: EventValues = { ...contexts, payload };
    this.output.add({ ticks, put: () => this.put(index, ticks, values) }, this.info);
  }

  /** Tells that events were lost between two clock values. */
  discarded(count: bigint | number, beginTicks: bigint | number, endTicks: bigint | number): void {
    this.output.lose({
      kind: 'events',
      stream: this.info,
      count: BigInt(count),
      beginTicks: BigInt(beginTicks),
      endTicks: BigInt(endTicks),
    });
  }

  private put(index: number, ticks: bigint, values: EventValues): void {
    const made = this.made!;
    const clock = this.info.streamClass.clockClass;
    const hi = Number(ticks >> 32n);
    const lo = Number(ticks & 0xffff_ffffn);
    this.output.place.assembler.make({
      made,
      classIndex: this.classBase + index,
      timeNs: clock === undefined ? 0 : Number(nanosecondsOfClock(clock, ticks) - this.output.baseNs),
      write: () => {
        if (!made.packets.isOpen) made.packets.begin(hi, lo, this.packet);
        made.packets.append(index, hi, lo, values);
      },
    });
  }
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
  private early: EarlyEvent[] = [];
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

  /** @internal */
  add(event: EarlyEvent, info: StreamInfo): void {
    if (this.isOpen) {
      event.put();
      return;
    }
    this.earlyFirst ??= { ticks: event.ticks, info };
    this.early.push(event);
  }

  /** @internal */
  lose(loss: Loss): void {
    this.losses.push(loss);
  }

  /** @internal Whether an event was appended. */
  get hasEvents(): boolean {
    return this.earlyFirst !== undefined;
  }

  /** @internal Ends the declarations; what was appended is put in its place. */
  open(): { readonly streams: readonly OpenStream[]; readonly classes: readonly EventClassInfo[] } {
    const { earlyFirst } = this;
    const clock = earlyFirst?.info.streamClass.clockClass;
    this.baseNs =
      this.place.baseNs ??
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
