/** The parts that streams of LTTng's tracers have before the fields of their events: clock, headers, packet context. */
import type { ClockClass, IntegerFieldClass, Role, StructureFieldClass, StructureMember } from './model.ts';

/** What one machine's boot says of its monotonic clock. */
export interface MonotonicClockFacts {
  /** The kernel's boot id: clocks of one boot are the same clock. */
  readonly clockUuid?: string | undefined;
  /** From the Unix epoch to the origin of the clock. */
  readonly clockOffsetNs: bigint;
}

/** Names of event header forms: LTTng's for up to 31 classes, of 4 bytes, or the one for more, of 6. */
export type LttngHeaderForm = 'compact' | 'large';

const clockName = 'monotonic';

/** A structure on byte boundaries. */
export function structureClass(members: readonly StructureMember[], alignmentBits = 8): StructureFieldClass {
  return { kind: 'structure', members, alignmentBits };
}

/** An unsigned little-endian number on a byte boundary that may mean something to decoders. */
export function unsignedClass(lengthBits: number, roles: readonly Role[]): IntegerFieldClass {
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
  return { ...unsignedClass(lengthBits, roles), clockName };
}

/** LTTng's clock. */
export function monotonicClock({ clockUuid, clockOffsetNs }: MonotonicClockFacts): ClockClass {
  return {
    name: clockName,
    ...(clockUuid === undefined ? {} : { uuid: clockUuid }),
    description: 'Monotonic Clock',
    frequencyHz: 1_000_000_000n,
    precisionTicks: 1n,
    offsetSeconds: 0n,
    offsetTicks: clockOffsetNs,
    // babeltrace2 takes LTTng's clocks as absolute: said here, traces of both kinds can be read as one.
    absolute: true,
  };
}

/** LTTng's packet header, with the members of `more` at its end. */
export function lttngPacketHeader(more: readonly StructureMember[] = []): StructureFieldClass {
  return structureClass([
    { name: 'magic', fieldClass: unsignedClass(32, ['packet-magic-number']) },
    {
      name: 'uuid',
      fieldClass: {
        kind: 'static-array',
        length: 16,
        element: unsignedClass(8, []),
        alignmentBits: 8,
        roles: ['metadata-stream-uuid'],
      },
    },
    { name: 'stream_id', fieldClass: unsignedClass(32, ['data-stream-class-id']) },
    ...more,
  ]);
}

/** LTTng's packet context, with the members of `more` at its end. */
export function lttngPacketContext(more: readonly StructureMember[] = []): StructureFieldClass {
  return structureClass([
    { name: 'timestamp_begin', fieldClass: clocked(64, ['default-clock-timestamp']) },
    { name: 'timestamp_end', fieldClass: clocked(64, ['packet-end-default-clock-timestamp']) },
    { name: 'content_size', fieldClass: unsignedClass(64, ['packet-content-length']) },
    { name: 'packet_size', fieldClass: unsignedClass(64, ['packet-total-length']) },
    { name: 'packet_seq_num', fieldClass: unsignedClass(64, ['packet-sequence-number']) },
    { name: 'events_discarded', fieldClass: unsignedClass(64, ['discarded-event-record-counter-snapshot']) },
    { name: 'cpu_id', fieldClass: unsignedClass(32, []) },
    ...more,
  ]);
}

/** LTTng's event header: id and the low bits of the time, or the greatest id, and then both in full. */
export function lttngEventHeader(form: LttngHeaderForm): StructureFieldClass {
  const [idBits, timeBits, alignmentBits] = form === 'compact' ? [5, 27, 1] : [16, 32, 8];
  const last = 2n ** BigInt(idBits) - 1n;
  const compact = { lower: 0n, upper: last - 1n };
  const extended = { lower: last, upper: last };
  return structureClass([
    {
      name: 'id',
      fieldClass: {
        ...unsignedClass(idBits, ['event-record-class-id']),
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
            fieldClass: structureClass(
              [
                {
                  name: 'timestamp',
                  fieldClass: { ...clocked(timeBits, ['default-clock-timestamp']), alignmentBits },
                },
              ],
              alignmentBits,
            ),
          },
          {
            name: 'extended',
            ranges: [extended],
            fieldClass: structureClass([
              { name: 'id', fieldClass: unsignedClass(32, ['event-record-class-id']) },
              { name: 'timestamp', fieldClass: clocked(64, ['default-clock-timestamp']) },
            ]),
          },
        ],
      },
    },
  ]);
}
