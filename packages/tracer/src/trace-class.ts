// What this tracer's traces look like, as a CTF trace class: docs/design/formats.md, "Traces that Spoor records".
import type {
  EventClass,
  IntegerFieldClass,
  Role,
  StreamClass,
  StructureFieldClass,
  StructureMember,
  TraceClass,
} from '@spoor/ctf';
import type { Declaration } from './declaration.ts';
import { membersClass, structure, unsigned } from './field-classes.ts';

const CLOCK_NAME = 'monotonic';

/** What distinguishes the trace of one process. */
export interface TraceFacts {
  readonly uuid: string;
  readonly environment: ReadonlyMap<string, string | bigint>;
  /** The kernel's boot id: clocks of one boot are the same clock. */
  readonly clockUuid: string | undefined;
  /** From the Unix epoch to the origin of the monotonic clock. */
  readonly clockOffsetNs: bigint;
}

/** The trace class of a process's trace: without event classes, and with one stream class of no contexts. */
export function makeTraceClass(facts: TraceFacts): TraceClass {
  const clock = makeClock(facts);
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
          element: unsigned(8, []),
          alignmentBits: 8,
          roles: ['metadata-stream-uuid'],
        },
      },
      { name: 'stream_id', fieldClass: unsigned(32, ['data-stream-class-id']) },
    ]),
    clockClasses: [clock],
    streamClasses: [makeStreamClass(0, [], clock)],
  };
}

/** The stream class of a channel whose events have these members in their common context. */
export function makeStreamClass(
  id: number,
  contexts: readonly StructureMember[],
  clock?: TraceClass['clockClasses'][number],
): StreamClass {
  return {
    id: BigInt(id),
    packetContext: structure([
      { name: 'timestamp_begin', fieldClass: clocked(64, ['default-clock-timestamp']) },
      { name: 'timestamp_end', fieldClass: clocked(64, ['packet-end-default-clock-timestamp']) },
      { name: 'content_size', fieldClass: unsigned(64, ['packet-content-length']) },
      { name: 'packet_size', fieldClass: unsigned(64, ['packet-total-length']) },
      { name: 'packet_seq_num', fieldClass: unsigned(64, ['packet-sequence-number']) },
      {
        name: 'events_discarded',
        fieldClass: unsigned(64, ['discarded-event-record-counter-snapshot']),
      },
      { name: 'cpu_id', fieldClass: unsigned(32, []) },
      { name: 'vtid', fieldClass: unsigned(32, []) },
    ]),
    eventHeader: eventHeader(),
    ...(contexts.length === 0 ? {} : { eventCommonContext: structure(contexts) }),
    ...(clock === undefined ? {} : { clockClass: clock }),
    eventClasses: [],
  };
}

function makeClock(facts: TraceFacts): TraceClass['clockClasses'][number] {
  return {
    name: CLOCK_NAME,
    ...(facts.clockUuid === undefined ? {} : { uuid: facts.clockUuid }),
    description: 'Monotonic Clock',
    frequencyHz: 1_000_000_000n,
    precisionTicks: 1n,
    offsetSeconds: 0n,
    offsetTicks: facts.clockOffsetNs,
    // babeltrace2 takes LTTng's clocks as absolute: said here, both kinds of traces can be read as one.
    absolute: true,
  };
}

/** The event class of a declaration. */
export function makeEventClass(declaration: Declaration, id: number): EventClass {
  return {
    id: BigInt(id),
    name: declaration.name,
    logLevel: declaration.logLevel,
    payload: membersClass(declaration.fields, []),
  };
}

/** LTTng's compact header: 5-bit id and the low 27 bits of the time, or id 31 and both in full. */
function eventHeader(): StructureFieldClass {
  const compact = { lower: 0n, upper: 30n };
  const extended = { lower: 31n, upper: 31n };
  const packed = (lengthBits: number, roles: readonly Role[]): IntegerFieldClass => ({
    ...unsigned(lengthBits, roles),
    alignmentBits: 1,
  });
  return structure([
    {
      name: 'id',
      fieldClass: {
        ...packed(5, ['event-record-class-id']),
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
                  fieldClass: { ...packed(27, ['default-clock-timestamp']), clockName: CLOCK_NAME },
                },
              ],
              1,
            ),
          },
          {
            name: 'extended',
            ranges: [extended],
            fieldClass: structure([
              { name: 'id', fieldClass: unsigned(32, ['event-record-class-id']) },
              { name: 'timestamp', fieldClass: clocked(64, ['default-clock-timestamp']) },
            ]),
          },
        ],
      },
    },
  ]);
}

function clocked(lengthBits: number, roles: readonly Role[]): IntegerFieldClass {
  return { ...unsigned(lengthBits, roles), clockName: CLOCK_NAME };
}
