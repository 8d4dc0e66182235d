/** The streams that come out: those of the traces whose events have what it takes, with one member more. */
import {
  makePlan,
  interpret,
  SilentVisitor,
  StreamDecoder,
  StreamEncoder,
  absent,
  type EventValues,
  type FieldClass,
  type IntegerFieldClass,
  type PacketFacts,
  type Plan,
  type Scope,
  type StreamClass,
  type StructureFieldClass,
  type TraceClass,
  type WritableStructure,
  type WritableValue,
} from '@spoor/ctf';
import type { Flow } from '../event-flow.ts';
import { MadeStream } from '../made-events/made-stream.ts';
import { copyAlignment } from '../sink-ctf-fs/event-copier.ts';
import { EventTicks } from '../source-ctf-fs/event-ticks.ts';
import type { EventClassInfo, StreamInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { stacksOf, type StackName } from './stack-frames.ts';

/** What is known of the address of an event. */
export interface DebugTexts {
  readonly bin: string;
  readonly func: string;
  readonly src: string;
}

/** Members that events of a class get. */
export interface Additions {
  /** Name of that with what is known of the event's address; undefined where it has none. */
  readonly debugInfo: string | undefined;
  /** Stacks whose calls get names. */
  readonly stacks: readonly StackName[];
}

/** What is added to an event. */
export interface AddedValues {
  readonly texts: DebugTexts | undefined;
  /** Names of calls, by the stacks of {@link Additions}. */
  readonly stacks: readonly (readonly string[])[];
}

const text: FieldClass = { kind: 'string', encoding: 'utf-8' };

const count: IntegerFieldClass = {
  kind: 'integer',
  lengthBits: 32,
  byteOrder: 'le',
  alignmentBits: 8,
  signed: false,
  displayBase: 10,
  roles: [],
};

/** Names of the members that the names of a stack are in, and their number. */
const namesOf = (stack: StackName): string => `${stack}_names`;
const lengthOf = (stack: StackName): string => `_${namesOf(stack)}_length`;

function contextWith(context: StructureFieldClass, { debugInfo, stacks }: Additions): StructureFieldClass {
  const members = ['bin', 'func', 'src'].map((member) => ({ name: member, fieldClass: text }));
  const info: FieldClass = { kind: 'structure', members, alignmentBits: 8 };
  return {
    ...context,
    members: [
      ...context.members,
      ...(debugInfo === undefined ? [] : [{ name: debugInfo, fieldClass: info }]),
      ...stacks.flatMap((stack): StructureFieldClass['members'] => [
        { name: lengthOf(stack), fieldClass: count },
        {
          name: namesOf(stack),
          fieldClass: {
            kind: 'dynamic-array',
            lengthLocation: { scope: 'event-common-context', path: [lengthOf(stack)] },
            element: text,
            alignmentBits: 8,
          },
        },
      ]),
    ],
    alignmentBits: Math.max(8, context.alignmentBits),
  };
}

/** Whether the events of a stream class have the process and the address, and not yet the member. */
function hasAddress({ eventCommonContext }: StreamClass, name: string): boolean {
  const integer = (member: string, signed: boolean): boolean => {
    const fieldClass = eventCommonContext?.members.find((candidate) => candidate.name === member)?.fieldClass;
    return (
      fieldClass?.kind === 'integer' && fieldClass.signed === signed && fieldClass.mappings === undefined
    );
  };
  const taken = eventCommonContext?.members.some((member) => member.name === name) ?? false;
  return integer('ip', false) && integer('vpid', true) && !taken;
}

/** What events of a stream class get; undefined where that is nothing. */
function additionsOf(trace: TraceInfo, streamClass: StreamClass, name: string): Additions | undefined {
  const has = (member: string): boolean =>
    streamClass.eventCommonContext?.members.some((candidate) => candidate.name === member) ?? false;
  const stacks =
    trace.callStackSymbols === undefined ? [] : stacksOf(streamClass).filter((stack) => !has(namesOf(stack)));
  const debugInfo = hasAddress(streamClass, name) ? name : undefined;
  return debugInfo === undefined && stacks.length === 0 ? undefined : { debugInfo, stacks };
}

/** Whether values of a class all have one size. */
function isFixed(fieldClass: FieldClass): boolean {
  const { kind } = fieldClass;
  if (kind === 'integer') return fieldClass.variableLength !== true;
  if (kind === 'static-array') return isFixed(fieldClass.element);
  if (kind === 'structure') return fieldClass.members.every((member) => isFixed(member.fieldClass));
  return kind === 'float' || kind === 'bit-array' || kind === 'boolean';
}

const utf8 = new TextEncoder();

/** Puts the texts of events into bytes between the context that they follow and what comes behind it. */
class Splicer {
  private bytes = new Uint8Array(4096);

  /** @returns the length of what was put together. */
  splice(source: Uint8Array, start: number, middle: number, end: number, added: AddedValues): number {
    const { texts, stacks } = added;
    const info = texts === undefined ? [] : [texts.bin, texts.func, texts.src];
    let most = end - start;
    for (const part of info) most += 3 * part.length + 1;
    for (const stack of stacks) {
      most += 4;
      for (const part of stack) most += 3 * part.length + 1;
    }
    if (this.bytes.length < most) this.bytes = new Uint8Array(2 * most);
    const { bytes } = this;
    bytes.set(source.subarray(start, middle));
    let at = this.put(info, middle - start);
    for (const stack of stacks) {
      new DataView(bytes.buffer).setUint32(at, stack.length, true);
      at = this.put(stack, at + 4);
    }
    bytes.set(source.subarray(middle, end), at);
    return at + end - middle;
  }

  private put(parts: readonly string[], from: number): number {
    const { bytes } = this;
    let at = from;
    for (const part of parts) {
      at += utf8.encodeInto(part, bytes.subarray(at)).written;
      bytes[at++] = 0;
    }
    return at;
  }

  get result(): Uint8Array {
    return this.bytes;
  }
}

/** One stream that comes out, and the one that it is made from. */
export class ShadowStream {
  readonly made: MadeStream;
  readonly source: OpenStream;
  /** What its events get. */
  readonly additions: Additions | undefined;
  private readonly ticks: EventTicks;
  /** By class that was met; bodies of bytes alone can be put together from pieces. */
  private readonly inBytes: (boolean | undefined)[] = [];
  private readonly countsFromLow: boolean;
  private readonly contextPlan: Plan | undefined;
  private fixedContextBits: number | undefined;
  private readonly hasFixedContext: boolean;
  private readonly splicer: Splicer;

  constructor(
    source: OpenStream,
    place: { readonly info: StreamInfo; readonly decoder: StreamDecoder; readonly encoder: StreamEncoder },
    baseNs: bigint,
    additions: Additions | undefined,
    splicer: Splicer,
  ) {
    const { streamClass } = source.info;
    this.source = source;
    this.additions = additions;
    this.splicer = splicer;
    this.made = new MadeStream({ ...place, baseNs, classBase: source.reader.cursor.classBase });
    this.ticks = new EventTicks(streamClass.clockClass, baseNs);
    const { eventCommonContext: context } = streamClass;
    this.countsFromLow = place.encoder.countsFromLow;
    this.hasFixedContext = context !== undefined && isFixed(context);
    this.contextPlan =
      context === undefined
        ? undefined
        : makePlan('event context', [{ scope: 'event-common-context', fieldClass: context }], 8);
  }

  /** Begins a packet as the source's is, if none is open. @param timeNs of its first event. */
  begin(timeNs?: number): void {
    const { packets } = this.made;
    if (packets.isOpen) return;
    const { reader, decoder } = this.source;
    const { properties } = reader;
    const ticksOf = (hi: number, lo: number): bigint => (BigInt(hi) << 32n) | BigInt(lo);
    const beginTicks = properties.hasBegin ? ticksOf(properties.beginHi, properties.beginLo) : 0n;
    let first = beginTicks;
    if (timeNs !== undefined) {
      this.ticks.set(timeNs);
      first = ticksOf(this.ticks.hi, this.ticks.lo);
    }
    const begin = first < beginTicks ? first : beginTicks;
    const facts: PacketFacts = {
      beginTicks: begin,
      ...(properties.hasEnd ? { endTicks: ticksOf(properties.endHi, properties.endLo) } : {}),
      ...(properties.hasDiscarded
        ? { discardedEvents: ticksOf(properties.discardedHi, properties.discardedLo) }
        : {}),
      ...(properties.sequenceNumber === absent ? {} : { sequenceNumber: BigInt(properties.sequenceNumber) }),
    };
    const scopes = decoder.packetValues(reader.head, reader.contextEndBit);
    packets.begin(
      Number(begin >> 32n),
      Number(begin & 0xffff_ffffn),
      {
        ...(scopes['packet-header'] === undefined ? {} : { header: scopes['packet-header'] }),
        ...(scopes['packet-context'] === undefined ? {} : { context: scopes['packet-context'] }),
      },
      facts,
    );
  }

  /** Appends the event noted at `bit` of the source's packet, with what it is to have. */
  write(localIndex: number, timeNs: number, bit: number, added: AddedValues | undefined): void {
    this.begin(timeNs);
    const { source, ticks, made } = this;
    const { cursor } = source.reader;
    ticks.set(timeNs);
    this.inBytes[localIndex] ??= this.isInBytes(localIndex);
    if (this.inBytes[localIndex] && bit % 8 === 0) {
      const end = source.decoder.eventEnd(cursor, localIndex, bit);
      const middle = added === undefined ? bit : this.contextEnd(bit);
      if (end % 8 === 0 && middle !== undefined) {
        const endBit =
          added === undefined
            ? end - bit
            : this.splicer.splice(cursor.bytes, bit / 8, middle / 8, end / 8, added) * 8;
        const bytes = added === undefined ? cursor.bytes.subarray(bit / 8, end / 8) : this.splicer.result;
        if (made.packets.appendRaw(localIndex, ticks.hi, ticks.lo, bytes, 0, endBit, 8)) return;
      }
    }
    made.packets.append(localIndex, ticks.hi, ticks.lo, this.valuesOf(localIndex, bit, added));
  }

  private isInBytes(localIndex: number): boolean {
    const { decoder, info } = this.source;
    const { eventCommonContext, eventClasses } = info.streamClass;
    const { specificContext, payload } = eventClasses[localIndex]!;
    const scopes = [eventCommonContext, specificContext, payload];
    return !decoder.notesHeaders && scopes.every((scope) => copyAlignment(scope, this.countsFromLow) <= 8);
  }

  /** Where the context of the event at a bit ends; undefined where that is not between two bytes. */
  private contextEnd(bit: number): number | undefined {
    const { cursor } = this.source.reader;
    const plan = this.contextPlan;
    if (plan === undefined || plan.externals.length > 0) return undefined;
    if (this.fixedContextBits !== undefined) return bit + this.fixedContextBits;
    const end = interpret(plan, cursor.bytes, bit, cursor.endBit, new SilentVisitor());
    if (end % 8 !== 0) return undefined;
    if (this.hasFixedContext) this.fixedContextBits = end - bit;
    return end;
  }

  private valuesOf(localIndex: number, bit: number, added: AddedValues | undefined): EventValues {
    const { decoder, reader } = this.source;
    const { bytes, view, externals } = reader.cursor;
    const read = (scope: Scope): WritableStructure =>
      (decoder.accessor(localIndex, scope)(bytes, view, bit, externals) ?? {}) as WritableStructure;
    const commonContext = read('event-common-context');
    return {
      header: read('event-header'),
      commonContext: added === undefined ? commonContext : { ...commonContext, ...this.membersOf(added) },
      specificContext: read('event-specific-context'),
      payload: read('event-payload'),
    };
  }

  private membersOf({ texts, stacks }: AddedValues): WritableStructure {
    const members: Record<string, WritableValue> = {};
    const { debugInfo, stacks: names } = this.additions!;
    if (debugInfo !== undefined && texts !== undefined) members[debugInfo] = { ...texts };
    for (const [index, stack] of names.entries()) {
      members[lengthOf(stack)] = stacks[index]!.length;
      members[namesOf(stack)] = stacks[index]!;
    }
    return members;
  }
}

/** What comes out of a flow. */
export interface ShadowFlow {
  /** By index, with holes where the flow has them. */
  readonly streams: readonly OpenStream[];
  /** Of the streams that are made anew. */
  readonly shadows: readonly (ShadowStream | undefined)[];
  readonly eventClasses: readonly EventClassInfo[];
}

/** What events get, by the stream classes of a trace that get anything. */
function addedTo(trace: TraceInfo, memberName: string): ReadonlyMap<StreamClass, Additions> {
  const added = new Map<StreamClass, Additions>();
  for (const streamClass of trace.traceClass.streamClasses) {
    const additions = additionsOf(trace, streamClass, memberName);
    if (additions !== undefined) added.set(streamClass, additions);
  }
  return added;
}

/** Makes the streams that come out of a flow. Traces of which no stream has what it takes go through as they are. */
export function shadowFlowOf(flow: Flow, memberName: string): ShadowFlow {
  const traces = new Map<TraceInfo, { readonly trace: TraceInfo; readonly infos: StreamInfo[] }>();
  const classes = new Map<
    StreamClass,
    { readonly streamClass: StreamClass; readonly decoder: StreamDecoder; readonly encoder: StreamEncoder }
  >();
  const streams: OpenStream[] = [];
  const shadows: (ShadowStream | undefined)[] = [];
  const eventClasses = [...flow.eventClasses];
  const splicer = new Splicer();
  for (const source of flow.streams) {
    if (source === undefined) continue;
    const { info } = source;
    const { traceClass } = info.trace;
    const additionsOfTrace = addedTo(info.trace, memberName);
    if (additionsOfTrace.size === 0) {
      streams[info.index] = source;
      continue;
    }
    let place = traces.get(info.trace);
    if (place === undefined) {
      const changed: TraceClass = {
        ...traceClass,
        streamClasses: traceClass.streamClasses.map((streamClass) => {
          const additions = additionsOfTrace.get(streamClass);
          return additions === undefined
            ? streamClass
            : {
                ...streamClass,
                eventCommonContext: contextWith(streamClass.eventCommonContext!, additions),
              };
        }),
      };
      for (const [index, streamClass] of changed.streamClasses.entries()) {
        classes.set(traceClass.streamClasses[index]!, {
          streamClass,
          decoder: new StreamDecoder(changed, streamClass),
          encoder: new StreamEncoder(changed, streamClass),
        });
      }
      const infos: StreamInfo[] = [];
      place = { trace: { ...info.trace, traceClass: changed, streams: infos }, infos };
      traces.set(info.trace, place);
    }
    const declared = traceClass.streamClasses.find(({ id }) => id === info.streamClass.id)!;
    const made = classes.get(declared)!;
    const { trace, infos } = place;
    const { streamClass, decoder, encoder } = made;
    const changedInfo: StreamInfo = { ...info, trace, streamClass };
    infos.push(changedInfo);
    const shadow = new ShadowStream(
      source,
      { info: changedInfo, decoder, encoder },
      flow.baseNs,
      additionsOfTrace.get(declared),
      splicer,
    );
    shadows[info.index] = shadow;
    streams[info.index] = shadow.made.open;
    const { classBase } = source.reader.cursor;
    for (const [localIndex, eventClass] of streamClass.eventClasses.entries()) {
      eventClasses[classBase + localIndex] = { eventClass, trace, streamClass, decoder, localIndex };
    }
  }
  return { streams, shadows, eventClasses };
}
