/**
 * Encodes the packets and events of one stream class: the opposite of stream-decoder.ts. Plans are made once, code at
 * first use (or the interpreter runs them, where no code may be made from text).
 */
import { SpoorError } from '@spoor/base';
import { packetPaddingBytes } from './bits.ts';
import { canCompile, compileFunction } from './compile.ts';
import { emitEncode, encodeParameters } from './emit-encode.ts';
import { Emitter } from './emitter.ts';
import type { HeaderForm, RoleValues } from './encode-rules.ts';
import type { EventValues } from './encode-values.ts';
import { childrenOf } from './field-classes.ts';
import { ValueBuilder, type FieldValue } from './field-value.ts';
import { headerForms } from './header-forms.ts';
import { encodeByPlan } from './interpret-encode.ts';
import { interpret } from './interpret.ts';
import type {
  ByteOrder,
  FieldClass,
  Role,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
} from './model.ts';
import type { Plan } from './plan.ts';
import { makePlan, type ScopeClass } from './planner.ts';
import type { DecoderOptions } from './stream-decoder.ts';

/**
 * Writes an event, header included.
 * @returns the position after it, or -1 when it goes beyond bit `end`.
 */
export type EncodeEvent = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  end: number,
  values: EventValues,
  ext: ArrayLike<number>,
  id: number,
  hi: number,
  lo: number,
) => number;

/** Members of a packet's header and context that have no role; absent ones are zero. */
export interface PacketValues {
  readonly header?: { readonly [member: string]: unknown };
  readonly context?: { readonly [member: string]: unknown };
}

function scopesOf(
  ...pairs: readonly (readonly [Scope, StructureFieldClass | undefined])[]
): readonly ScopeClass[] {
  return pairs.flatMap(([scope, fieldClass]) => (fieldClass === undefined ? [] : [{ scope, fieldClass }]));
}

/** The byte order of the first bit field of an event header, which says from which end bits of its bytes are counted. */
function bitOrderOf(fieldClass: FieldClass | undefined): ByteOrder | undefined {
  if (fieldClass === undefined) return undefined;
  if ('lengthBits' in fieldClass) return fieldClass.lengthBits % 8 === 0 ? undefined : fieldClass.byteOrder;
  for (const child of childrenOf(fieldClass)) {
    const order = bitOrderOf(child);
    if (order !== undefined) return order;
  }
  return undefined;
}

/** A form that can hold a class's id, and how many ticks it can tell: fewer than the limit. */
interface FittingForm {
  readonly form: number;
  readonly ticksLimit: number;
}

/** Encoder of the packets and events of one stream class. */
export class StreamEncoder {
  readonly streamClass: StreamClass;
  /** Ways to write an event header. */
  readonly forms: readonly HeaderForm[];
  /** Of the packet's header and context together. */
  readonly packetPlan: Plan;
  /** Ids of the event classes, as numbers. */
  readonly ids: readonly number[];
  /** Whether bits that share a byte are counted from its least significant one. */
  readonly countsFromLow: boolean;
  private readonly uuidMember: string | undefined;
  private readonly uuid: readonly number[];
  private readonly plans: (Plan | undefined)[] = [];
  private readonly events: EncodeEvent[][] = [];
  private readonly headers: (EncodeEvent | undefined)[] = [];
  private readonly fitting: (readonly FittingForm[] | undefined)[] = [];
  private readonly headerPlan: Plan;
  private readonly compiles: boolean;

  constructor(traceClass: TraceClass, streamClass: StreamClass, options: DecoderOptions = {}) {
    this.streamClass = streamClass;
    this.countsFromLow = (bitOrderOf(streamClass.eventHeader) ?? traceClass.byteOrder) === 'le';
    this.compiles = options.compile !== false && canCompile();
    this.forms = headerForms(streamClass.eventHeader, streamClass.eventClasses.length);
    this.ids = streamClass.eventClasses.map(({ id }) => Number(id));
    this.packetPlan = makePlan(
      `stream-${streamClass.id}/packet`,
      scopesOf(['packet-header', traceClass.packetHeader], ['packet-context', streamClass.packetContext]),
      64,
    );
    this.headerPlan = makePlan(
      `stream-${streamClass.id}/event header`,
      scopesOf(['event-header', streamClass.eventHeader]),
      1,
    );
    this.uuidMember = traceClass.packetHeader?.members.find(
      ({ fieldClass }) =>
        (fieldClass.kind === 'static-array' || fieldClass.kind === 'static-blob') &&
        (fieldClass.roles?.includes('metadata-stream-uuid') ?? false),
    )?.name;
    const digits = (traceClass.metadataUuid ?? traceClass.uuid ?? '0'.repeat(32)).replaceAll('-', '');
    this.uuid = Array.from({ length: 16 }, (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16));
  }

  /** Whether the packets say this. */
  hasRole(role: Role): boolean {
    return this.roleBits(role) > 0;
  }

  /** Bits of the field of a packet's header or context that has a role; 0 without one. */
  roleBits(role: Role): number {
    for (const { node } of this.packetPlan.scopes) {
      for (const { node: member } of node.members) {
        if (member.kind === 'integer' && member.fieldClass.roles.includes(role)) {
          return member.fieldClass.lengthBits;
        }
      }
    }
    return 0;
  }

  /** Writes header and context of a packet; returns the position after them, or -1 when there is no room. */
  encodePacket(bytes: Uint8Array, end: number, roles: RoleValues, values: PacketValues): number {
    const header =
      this.uuidMember === undefined ? values.header : { ...values.header, [this.uuidMember]: this.uuid };
    const scopes = { packetHeader: header, packetContext: values.context };
    return encodeByPlan(this.packetPlan, bytes, 0, end, scopes, { roles });
  }

  /** The plan of the events of a class, header first. */
  planOf(classIndex: number): Plan {
    const { eventHeader, eventCommonContext, eventClasses, id } = this.streamClass;
    const eventClass = eventClasses[classIndex]!;
    return (this.plans[classIndex] ??= makePlan(
      `stream-${id}/${eventClass.name}`,
      scopesOf(
        ['event-header', eventHeader],
        ['event-common-context', eventCommonContext],
        ['event-specific-context', eventClass.specificContext],
        ['event-payload', eventClass.payload],
      ),
      1,
    ));
  }

  /** What the events of a class refer to in the packet whose header and context `bytes` begins with. */
  externalsOf(classIndex: number, bytes: Uint8Array, end: number): readonly number[] {
    const { externals } = this.planOf(classIndex);
    if (externals.length === 0) return [];
    const padded =
      bytes.length * 8 >= end + packetPaddingBytes * 8 ? bytes : new Uint8Array(bytes.length + 64);
    if (padded !== bytes) padded.set(bytes);
    const builder = new ValueBuilder(padded);
    interpret(this.packetPlan, padded, 0, end, builder);
    return externals.map(({ location }) => {
      let value: FieldValue | undefined = builder.scopes[location.scope];
      for (const name of location.path) {
        value = (value as { readonly [member: string]: FieldValue } | undefined)?.[name];
      }
      return Number(value);
    });
  }

  /**
   * The form to write the header of an event of a class in.
   * @param ticks clock ticks since the event before.
   * @returns an index into `forms`, or -1.
   */
  formOf(classIndex: number, ticks: number): number {
    const fitting = (this.fitting[classIndex] ??= this.fittingForms(this.ids[classIndex]!));
    for (let index = 0; index < fitting.length; index++) {
      const { form, ticksLimit } = fitting[index]!;
      if (ticksLimit === Infinity || (ticks >= 0 && ticks < ticksLimit)) return form;
    }
    return -1;
  }

  private fittingForms(id: number): readonly FittingForm[] {
    return this.forms.flatMap(({ timestampBits, holdsId }, form) =>
      holdsId(id)
        ? [{ form, ticksLimit: timestampBits === 0 || timestampBits >= 64 ? Infinity : 2 ** timestampBits }]
        : [],
    );
  }

  /** @throws SpoorError `ctf/not-expressible` when no form of the header can hold the id. */
  checkId(id: number): void {
    if (this.forms.some(({ holdsId }) => holdsId(id))) return;
    throw new SpoorError(
      'ctf/not-expressible',
      `no event header of the stream can hold the event class id ${id}`,
    );
  }

  /** The encoder of a class's events in a form. */
  eventEncoder(classIndex: number, form: number): EncodeEvent {
    const forms = (this.events[classIndex] ??= []);
    return (forms[form] ??= this.make(this.planOf(classIndex), this.forms[form]));
  }

  /** The encoder of an event header alone. */
  headerEncoder(form: number): EncodeEvent {
    return (this.headers[form] ??= this.make(this.headerPlan, this.forms[form]));
  }

  private make(plan: Plan, form: HeaderForm | undefined): EncodeEvent {
    if (this.compiles) {
      const e = new Emitter();
      emitEncode(e, plan, form);
      return compileFunction(`${plan.name}/encode`, encodeParameters, e) as EncodeEvent;
    }
    return (bytes, _view, p, end, values, ext, id, hi, lo) =>
      encodeByPlan(plan, bytes, p, end, values as { readonly [scope: string]: unknown }, {
        externals: ext,
        roles: new Map([
          ['event-record-class-id', { hi: Math.floor(id / 0x1_0000_0000), lo: id >>> 0 }],
          ['default-clock-timestamp', { hi, lo }],
        ]),
        ...(form === undefined ? {} : { form }),
      });
  }
}
