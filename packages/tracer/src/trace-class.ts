// What this tracer's traces look like, as a CTF trace class: docs/design/formats.md, "Traces that Spoor records".
import type {
  EventClass,
  FieldClass,
  FieldLocation,
  IntegerFieldClass,
  Role,
  StructureFieldClass,
  StructureMember,
  TraceClass,
} from '@spoor/ctf';
import type { Declaration, FieldPlan, IntegerPlan, Plan, ScalarPlan } from './declaration.ts';

/** All streams of a trace are of this class. */
export const STREAM_CLASS_ID = 0;
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

/** The trace class of a process's trace, without its event classes. */
export function makeTraceClass(facts: TraceFacts): TraceClass {
  const clock = {
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
          element: unsigned(8, ['metadata-stream-uuid']),
          alignmentBits: 8,
        },
      },
      { name: 'stream_id', fieldClass: unsigned(32, ['data-stream-class-id']) },
    ]),
    clockClasses: [clock],
    streamClasses: [
      {
        id: BigInt(STREAM_CLASS_ID),
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
        clockClass: clock,
        eventClasses: [],
      },
    ],
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

function structure(members: readonly StructureMember[], alignmentBits = 8): StructureFieldClass {
  return { kind: 'structure', members, alignmentBits };
}

function unsigned(lengthBits: number, roles: readonly Role[]): IntegerFieldClass {
  return {
    kind: 'integer',
    signed: false,
    lengthBits,
    byteOrder: 'le',
    alignmentBits: 8,
    displayBase: 10,
    roles,
  };
}

function clocked(lengthBits: number, roles: readonly Role[]): IntegerFieldClass {
  return { ...unsigned(lengthBits, roles), clockName: CLOCK_NAME };
}

function membersClass(fields: readonly FieldPlan[], path: readonly string[]): StructureFieldClass {
  const members = fields.flatMap(({ name, plan }): StructureMember[] => {
    if (plan.kind !== 'sequence') return [{ name, fieldClass: fieldClass(plan, [...path, name]) }];
    const lengthName = `_${name}_length`;
    const lengthLocation: FieldLocation = { scope: 'event-payload', path: [...path, lengthName] };
    return [
      { name: lengthName, fieldClass: unsigned(32, []) },
      {
        name,
        fieldClass: {
          kind: 'dynamic-array',
          lengthLocation,
          element: scalarClass(plan.element),
          alignmentBits: 8,
        },
      },
    ];
  });
  return structure(members, members.length === 0 ? 1 : 8);
}

function fieldClass(plan: Exclude<Plan, { kind: 'sequence' }>, path: readonly string[]): FieldClass {
  switch (plan.kind) {
    case 'integer':
    case 'float':
    case 'string':
      return scalarClass(plan);
    case 'array':
      return {
        kind: 'static-array',
        length: plan.length,
        element: scalarClass(plan.element),
        alignmentBits: 8,
      };
    case 'struct':
      return membersClass(plan.members, path);
    default:
      return plan satisfies never;
  }
}

function scalarClass(plan: ScalarPlan): FieldClass {
  switch (plan.kind) {
    case 'integer':
      return integerClass(plan);
    case 'float':
      return { kind: 'float', lengthBits: plan.bits, byteOrder: 'le', alignmentBits: 8 };
    case 'string':
      return { kind: 'string', encoding: 'utf-8' };
    default:
      return plan satisfies never;
  }
}

function integerClass({ bits, signed, displayBase, labels }: IntegerPlan): IntegerFieldClass {
  return {
    ...unsigned(bits, []),
    signed,
    displayBase,
    ...(labels === undefined
      ? {}
      : {
          mappings: [...labels].map(([label, [lower, upper]]) => ({
            label,
            ranges: [{ lower: BigInt(lower), upper: BigInt(upper) }],
          })),
        }),
  };
}
