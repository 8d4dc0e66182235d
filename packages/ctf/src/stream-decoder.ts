/**
 * Decodes the packets and events of one stream class: plans made once, code made at first use (or the interpreter,
 * where no code may be made from text). Shared by all streams of the class in a trace.
 */
import { SpoorError } from '@spoor/base';
import type { EventBatch } from './batch.ts';
import { canCompile, compileFunction } from './compile.ts';
import { Emitter } from './emitter.ts';
import { emitPacketProperties } from './emit-packet.ts';
import { emitScan, type ScanShape, type TimeRule } from './emit-scan.ts';
import { ValueStrategy } from './emit-values.ts';
import { emitWalk } from './emit-walk.ts';
import { ValueBuilder, type FieldValue } from './field-value.ts';
import { interpret, OverrunError, SilentVisitor, type FieldVisitor } from './interpret.ts';
import { problemOfEvent, PropertyVisitor, scanPlain } from './interpret-scan.ts';
import { greatestAlignmentOf } from './field-classes.ts';
import type { EventClass, Scope, StreamClass, StructureFieldClass, TraceClass } from './model.ts';
import { overrunProblem, scanStatus, type PacketCursor, type PacketProperties } from './packet-cursor.ts';
import type { External, Plan } from './plan.ts';
import { makePlan, tooLargeCode, type ScopeClass } from './planner.ts';
import { collectReferredScopes } from './referred-fields.ts';
import { isKnownSelfContained } from './tsdl-plain-payload.ts';

type Skip = (bytes: Uint8Array, view: DataView, p: number, end: number, ext: Float64Array) => number;
type Scan = (
  cursor: PacketCursor,
  batch: EventBatch,
  limitNs: number,
  classOf: Int32Array,
  others: (id: number) => number,
  fixedBits: Int32Array,
  skips: readonly Skip[],
) => number;
type Properties = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  end: number,
  ext: Float64Array,
  into: PacketProperties,
) => number;
/** Reads one value of an event at a position that a scan noted. */
export type Accessor = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  ext: Float64Array,
) => FieldValue | undefined;

/** Choices for decoding. */
export interface DecoderOptions {
  /** `false` never makes code from text; the default makes it where that is possible. */
  readonly compile?: boolean;
}

/** Ids up to this have a table; greater ones a map. */
const idTableSize = 65_536;
const packetScopes: ReadonlySet<Scope> = new Set<Scope>(['packet-header', 'packet-context']);
const noExternals = new Float64Array(0);
const magicOctets = [0xc1, 0xfc, 0x1f, 0xc1];

function scopesOf(
  ...pairs: readonly (readonly [Scope, StructureFieldClass | undefined])[]
): readonly ScopeClass[] {
  return pairs.flatMap(([scope, fieldClass]) => (fieldClass === undefined ? [] : [{ scope, fieldClass }]));
}

/** Decoder of a packet header: the same for all stream classes of a trace. */
export class PacketHeaderDecoder {
  readonly plan: Plan | undefined;
  private readonly read: Properties | undefined;
  /** Whether a packet must begin with the magic number 0xC1FC1FC1. */
  readonly hasMagic: boolean;
  /** The bytes that every packet begins with, if it does. */
  readonly magicBytes: Uint8Array | undefined;
  /** Whether a packet says the UUID of its trace. */
  readonly hasUuid: boolean;

  constructor(traceClass: TraceClass, options: DecoderOptions = {}) {
    const scopes = scopesOf(['packet-header', traceClass.packetHeader]);
    this.plan = scopes.length === 0 ? undefined : makePlan('packet header', scopes, 64);
    this.read = this.plan === undefined ? undefined : propertiesOf(this.plan, options);
    this.hasMagic =
      traceClass.packetHeader?.members.some(
        ({ fieldClass }) => fieldClass.kind === 'integer' && fieldClass.roles.includes('packet-magic-number'),
      ) ?? false;
    this.hasUuid =
      traceClass.packetHeader?.members.some(
        ({ fieldClass }) =>
          (fieldClass.kind === 'static-array' || fieldClass.kind === 'static-blob') &&
          (fieldClass.roles?.includes('metadata-stream-uuid') ?? false),
      ) ?? false;
    const first = traceClass.packetHeader?.members[0]?.fieldClass;
    this.magicBytes =
      first?.kind === 'integer' && first.roles.includes('packet-magic-number') && first.lengthBits === 32
        ? Uint8Array.from(first.byteOrder === 'le' ? magicOctets.toReversed() : magicOctets)
        : undefined;
  }

  /** Reads the header at the start of `bytes`; returns its end in bits, or -1 when it goes beyond `end`. */
  decode(bytes: Uint8Array, view: DataView, end: number, into: PacketProperties): number {
    return this.read === undefined ? 0 : this.read(bytes, view, 0, end, noExternals, into);
  }
}

function propertiesOf(plan: Plan, options: DecoderOptions): Properties {
  if (options.compile !== false && canCompile()) {
    const e = new Emitter();
    emitPacketProperties(e, plan);
    return compileFunction(plan.name, ['bytes', 'view', 'p', 'end', 'ext', 'into'], e) as Properties;
  }
  return (bytes, _view, p, end, ext, into) => {
    try {
      return interpret(plan, bytes, p, end, new PropertyVisitor(into), ext);
    } catch (error) {
      if (error instanceof OverrunError) return -1;
      throw error;
    }
  };
}

/** Decoder of the packets and events of one stream class. */
export class StreamDecoder {
  readonly streamClass: StreamClass;
  /** Of the metadata. */
  readonly version: TraceClass['version'];
  readonly contextPlan: Plan | undefined;
  readonly headerPlan: Plan | undefined;
  /** How clock values become time. */
  readonly time: TimeRule;
  /** What events need of packet header and context, in the order of `PacketCursor.externals`. */
  readonly externals: readonly External[];
  private readonly readContext: Properties | undefined;
  private readonly classOf: Int32Array;
  private readonly farClasses = new Map<number, number>();
  private readonly fixedBits: Int32Array;
  private readonly skips: Skip[];
  private readonly bodyPlans: (Plan | undefined)[];
  private readonly fromHeader: boolean;
  /** No field of an event is aligned to more. */
  readonly greatestAlignmentBits: number;
  /** Whether the packet context is decoded along with the header, because it refers to it. */
  private readonly contextFromHeader: boolean;
  private readonly onlyClass: number;
  /** Whether it makes code from text. */
  readonly compiles: boolean;
  private readonly headerPlanOfPacket: Plan | undefined;
  /** By class; then by scope and member, in one map each so that a look-up makes no key. */
  private readonly accessors: (Map<string, Map<string | undefined, Accessor>> | undefined)[] = [];
  private compiledScan: Scan | undefined;

  constructor(traceClass: TraceClass, streamClass: StreamClass, options: DecoderOptions = {}) {
    this.streamClass = streamClass;
    this.version = traceClass.version;
    this.compiles = options.compile !== false && canCompile();
    const context = scopesOf(['packet-context', streamClass.packetContext]);
    // Where the context starts depends on the header's end, so its alignment is looked up there.
    const header = scopesOf(['packet-header', traceClass.packetHeader]);
    this.headerPlanOfPacket = header.length === 0 ? undefined : makePlan('packet header', header, 64);
    const contextRefers = new Set<Scope>();
    if (streamClass.packetContext !== undefined) {
      collectReferredScopes(streamClass.packetContext, contextRefers);
    }
    this.contextFromHeader = contextRefers.has('packet-header') && header.length > 0;
    this.contextPlan =
      context.length === 0
        ? undefined
        : makePlan(
            `stream-${streamClass.id}/packet context`,
            this.contextFromHeader ? [...header, ...context] : context,
            this.contextFromHeader ? 64 : (this.headerPlanOfPacket?.endAlignBits ?? 64),
          );
    this.readContext = this.contextPlan === undefined ? undefined : propertiesOf(this.contextPlan, options);
    const eventHeader = scopesOf(['event-header', streamClass.eventHeader]);
    this.headerPlan =
      eventHeader.length === 0
        ? undefined
        : makePlan(`stream-${streamClass.id}/event header`, eventHeader, 1);
    const events = streamClass.eventClasses;
    // Kernel traces have a thousand classes: only look at what they refer to, and plan none yet.
    const foreign = new Set<Scope>();
    if (streamClass.eventCommonContext !== undefined) {
      collectReferredScopes(streamClass.eventCommonContext, foreign);
    }
    for (const eventClass of events) {
      if (isKnownSelfContained(eventClass)) continue;
      const { specificContext, payload } = eventClass;
      if (specificContext !== undefined) collectReferredScopes(specificContext, foreign);
      if (payload !== undefined) collectReferredScopes(payload, foreign);
    }
    this.fromHeader = foreign.has('event-header');
    // Those of self-contained classes are of the plain form, which has none above 64.
    let alignmentBits = 64;
    const seeAlignment = (fieldClass: StructureFieldClass | undefined): void => {
      alignmentBits = Math.max(alignmentBits, greatestAlignmentOf(fieldClass));
    };
    seeAlignment(streamClass.eventHeader);
    seeAlignment(streamClass.eventCommonContext);
    for (const eventClass of events) {
      if (isKnownSelfContained(eventClass)) continue;
      seeAlignment(eventClass.specificContext);
      seeAlignment(eventClass.payload);
    }
    this.greatestAlignmentBits = alignmentBits;
    const locations = new Map<string, External>();
    const addExternals = (plan: Plan): void => {
      for (const { location } of plan.externals) {
        const key = JSON.stringify(location);
        if (!locations.has(key)) locations.set(key, { location, slot: locations.size });
      }
    };
    // First, so that the numbers of the event header's own externals are those of the stream's.
    if (this.headerPlan !== undefined) addExternals(this.headerPlan);
    if ([...foreign].some((scope) => packetScopes.has(scope))) {
      for (const eventClass of events) addExternals(this.makeBodyPlan(eventClass));
    }
    this.externals = [...locations.values()];
    this.classOf = new Int32Array(
      Math.min(
        idTableSize,
        events.reduce((most, { id }) => Math.max(most, Number(id) + 1), 0),
      ),
    ).fill(-1);
    for (const [index, { id }] of events.entries()) {
      if (id < idTableSize) this.classOf[Number(id)] = index;
      else this.farClasses.set(Number(id), index);
    }
    this.onlyClass = events.length === 1 ? Number(events[0]!.id) : -1;
    this.fixedBits = new Int32Array(events.length).fill(-1);
    this.bodyPlans = events.map(() => undefined);
    this.skips = events.map((_, index) => (bytes, view, p, end, ext) => {
      this.prepare(index);
      const fixed = this.fixedBits[index]!;
      return fixed >= 0 ? p + fixed : this.skips[index]!(bytes, view, p, end, ext);
    });
    this.time = timeRuleOf(streamClass);
  }

  private bodyScopes(eventClass: EventClass): readonly ScopeClass[] {
    return scopesOf(
      ['event-common-context', this.streamClass.eventCommonContext],
      ['event-specific-context', eventClass.specificContext],
      ['event-payload', eventClass.payload],
    );
  }

  private makeBodyPlan(eventClass: EventClass): Plan {
    const name = `stream-${this.streamClass.id}/${eventClass.name}`;
    if (this.fromHeader) {
      const header = scopesOf(['event-header', this.streamClass.eventHeader]);
      return makePlan(name, [...header, ...this.bodyScopes(eventClass)], 1);
    }
    return makePlan(name, this.bodyScopes(eventClass), this.headerPlan?.endAlignBits ?? 1);
  }

  /** The plan of the events of a class (an index into `streamClass.eventClasses`). */
  planOf(classIndex: number): Plan {
    return (this.bodyPlans[classIndex] ??= this.makeBodyPlan(this.streamClass.eventClasses[classIndex]!));
  }

  /** Indexes, in `externals`, of the values that a plan of this decoder asks for. */
  externalIndexes(plan: Plan): readonly number[] {
    return plan.externals.map(({ location }) => {
      const key = JSON.stringify(location);
      return this.externals.findIndex((external) => JSON.stringify(external.location) === key);
    });
  }

  private prepare(classIndex: number): void {
    let plan: Plan;
    try {
      plan = this.planOf(classIndex);
    } catch (error) {
      if (!(error instanceof SpoorError) || error.code !== tooLargeCode) throw error;
      this.skips[classIndex] = () => -1;
      return;
    }
    if (plan.fixedBits !== undefined) {
      this.fixedBits[classIndex] = plan.fixedBits;
      return;
    }
    const indexes = this.externalIndexes(plan);
    if (!this.compiles) {
      const silent = new SilentVisitor();
      this.skips[classIndex] = (bytes, _view, p, end, ext) => {
        try {
          return interpret(
            plan,
            bytes,
            p,
            end,
            silent,
            indexes.map((index) => ext[index]!),
          );
        } catch (error) {
          if (error instanceof OverrunError) return -1;
          throw error;
        }
      };
      return;
    }
    const e = new Emitter();
    emitExternals(e, indexes);
    e.line(`return ${emitWalk(e, plan, undefined, 'return -1;')};`);
    this.skips[classIndex] = compileFunction(
      `${plan.name}/skip`,
      ['bytes', 'view', 'p', 'end', indexes.length === 0 ? 'ext' : 'packetValues'],
      e,
    ) as Skip;
  }

  /** Whether the noted positions of events are those of their headers, because bodies refer to header fields. */
  get notesHeaders(): boolean {
    return this.fromHeader;
  }

  /** The end of an event of the cursor's packet, noted at `bit`; negative when it goes beyond the content. */
  eventEnd(cursor: PacketCursor, classIndex: number, bit: number): number {
    const fixed = this.fixedBits[classIndex]!;
    if (fixed >= 0) return bit + fixed;
    return this.skips[classIndex]!(cursor.bytes, cursor.view, bit, cursor.endBit, cursor.externals);
  }

  /** Reads the packet context from `bit` on; returns its end in bits, or -1 when it goes beyond `end`. */
  decodeContext(bytes: Uint8Array, view: DataView, bit: number, end: number, into: PacketProperties): number {
    if (this.readContext === undefined) return bit;
    return this.readContext(bytes, view, this.contextFromHeader ? 0 : bit, end, noExternals, into);
  }

  /** Values of the packet's header and context, for people and for `externals`. */
  packetValues(
    bytes: Uint8Array,
    end: number,
  ): Partial<Record<Scope, { readonly [name: string]: FieldValue }>> {
    const builder = new ValueBuilder(bytes);
    this.walkPacket(bytes, end, builder);
    return builder.scopes;
  }

  /** Tells the visitor of the packet's header and context. */
  walkPacket(bytes: Uint8Array, end: number, visitor: FieldVisitor): void {
    let bit = 0;
    if (this.headerPlanOfPacket !== undefined && !this.contextFromHeader)
      bit = interpret(this.headerPlanOfPacket, bytes, 0, end, visitor);
    if (this.contextPlan !== undefined) interpret(this.contextPlan, bytes, bit, end, visitor);
  }

  /**
   * Notes in `batch` the events of the cursor's packet up to and including time `limitNs`.
   * @returns a value of `scanStatus`.
   */
  scan(cursor: PacketCursor, batch: EventBatch, limitNs: number): number {
    this.compiledScan ??= this.makeScan();
    const { classOf, others, fixedBits, skips } = this;
    const status = this.compiledScan(cursor, batch, limitNs, classOf, others, fixedBits, skips);
    if (status === scanStatus.broken && cursor.problem === overrunProblem && !cursor.isPartial) {
      cursor.problem = problemOfEvent(cursor, this.scanShape(), (id) => {
        const plan = this.planOf(classOf[id] ?? others(id));
        return { plan, externals: this.externalIndexes(plan).map((index) => cursor.externals[index]!) };
      });
    }
    return status;
  }

  private readonly others = (id: number): number => this.farClasses.get(id) ?? -1;

  private scanShape(): ScanShape {
    const { headerPlan: header, time, fromHeader, onlyClass } = this;
    return { header, time, fromHeader, onlyClass };
  }

  private makeScan(): Scan {
    const shape = this.scanShape();
    if (!this.compiles) return scanPlain(shape);
    const e = new Emitter();
    emitScan(e, shape);
    return compileFunction(
      `stream-${this.streamClass.id}/scan`,
      ['cursor', 'batch', 'limit', 'classOf', 'others', 'fixedBits', 'skips'],
      e,
    ) as Scan;
  }

  /**
   * The function that reads one scope of an event of a class, or one top-level member of it.
   * Made at the first call and kept.
   */
  accessor(classIndex: number, scope: Scope, member?: string): Accessor {
    const scopes = (this.accessors[classIndex] ??= new Map());
    let members = scopes.get(scope);
    if (members === undefined) {
      members = new Map();
      scopes.set(scope, members);
    }
    let accessor = members.get(member);
    if (accessor === undefined) {
      accessor = this.makeAccessor(classIndex, scope, member);
      members.set(member, accessor);
    }
    return accessor;
  }

  private makeAccessor(classIndex: number, scope: Scope, member?: string): Accessor {
    const plan = this.planOf(classIndex);
    const node = plan.scopes.find((candidate) => candidate.scope === scope)?.node;
    if (node === undefined || (member !== undefined && !node.members.some(({ name }) => name === member))) {
      return () => undefined;
    }
    const indexes = this.externalIndexes(plan);
    if (!this.compiles) {
      return (bytes, _view, p, ext) => {
        const builder = new ValueBuilder(bytes);
        interpret(
          plan,
          bytes,
          p,
          bytes.length * 8,
          builder,
          indexes.map((index) => ext[index]!),
        );
        const values = builder.scopes[scope];
        return member === undefined ? values : values?.[member];
      };
    }
    const e = new Emitter();
    emitExternals(e, indexes);
    e.line('let result;');
    emitWalk(e, plan, new ValueStrategy(scope, member));
    e.line('return result;');
    return compileFunction(
      `${plan.name}/${scope}`,
      ['bytes', 'view', 'p', indexes.length === 0 ? 'ext' : 'packetValues'],
      e,
    ) as Accessor;
  }
}

/** Prints the choice of a plan's external values out of the packet's (`packetValues`) as `ext`. */
export function emitExternals(e: Emitter, indexes: readonly number[]): void {
  if (indexes.length === 0) return;
  e.line(`const ext = [${indexes.map((index) => `packetValues[${index}]`).join(', ')}];`);
}

function timeRuleOf(streamClass: StreamClass): TimeRule {
  const clock = streamClass.clockClass;
  if (clock === undefined) return { kind: 'none' };
  if (clock.frequencyHz === 1_000_000_000n) return { kind: 'nanoseconds' };
  return { kind: 'scaled', frequencyHz: Number(clock.frequencyHz) };
}
