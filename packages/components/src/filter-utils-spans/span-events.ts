/** The trace that span events are in: one class of events a rule. */
import {
  describeTrace,
  StreamDecoder,
  StreamEncoder,
  type ClockClass,
  type EventDescription,
  type FieldDescription,
  type IntegerFieldClass,
} from '@spoor/ctf';
import { eventClassInfos, MadeStream } from '../made-events/made-stream.ts';
import type { EventClassInfo, StreamInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { SpanValue } from './open-spans.ts';
import type { MemberType } from './span-fields.ts';

/** How a span came to its end, by the number in its events. */
const spanStates = ['complete', 'timed_out', 'unfinished'] as const;
export type SpanState = (typeof spanStates)[number];

/** A member of span events. */
export interface SpanMember {
  readonly name: string;
  readonly type: MemberType;
}

/** A class of span events. */
export interface SpanEventClass {
  readonly name: string;
  readonly members: readonly SpanMember[];
}

const memberTypes: Readonly<Record<MemberType, FieldDescription>> = {
  integer: 'i64',
  float: 'f64',
  string: 'string',
};

const states: IntegerFieldClass = {
  kind: 'integer',
  signed: false,
  lengthBits: 8,
  byteOrder: 'le',
  alignmentBits: 8,
  displayBase: 10,
  roles: [],
  mappings: spanStates.map((label, value) => ({
    label,
    ranges: [{ lower: BigInt(value), upper: BigInt(value) }],
  })),
};

function eventOf({ name, members }: SpanEventClass): EventDescription {
  return {
    name,
    fields: {
      span: 'string',
      begin_ns: 'u64',
      duration_ns: 'u64',
      depth: 'u32',
      state: states,
      ...Object.fromEntries(members.map((member) => [member.name, memberTypes[member.type]])),
    },
  };
}

/** A finished span. */
export interface FinishedSpan {
  readonly label: string;
  /** Nanoseconds after the flow's base. */
  readonly beginNs: number;
  readonly endNs: number;
  readonly depth: number;
  readonly state: SpanState;
  /** By the members of its class, in their order. */
  readonly values: readonly (SpanValue | undefined)[];
}

/** Longest text of a captured value. */
const longestText = 4096;

function writable(value: SpanValue | undefined, type: MemberType): number | bigint | string {
  if (type === 'string') {
    return value === undefined ? '' : String(value).replaceAll('\0', '').slice(0, longestText);
  }
  if (typeof value === 'bigint' && type === 'integer') return BigInt.asIntN(64, value);
  if (typeof value === 'number') return value;
  return type === 'integer' ? 0 : Number.NaN;
}

/** Makes span events. */
export class SpanEvents {
  readonly made: MadeStream;
  readonly eventClasses: readonly EventClassInfo[];
  private readonly baseNs: bigint;
  private readonly classes: readonly SpanEventClass[];
  /** Clock value at the flow's base. */
  private readonly ticksAtBase: bigint;

  /**
   * @param streamIndex of the stream that the events are in.
   * @param classBase index of the first of their classes.
   * @param flow with what says that times of its traces can be compared with others.
   */
  constructor(
    classes: readonly SpanEventClass[],
    flow: {
      readonly baseNs: bigint;
      readonly streamIndex: number;
      readonly classBase: number;
      readonly clock: Partial<Pick<ClockClass, 'uuid' | 'absolute'>>;
    },
  ) {
    const { baseNs, streamIndex, classBase, clock } = flow;
    this.classes = classes;
    this.baseNs = baseNs;
    // Events may be earlier than the base: the clock begins a day before it.
    const offsetSeconds = baseNs / 1_000_000_000n - 86_400n;
    this.ticksAtBase = baseNs - offsetSeconds * 1_000_000_000n;
    const traceClass = describeTrace({
      environment: { tracer_name: 'spoor-spans' },
      clock: { name: 'spans', offsetSeconds, offsetTicks: 0n, ...clock },
      streams: [{ events: classes.map(eventOf) }],
    });
    const streamClass = traceClass.streamClasses[0]!;
    const streams: StreamInfo[] = [];
    const { environment } = traceClass;
    const trace: TraceInfo = { path: 'spans', name: 'spans', traceClass, environment, streams };
    const info: StreamInfo = {
      index: streamIndex,
      trace,
      streamClass,
      path: 'spans/spans',
      id: 0,
      packetContext: {},
      sizeBytes: 0,
    };
    streams.push(info);
    const decoder = new StreamDecoder(traceClass, streamClass);
    this.made = new MadeStream({
      info,
      baseNs,
      classBase,
      decoder,
      encoder: new StreamEncoder(traceClass, streamClass),
    });
    this.eventClasses = eventClassInfos(info, decoder);
  }

  /** Appends a span's event to the packets. */
  write(index: number, span: FinishedSpan): void {
    const { members } = this.classes[index]!;
    const payload: Record<string, number | bigint | string> = {
      span: span.label.replaceAll('\0', ''),
      begin_ns: BigInt.asUintN(64, this.baseNs + BigInt(span.beginNs)),
      duration_ns: Math.max(0, span.endNs - span.beginNs),
      depth: span.depth,
      state: spanStates.indexOf(span.state),
    };
    for (const [at, { name, type }] of members.entries()) payload[name] = writable(span.values[at], type);
    const ticks = this.ticksAtBase + BigInt(span.endNs);
    this.made.packets.append(index, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), { payload });
  }
}
