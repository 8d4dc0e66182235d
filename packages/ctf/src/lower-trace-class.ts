/** Makes a trace class that only CTF 2 has words for one of CTF 1.8; see lower-field-class.ts for its fields. */
import { alignmentOf, childrenOf } from './field-classes.ts';
import type { EventValues } from './encode-values.ts';
import { FieldLowerer, type ConvertValue, type Lowered, type SavedValues } from './lower-field-class.ts';
import { uniqueName, withSingleRoles } from './lower-names.ts';
import type {
  ClockClass,
  EventClass,
  FieldClass,
  Scope,
  StreamClass,
  StructureFieldClass,
  TraceClass,
} from './model.ts';
import type { PacketValues } from './stream-encoder.ts';
import { isName } from './tsdl-names.ts';

/** What becomes of the events of one class. */
export interface LoweredEvent {
  readonly sameBody: boolean;
  convert(values: EventValues, saved: SavedValues): EventValues;
}

/** A stream class lowered. */
export interface LoweredStream {
  readonly streamClass: StreamClass;
  readonly samePackets: boolean;
  readonly events: readonly LoweredEvent[];
  convertPacket(values: PacketValues, saved: SavedValues): PacketValues;
}

/** A trace class lowered. */
export interface LoweredTrace {
  readonly traceClass: TraceClass;
  readonly streams: readonly LoweredStream[];
}

interface LoweredScope {
  readonly structure: StructureFieldClass | undefined;
  readonly convert: ConvertValue | undefined;
  readonly same: boolean;
}

type Values = { readonly [member: string]: unknown };

/** Whether a field class, or one in it, is of a kind that only CTF 2 has. */
function isNew(fieldClass: FieldClass): boolean {
  switch (fieldClass.kind) {
    case 'integer':
      if (fieldClass.variableLength !== undefined || fieldClass.reversed !== undefined) return true;
      break;
    case 'float':
      if (fieldClass.reversed !== undefined) return true;
      break;
    case 'string':
      if (fieldClass.encoding !== 'utf-8' && fieldClass.encoding !== 'ascii') return true;
      break;
    case 'bit-array':
    case 'boolean':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
    case 'optional':
      return true;
    case 'static-array':
    case 'dynamic-array':
      if (fieldClass.alignmentBits !== alignmentOf(fieldClass.element)) return true;
      break;
    case 'structure':
    case 'variant':
      break;
    default:
      fieldClass satisfies never;
  }
  return childrenOf(fieldClass).some(isNew);
}

function* scopesOf(traceClass: TraceClass): Generator<StructureFieldClass> {
  const { packetHeader, streamClasses } = traceClass;
  if (packetHeader !== undefined) yield packetHeader;
  for (const { packetContext, eventHeader, eventCommonContext, eventClasses } of streamClasses) {
    if (packetContext !== undefined) yield packetContext;
    if (eventHeader !== undefined) yield eventHeader;
    if (eventCommonContext !== undefined) yield eventCommonContext;
    for (const { specificContext, payload } of eventClasses) {
      if (specificContext !== undefined) yield specificContext;
      if (payload !== undefined) yield payload;
    }
  }
}

/** Whether CTF 1.8 may lack words for a trace class: it is of CTF 2, or made by a program with field classes of CTF 2. */
export function needsLowering(traceClass: TraceClass): boolean {
  if (traceClass.version === '2') return true;
  for (const structure of scopesOf(traceClass)) if (isNew(structure)) return true;
  return false;
}

/** The same structure, its integers mapped to the clocks by their new names. */
function withClockNames(
  fieldClass: StructureFieldClass,
  names: ReadonlyMap<string, string>,
): StructureFieldClass {
  const visit = (inner: FieldClass): FieldClass => {
    switch (inner.kind) {
      case 'integer':
        return inner.clockName === undefined
          ? inner
          : { ...inner, clockName: names.get(inner.clockName) ?? inner.clockName };
      case 'structure':
        return withClockNames(inner, names);
      case 'static-array':
      case 'dynamic-array':
        return { ...inner, element: visit(inner.element) };
      case 'variant':
        return {
          ...inner,
          options: inner.options.map((option) => ({ ...option, fieldClass: visit(option.fieldClass) })),
        };
      case 'optional':
        return { ...inner, fieldClass: visit(inner.fieldClass) };
      case 'float':
      case 'bit-array':
      case 'boolean':
      case 'string':
      case 'static-string':
      case 'dynamic-string':
      case 'static-blob':
      case 'dynamic-blob':
        return inner;
      default:
        return inner satisfies never;
    }
  };
  const members = fieldClass.members.map((member) => ({ ...member, fieldClass: visit(member.fieldClass) }));
  return { ...fieldClass, members };
}

class TraceLowerer {
  private readonly traceClass: TraceClass;
  private readonly fields: FieldLowerer;
  /** Clocks by the names that they had. */
  private readonly clocks: ReadonlyMap<string, ClockClass>;
  private readonly clockNames: ReadonlyMap<string, string>;

  constructor(traceClass: TraceClass) {
    this.traceClass = traceClass;
    this.fields = new FieldLowerer(traceClass.byteOrder);
    for (const structure of scopesOf(traceClass)) this.fields.targets.addSelectors(structure);
    const taken = new Set<string>();
    this.clocks = new Map(
      traceClass.clockClasses.map((clock) => [
        clock.name,
        loweredClock(clock, uniqueName(isName(clock.name) ? clock.name : `clock_${clock.name}`, taken)),
      ]),
    );
    this.clockNames = new Map(Array.from(this.clocks, ([before, { name }]) => [before, name]));
  }

  lower(): LoweredTrace {
    const { uuid, metadataUuid, byteOrder, environment, packetHeader, streamClasses } = this.traceClass;
    const header = this.scope('packet-header', packetHeader);
    const streams = streamClasses.map((stream) => this.stream(stream, header));
    const traceUuid = metadataUuid ?? uuid;
    return {
      traceClass: {
        version: '1.8',
        ...(traceUuid === undefined ? {} : { uuid: traceUuid }),
        byteOrder,
        environment,
        ...(header.structure === undefined ? {} : { packetHeader: header.structure }),
        clockClasses: [...this.clocks.values()],
        streamClasses: streams.map(({ streamClass }) => streamClass),
      },
      streams,
    };
  }

  private scope(scope: Scope, structure: StructureFieldClass | undefined): LoweredScope {
    this.fields.targets.begin(scope);
    if (structure === undefined) return { structure: undefined, convert: undefined, same: true };
    const named = withClockNames(structure, this.clockNames);
    let lowered: Lowered;
    if (scope === 'packet-header' || scope === 'packet-context') {
      const single = withSingleRoles(scope, named);
      lowered = this.fields.structure(single.structure, single.more);
    } else {
      lowered = this.fields.structure(named);
    }
    return {
      structure: lowered.fieldClass as StructureFieldClass,
      convert: lowered.convert,
      same: lowered.same,
    };
  }

  private stream(stream: StreamClass, packetHeader: LoweredScope): LoweredStream {
    const context = this.scope('packet-context', stream.packetContext);
    const header = this.scope('event-header', stream.eventHeader);
    const common = this.scope('event-common-context', stream.eventCommonContext);
    const events = stream.eventClasses.map((event) => this.event(event, header, common));
    const clock = stream.clockClass === undefined ? undefined : this.clocks.get(stream.clockClass.name);
    return {
      streamClass: {
        id: stream.id,
        ...(context.structure === undefined ? {} : { packetContext: context.structure }),
        ...(header.structure === undefined ? {} : { eventHeader: header.structure }),
        ...(common.structure === undefined ? {} : { eventCommonContext: common.structure }),
        ...(clock === undefined ? {} : { clockClass: clock }),
        eventClasses: events.map(({ eventClass }) => eventClass),
      },
      samePackets:
        packetHeader.same && context.same && header.same && events.every(({ sameBody }) => sameBody),
      events,
      convertPacket: (values, saved) => ({
        ...converted('header', packetHeader.convert, values.header, saved),
        ...converted('context', context.convert, values.context, saved),
      }),
    };
  }

  private event(
    event: EventClass,
    header: LoweredScope,
    common: LoweredScope,
  ): LoweredEvent & { readonly eventClass: EventClass } {
    const specific = this.scope('event-specific-context', event.specificContext);
    const payload = this.scope('event-payload', event.payload);
    const { id, name, logLevel, emfUri } = event;
    return {
      eventClass: {
        id,
        // As babeltrace2 does.
        name: name === '' && this.traceClass.version === '2' ? 'unknown' : name,
        ...(logLevel === undefined ? {} : { logLevel }),
        ...(emfUri === undefined ? {} : { emfUri }),
        ...(specific.structure === undefined ? {} : { specificContext: specific.structure }),
        ...(payload.structure === undefined ? {} : { payload: payload.structure }),
      },
      sameBody: common.same && specific.same && payload.same,
      convert: (values, saved) =>
        ({
          ...converted('header', header.convert, values.header, saved),
          ...converted('commonContext', common.convert, values.commonContext, saved),
          ...converted('specificContext', specific.convert, values.specificContext, saved),
          ...converted('payload', payload.convert, values.payload, saved),
        }) as EventValues,
    };
  }
}

function converted(
  key: string,
  convert: ConvertValue | undefined,
  values: Values | undefined,
  saved: SavedValues,
): { readonly [key: string]: unknown } {
  if (values === undefined) return {};
  return { [key]: convert === undefined ? values : convert(values, saved) };
}

function loweredClock(clock: ClockClass, name: string): ClockClass {
  const { uuid, description, frequencyHz, precisionTicks, offsetSeconds, offsetTicks, absolute } = clock;
  return {
    name,
    ...(uuid === undefined ? {} : { uuid }),
    ...(description === undefined ? {} : { description }),
    frequencyHz,
    precisionTicks,
    offsetSeconds,
    offsetTicks,
    absolute,
  };
}

/**
 * The trace class as one of CTF 1.8. Identities, attributes and origins of clocks are lost, roles are said by names.
 * @throws SpoorError `ctf/not-expressible`, with `where` as the scope and the names that lead to the field.
 */
export function lowerTraceClass(traceClass: TraceClass): LoweredTrace {
  return new TraceLowerer(traceClass).lower();
}
