/** Random trace classes that every reader of CTF 1.8 (or of CTF 2) knows, with events to write. */
import * as fc from 'fast-check';
import { describeTrace } from '../describe-trace.ts';
import type { FieldValue } from '../field-value.ts';
import type { ByteOrder, FieldClass, Mapping, StructureFieldClass, TraceClass } from '../model.ts';
import { alignmentOf } from '../field-classes.ts';
import { encodeRandom } from './encode-random.ts';
import { structures } from './random-model.ts';

/** An event to write. */
export interface RandomEvent {
  readonly stream: number;
  readonly name: string;
  readonly ticks: bigint;
  readonly payload: { readonly [member: string]: FieldValue };
  readonly commonContext: { readonly [member: string]: FieldValue };
}

/** A trace class and its events, in the order of their times. */
export interface RandomTrace {
  readonly traceClass: TraceClass;
  readonly packetSizeBytes: number;
  readonly streamCount: number;
  readonly events: readonly RandomEvent[];
}

/** The class with names that TSDL can say, and without what peers cannot read: wide integers, half floats. */
function expressible(fieldClass: FieldClass): FieldClass {
  switch (fieldClass.kind) {
    case 'integer': {
      const lengthBits = Math.min(64, fieldClass.lengthBits);
      const { mappings, ...rest } = fieldClass;
      const [least, most] = fieldClass.signed
        ? [-(1n << BigInt(lengthBits - 1)), (1n << BigInt(lengthBits - 1)) - 1n]
        : [0n, (1n << BigInt(lengthBits)) - 1n];
      // Of a label that is there twice, or beyond the integer, nothing is left.
      const kept = (mappings ?? []).filter(
        ({ label, ranges }, index) =>
          mappings!.findIndex((other) => other.label === label) === index &&
          ranges.every(({ lower, upper }) => lower >= least && upper <= most),
      );
      // babeltrace2 2.0.4 prints hexadecimal integers of 61 to 63 bits as 0.
      const displayBase =
        lengthBits > 60 && lengthBits < 64 && rest.displayBase === 16 ? 10 : rest.displayBase;
      return { ...rest, lengthBits, displayBase, ...(kept.length === 0 ? {} : { mappings: kept }) };
    }
    case 'float':
      return fieldClass.lengthBits === 16 ? { ...fieldClass, lengthBits: 32 } : fieldClass;
    case 'string':
      return fieldClass;
    case 'structure':
      return expressibleStructure(fieldClass);
    case 'static-array':
    case 'dynamic-array': {
      const element = expressible(fieldClass.element);
      const known = { ...fieldClass, element, alignmentBits: alignmentOf(element) };
      if (known.kind === 'static-array') return known;
      const { scope, path } = known.lengthLocation;
      return { ...known, lengthLocation: { scope, path: path.map(safeName) } };
    }
    case 'variant': {
      const { scope, path } = fieldClass.selectorLocation;
      return {
        ...fieldClass,
        selectorLocation: { scope, path: path.map(safeName) },
        options: fieldClass.options.map((option) => ({
          ...option,
          fieldClass: expressible(option.fieldClass),
        })),
      };
    }
    case 'bit-array': {
      const { lengthBits } = fieldClass;
      return { ...fieldClass, lengthBits: lengthBits > 60 && lengthBits < 64 ? 60 : lengthBits };
    }
    case 'boolean':
    case 'static-string':
    case 'static-blob':
      return fieldClass;
    case 'dynamic-string':
    case 'dynamic-blob': {
      const { scope, path } = fieldClass.lengthLocation;
      return { ...fieldClass, lengthLocation: { scope, path: path.map(safeName) } };
    }
    case 'optional': {
      const { scope, path } = fieldClass.selectorLocation;
      return {
        ...fieldClass,
        selectorLocation: { scope, path: path.map(safeName) },
        fieldClass: expressible(fieldClass.fieldClass),
      };
    }
    default: {
      const never: never = fieldClass;
      throw new TypeError(String(never));
    }
  }
}

function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9_]/g, '_');
}

function expressibleStructure(structure: StructureFieldClass): StructureFieldClass {
  const members = structure.members.map(({ name, fieldClass }) => ({
    name: safeName(name),
    fieldClass: expressible(fieldClass),
  }));
  for (const [index, { fieldClass }] of members.entries()) {
    const tag = members[index - 1]?.fieldClass;
    if (fieldClass.kind !== 'variant' || tag?.kind !== 'integer') continue;
    const most = (1n << BigInt(tag.lengthBits)) - 1n;
    const options = fieldClass.options.map((option) => ({
      ...option,
      ranges: option.ranges.map(({ lower, upper }) => ({ lower, upper: upper > most ? most : upper })),
    }));
    const mappings: readonly Mapping[] = options.map(({ name, ranges }) => ({ label: name, ranges }));
    members[index - 1] = { name: members[index - 1]!.name, fieldClass: { ...tag, mappings } };
    members[index] = { name: members[index]!.name, fieldClass: { ...fieldClass, options } };
  }
  const alignmentBits = members.reduce(
    (most, { fieldClass }) => Math.max(most, alignmentOf(fieldClass)),
    structure.alignmentBits,
  );
  return { ...structure, members, alignmentBits };
}

function classes(order: ByteOrder, withNew: boolean): fc.Arbitrary<StructureFieldClass> {
  return fc
    .constantFrom('bits' as const, 'bytes' as const)
    .chain((scale) => structures(order, scale, 2, [], withNew))
    .map(expressibleStructure);
}

const steps = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 0n, max: 10_000n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n << 26n, max: 1n << 33n }) },
);

/**
 * Traces of up to two streams and `most` events.
 * @param withNew with field classes that CTF 1.8 has not.
 */
export function randomTraces(most: number, withNew = false): fc.Arbitrary<RandomTrace> {
  return fc
    .constantFrom('le' as const, 'be' as const)
    .chain((order) =>
      fc.record({
        order: fc.constant(order),
        payloads: fc.array(classes(order, withNew), { minLength: 1, maxLength: 5 }),
        far: fc.boolean(),
        uuid: fc.uuid(),
        packetSizeBytes: fc.constantFrom(200, 600, 4096),
        streamCount: fc.integer({ min: 1, max: 2 }),
        start: fc.bigInt({ min: 0n, max: 1n << 60n }),
        picks: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(1), steps), { maxLength: most }),
      }),
    )
    .map(({ order, payloads, far, uuid, packetSizeBytes, streamCount, start, picks }) => {
      const described = describeTrace({
        byteOrder: order,
        uuid,
        environment: { hostname: 'random', number: -5n },
        streams: [
          {
            eventContext: { vpid: 'i32', procname: 'string' },
            // Ids beyond 30 need the extended header.
            events: payloads.map((_, index) => ({
              name: `p:e${index}`,
              id: BigInt(index) * (far ? 20n : 1n),
            })),
          },
        ],
      });
      const [stream] = described.streamClasses;
      const traceClass: TraceClass = {
        ...described,
        streamClasses: [
          {
            ...stream!,
            eventClasses: stream!.eventClasses.map((eventClass, index) => ({
              ...eventClass,
              payload: payloads[index]!,
            })),
          },
        ],
      };
      let ticks = start;
      const events = picks.map(([which, seed, stream, step]): RandomEvent => {
        ticks += step;
        const index = which % payloads.length;
        return {
          stream: stream % streamCount,
          name: `p:e${index}`,
          ticks,
          payload: encodeRandom(payloads[index]!, seed, order === 'le').value as RandomEvent['payload'],
          commonContext: { vpid: -1 - (seed % 1000), procname: `n${seed % 7}` },
        };
      });
      return { traceClass, packetSizeBytes, streamCount, events };
    });
}
