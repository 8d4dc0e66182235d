/** Makes trace classes from short descriptions: packet headers, contexts and event headers as LTTng-UST has them. */
import { SpoorError, closestName } from '@spoor/base';
import type {
  ByteOrder,
  ClockClass,
  DisplayBase,
  EventClass,
  FieldClass,
  IntegerFieldClass,
  Role,
  StreamClass,
  StructureFieldClass,
  StructureMember,
  TraceClass,
} from './model.ts';
import { alignmentOf } from './field-classes.ts';

const shortNames = ['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64', 'f32', 'f64', 'string'] as const;

/** A field by the short name of its type, or any field class. */
export type FieldDescription = (typeof shortNames)[number] | FieldClass;

/** Fields of a structure, in order. */
export type FieldsDescription = { readonly [name: string]: FieldDescription };

/** An event class. */
export interface EventDescription {
  readonly name: string;
  /** Its place in the list by default. */
  readonly id?: bigint;
  readonly logLevel?: number;
  readonly fields?: FieldsDescription;
  readonly context?: FieldsDescription;
}

/** A stream class. */
export interface StreamDescription {
  /** Its place in the list by default. */
  readonly id?: bigint;
  readonly events: readonly EventDescription[];
  /** Members of the packet context after those with a role. */
  readonly packetContext?: FieldsDescription;
  /** Context that all events have. */
  readonly eventContext?: FieldsDescription;
}

/** A trace class. */
export interface TraceDescription {
  readonly byteOrder?: ByteOrder;
  /** Random if it is not given. */
  readonly uuid?: string;
  readonly environment?: Readonly<Record<string, string | number | bigint>>;
  /** The one clock; by default `monotonic`, 1 GHz, whose origin is the Unix epoch. */
  readonly clock?: Partial<ClockClass>;
  readonly streams: readonly StreamDescription[];
}

function integer(
  byteOrder: ByteOrder,
  lengthBits: number,
  signed: boolean,
  roles: readonly Role[] = [],
  clockName?: string,
): IntegerFieldClass {
  return {
    kind: 'integer',
    signed,
    lengthBits,
    byteOrder,
    alignmentBits: lengthBits % 8 === 0 ? 8 : 1,
    displayBase: 10 satisfies DisplayBase,
    roles,
    ...(clockName === undefined ? {} : { clockName }),
  };
}

function structure(members: readonly StructureMember[], least = 1): StructureFieldClass {
  const alignmentBits = members.reduce(
    (most, { fieldClass }) => Math.max(most, alignmentOf(fieldClass)),
    least,
  );
  return { kind: 'structure', members, alignmentBits };
}

/** Plain JavaScript and plug-ins are not told by the compiler. */
function unknownType(description: unknown, name: string): never {
  const meant = typeof description === 'string' ? closestName(description, shortNames) : undefined;
  const shown = typeof description === 'string' ? JSON.stringify(description) : `a ${typeof description}`;
  throw new SpoorError('ctf/field-type', `${shown} is not the type of a field`, {
    where: name,
    hint:
      meant === undefined ? `types are ${shortNames.join(', ')} and field classes` : `did you mean ${meant}?`,
  });
}

/**
 * The field class of a description: byte-aligned, in the trace's byte order.
 * @param name of the field, for messages.
 * @throws SpoorError `ctf/field-type` for what is not the name of a type.
 */
function fieldClassOf(description: FieldDescription, byteOrder: ByteOrder, name: string): FieldClass {
  if (typeof description === 'object' && description !== null) return description;
  if (!shortNames.includes(description)) unknownType(description, name);
  if (description === 'string') return { kind: 'string', encoding: 'utf-8' };
  const lengthBits = Number(description.slice(1));
  if (description.startsWith('f')) {
    return { kind: 'float', lengthBits: lengthBits === 32 ? 32 : 64, byteOrder, alignmentBits: 8 };
  }
  return integer(byteOrder, lengthBits, description.startsWith('i'));
}

function membersOf(fields: FieldsDescription, byteOrder: ByteOrder): readonly StructureMember[] {
  return Object.entries(fields).map(([name, description]) => ({
    name,
    fieldClass: fieldClassOf(description, byteOrder, name),
  }));
}

/** LTTng's compact header: an id of 5 bits with 27 bits of clock, or a whole id with the whole clock. */
function compactHeader(byteOrder: ByteOrder, clockName: string): StructureFieldClass {
  const timestamp = (lengthBits: number): StructureMember => ({
    name: 'timestamp',
    fieldClass: integer(byteOrder, lengthBits, false, ['default-clock-timestamp'], clockName),
  });
  const compact = [{ lower: 0n, upper: 30n }];
  const extended = [{ lower: 31n, upper: 31n }];
  const id = integer(byteOrder, 5, false, ['event-record-class-id']);
  const mappings = [
    { label: 'compact', ranges: compact },
    { label: 'extended', ranges: extended },
  ];
  const wholeId = integer(byteOrder, 32, false, ['event-record-class-id']);
  return structure(
    [
      { name: 'id', fieldClass: { ...id, mappings } },
      {
        name: 'v',
        fieldClass: {
          kind: 'variant',
          selectorLocation: { scope: 'event-header', path: ['id'] },
          options: [
            { name: 'compact', ranges: compact, fieldClass: structure([timestamp(27)]) },
            {
              name: 'extended',
              ranges: extended,
              fieldClass: structure([{ name: 'id', fieldClass: wholeId }, timestamp(64)]),
            },
          ],
        },
      },
    ],
    8,
  );
}

function streamOf(
  description: StreamDescription,
  index: number,
  byteOrder: ByteOrder,
  clockClass: ClockClass,
): StreamClass {
  const field = (name: string, role: Role, clockName?: string): StructureMember => ({
    name,
    fieldClass: integer(byteOrder, 64, false, [role], clockName),
  });
  const packetContext = structure([
    field('timestamp_begin', 'default-clock-timestamp', clockClass.name),
    field('timestamp_end', 'packet-end-default-clock-timestamp', clockClass.name),
    field('content_size', 'packet-content-length'),
    field('packet_size', 'packet-total-length'),
    field('packet_seq_num', 'packet-sequence-number'),
    field('events_discarded', 'discarded-event-record-counter-snapshot'),
    ...membersOf(description.packetContext ?? {}, byteOrder),
  ]);
  const { eventContext } = description;
  return {
    id: description.id ?? BigInt(index),
    packetContext,
    eventHeader: compactHeader(byteOrder, clockClass.name),
    ...(eventContext === undefined
      ? {}
      : { eventCommonContext: structure(membersOf(eventContext, byteOrder)) }),
    clockClass,
    eventClasses: description.events.map((event, eventIndex): EventClass => ({
      id: event.id ?? BigInt(eventIndex),
      name: event.name,
      ...(event.logLevel === undefined ? {} : { logLevel: event.logLevel }),
      ...(event.context === undefined
        ? {}
        : { specificContext: structure(membersOf(event.context, byteOrder)) }),
      payload: structure(membersOf(event.fields ?? {}, byteOrder)),
    })),
  };
}

/**
 * Makes the trace class of a description.
 * @throws SpoorError `ctf/field-type` for a field whose type does not exist.
 */
export function describeTrace(description: TraceDescription): TraceClass {
  const { byteOrder = 'le', uuid = crypto.randomUUID() } = description;
  const clockClass: ClockClass = {
    name: 'monotonic',
    frequencyHz: 1_000_000_000n,
    precisionTicks: 0n,
    offsetSeconds: 0n,
    offsetTicks: 0n,
    absolute: true,
    ...description.clock,
  };
  const uuidBytes: FieldClass = {
    kind: 'static-array',
    length: 16,
    element: integer(byteOrder, 8, false),
    alignmentBits: 8,
    roles: ['metadata-stream-uuid'],
  };
  const header = (name: string, lengthBits: number, role: Role): StructureMember => ({
    name,
    fieldClass: integer(byteOrder, lengthBits, false, [role]),
  });
  return {
    version: '1.8',
    uuid,
    byteOrder,
    environment: new Map(
      Object.entries(description.environment ?? {}).map(([key, value]) => [
        key,
        typeof value === 'number' ? BigInt(value) : value,
      ]),
    ),
    packetHeader: structure([
      header('magic', 32, 'packet-magic-number'),
      { name: 'uuid', fieldClass: uuidBytes },
      header('stream_id', 32, 'data-stream-class-id'),
      header('stream_instance_id', 64, 'data-stream-id'),
    ]),
    clockClasses: [clockClass],
    streamClasses: description.streams.map((stream, index) => streamOf(stream, index, byteOrder, clockClass)),
  };
}
