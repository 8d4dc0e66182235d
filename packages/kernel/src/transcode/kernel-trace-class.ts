/** What a kernel trace looks like: LTTng's headers and contexts, and the events that were mapped. */
import {
  lttngEventHeader,
  lttngPacketContext,
  lttngPacketHeader,
  monotonicClock,
  structureClass,
  unsignedClass,
  type ClockClass,
  type EventClass,
  type LttngHeaderForm,
  type MonotonicClockFacts,
  type StreamClass,
  type StructureMember,
  type TraceClass,
} from '@spoor/ctf';
import { stackLengthName, type ContextField } from '../contexts/context-fields.ts';
import type { MappedEvent, MappedField } from '../mapping/event-mapping.ts';
import { integer } from '../mapping/field-classes.ts';
import { lengthNameOf } from '../mapping/map-field.ts';

/** What distinguishes one kernel trace from another. */
export interface KernelTraceFacts extends MonotonicClockFacts {
  readonly uuid: string;
  /** In the order in which it is written: {@link kernelEnvironment} makes it. */
  readonly environment: ReadonlyMap<string, string | bigint>;
}

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
function membersOf(fields: readonly MappedField[]): readonly StructureMember[] {
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
  /** Members of its context, where it has one of its own. */
  readonly context?: readonly StructureMember[];
}

function eventClassOf({ name, members, context }: PlainEvent, id: number): EventClass {
  return {
    id: BigInt(id),
    name,
    payload: structureClass(members),
    ...(context === undefined ? {} : { specificContext: structureClass(context) }),
  };
}

/**
 * The trace class of a kernel trace: the first stream class is that of the processors, ids of its events are their places
 * in `events`; stream class 1 has `more`, in the same way and without contexts, if there are any.
 * @param streamId of the first stream class; anything but 1.
 */
export function kernelTraceClass(
  facts: KernelTraceFacts,
  events: readonly MappedEvent[],
  header: LttngHeaderForm,
  contexts: readonly ContextField[],
  more: readonly PlainEvent[] = [],
  streamId = 0,
): TraceClass {
  const clock = monotonicClock(facts);
  return {
    version: '1.8',
    uuid: facts.uuid,
    byteOrder: 'le',
    environment: facts.environment,
    packetHeader: lttngPacketHeader([
      { name: 'stream_instance_id', fieldClass: unsignedClass(64, ['data-stream-id']) },
    ]),
    clockClasses: [clock],
    streamClasses: [
      {
        ...streamClass(BigInt(streamId), header, clock),
        ...(contexts.length === 0
          ? {}
          : {
              eventCommonContext: structureClass(
                contexts.flatMap(({ name, fieldClass, source }) => [
                  ...(source.kind === 'stack'
                    ? [{ name: stackLengthName(name), fieldClass: integer(4, false) }]
                    : []),
                  { name, fieldClass },
                ]),
              ),
            }),
        eventClasses: events.map((event, id) =>
          eventClassOf({ name: event.name, members: membersOf(event.fields) }, id),
        ),
      },
      ...(more.length === 0
        ? []
        : [
            {
              ...streamClass(1n, 'compact', clock),
              eventClasses: more.map(eventClassOf),
            },
          ]),
    ],
  };
}

function streamClass(
  id: bigint,
  header: LttngHeaderForm,
  clockClass: ClockClass,
): Omit<StreamClass, 'eventClasses'> {
  return {
    id,
    packetContext: lttngPacketContext(),
    eventHeader: lttngEventHeader(header),
    clockClass,
  };
}
