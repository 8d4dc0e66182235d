/** What a kernel trace looks like: LTTng's headers and contexts, and the events that were mapped. */
import type {
  ClockClass,
  EventClass,
  IntegerFieldClass,
  Role,
  StreamClass,
  StructureFieldClass,
  StructureMember,
  TraceClass,
} from '@spoor/ctf';
import type { ContextField } from '../contexts/context-fields.ts';
import type { MappedEvent, MappedField } from '../mapping/event-mapping.ts';
import { integer, structure, unsigned } from '../mapping/field-classes.ts';
import { lengthNameOf } from '../mapping/map-field.ts';

const clockName = 'monotonic';

/** What distinguishes one kernel trace from another. */
export interface KernelTraceFacts {
  readonly uuid: string;
  /** In the order in which it is written: {@link kernelEnvironment} makes it. */
  readonly environment: ReadonlyMap<string, string | bigint>;
  /** The kernel's boot id: clocks of one boot are the same clock. */
  readonly clockUuid?: string | undefined;
  /** From the Unix epoch to the origin of the monotonic clock. */
  readonly clockOffsetNs: bigint;
}

/** Which header events have: LTTng's for up to 31 classes, of 4 bytes, or the one for more, of 6. */
export type HeaderForm = 'compact' | 'large';

/** What tells a kernel's machine and its tracing; `undefined` where it is not known. */
export interface KernelIdentity {
  readonly hostname: string;
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  readonly machine: string;
}

/** The version of LTTng's kernel tracer whose names and types are followed. */
const followed = { major: 2n, minor: 13n, patchlevel: 9n };

/**
 * The environment by which readers know a kernel trace. Trace Compass wants `domain` and picks its layout by the
 * tracer's name and version; `spoor_*` say who it was in truth.
 */
export function kernelEnvironment(
  identity: KernelIdentity,
  more: Readonly<Record<string, string | bigint>> = {},
): ReadonlyMap<string, string | bigint> {
  return new Map<string, string | bigint>([
    ['hostname', identity.hostname],
    ['domain', 'kernel'],
    ['sysname', 'Linux'],
    ['kernel_release', identity.kernelRelease],
    ['kernel_version', identity.kernelVersion],
    ['tracer_name', 'lttng-modules'],
    ['tracer_major', followed.major],
    ['tracer_minor', followed.minor],
    ['tracer_patchlevel', followed.patchlevel],
    ['trace_buffering_scheme', 'global'],
    ['spoor_producer', 'spoor'],
    ['spoor_tracer', 'ftrace'],
    ['spoor_machine', identity.machine],
    ...Object.entries(more),
  ]);
}

/** The members that fields of an event become: sequences have their length before them. */
export function membersOf(fields: readonly MappedField[]): readonly StructureMember[] {
  return fields.flatMap(({ name, fieldClass, source }) => {
    const member = { name, fieldClass };
    if (fieldClass.kind !== 'dynamic-array') return [member];
    const lengthBytes = source.kind === 'task-numbers' ? 1 : 2;
    return [{ name: lengthNameOf(name), fieldClass: integer(lengthBytes, false) }, member];
  });
}

/** An event that does not come from records: its name and the members of its payload. */
export interface PlainEvent {
  readonly name: string;
  readonly members: readonly StructureMember[];
}

function eventClassOf(name: string, members: readonly StructureMember[], id: number): EventClass {
  return { id: BigInt(id), name, payload: structure(members) };
}

/**
 * The trace class of a kernel trace: stream class 0 is that of the processors, ids of its events are their places in
 * `events`; stream class 1 has `more`, in the same way and without contexts, if there are any.
 */
export function kernelTraceClass(
  facts: KernelTraceFacts,
  events: readonly MappedEvent[],
  header: HeaderForm,
  contexts: readonly ContextField[],
  more: readonly PlainEvent[] = [],
): TraceClass {
  const clock: ClockClass = {
    name: clockName,
    ...(facts.clockUuid === undefined ? {} : { uuid: facts.clockUuid }),
    description: 'Monotonic Clock',
    frequencyHz: 1_000_000_000n,
    precisionTicks: 1n,
    offsetSeconds: 0n,
    offsetTicks: facts.clockOffsetNs,
    // As in our other traces, so that both are read as one.
    absolute: true,
  };
  return {
    version: '1.8',
    uuid: facts.uuid,
    byteOrder: 'le',
    environment: facts.environment,
    packetHeader: structure([
      { name: 'magic', fieldClass: unsigned(32, ['packet-magic-number']) },
      {
        name: 'uuid',
        fieldClass: {
          kind: 'static-array',
          length: 16,
          element: integer(1, false),
          alignmentBits: 8,
          roles: ['metadata-stream-uuid'],
        },
      },
      { name: 'stream_id', fieldClass: unsigned(32, ['data-stream-class-id']) },
      { name: 'stream_instance_id', fieldClass: unsigned(64, ['data-stream-id']) },
    ]),
    clockClasses: [clock],
    streamClasses: [
      {
        ...streamClass(0n, header, clock),
        ...(contexts.length === 0
          ? {}
          : {
              eventCommonContext: structure(contexts.map(({ name, fieldClass }) => ({ name, fieldClass }))),
            }),
        eventClasses: events.map((event, id) => eventClassOf(event.name, membersOf(event.fields), id)),
      },
      ...(more.length === 0
        ? []
        : [
            {
              ...streamClass(1n, 'compact', clock),
              eventClasses: more.map(({ name, members }, id) => eventClassOf(name, members, id)),
            },
          ]),
    ],
  };
}

function streamClass(
  id: bigint,
  header: HeaderForm,
  clockClass: ClockClass,
): Omit<StreamClass, 'eventClasses'> {
  return {
    id,
    packetContext: structure([
      { name: 'timestamp_begin', fieldClass: stamp(64, ['default-clock-timestamp']) },
      { name: 'timestamp_end', fieldClass: stamp(64, ['packet-end-default-clock-timestamp']) },
      { name: 'content_size', fieldClass: unsigned(64, ['packet-content-length']) },
      { name: 'packet_size', fieldClass: unsigned(64, ['packet-total-length']) },
      { name: 'packet_seq_num', fieldClass: unsigned(64, ['packet-sequence-number']) },
      { name: 'events_discarded', fieldClass: unsigned(64, ['discarded-event-record-counter-snapshot']) },
      { name: 'cpu_id', fieldClass: unsigned(32, []) },
    ]),
    eventHeader: header === 'compact' ? headerOf(5, 27) : headerOf(16, 32),
    clockClass,
  };
}

function stamp(lengthBits: number, roles: readonly Role[]): IntegerFieldClass {
  return { ...unsigned(lengthBits, roles), clockName };
}

function headerOf(idBits: 5 | 16, timeBits: 27 | 32): StructureFieldClass {
  const last = 2n ** BigInt(idBits) - 1n;
  const compact = { lower: 0n, upper: last - 1n };
  const extended = { lower: last, upper: last };
  const alignmentBits = idBits === 5 ? 1 : 8;
  return structure([
    {
      name: 'id',
      fieldClass: {
        ...unsigned(idBits, ['event-record-class-id']),
        alignmentBits,
        mappings: [
          { label: 'compact', ranges: [compact] },
          { label: 'extended', ranges: [extended] },
        ],
      },
    },
    {
      name: 'v',
      fieldClass: {
        kind: 'variant',
        selectorLocation: { scope: 'event-header', path: ['id'] },
        options: [
          {
            name: 'compact',
            ranges: [compact],
            fieldClass: structure(
              [
                {
                  name: 'timestamp',
                  fieldClass: { ...stamp(timeBits, ['default-clock-timestamp']), alignmentBits },
                },
              ],
              alignmentBits,
            ),
          },
          {
            name: 'extended',
            ranges: [extended],
            fieldClass: structure([
              { name: 'id', fieldClass: unsigned(32, ['event-record-class-id']) },
              { name: 'timestamp', fieldClass: stamp(64, ['default-clock-timestamp']) },
            ]),
          },
        ],
      },
    },
  ]);
}
