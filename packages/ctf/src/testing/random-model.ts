/** Random field classes for property tests, and an encoder that is as plain as can be. */
import * as fc from 'fast-check';
import type { FieldClass, FieldLocation, IntegerFieldClass, StructureFieldClass } from '../model.ts';
import { alignmentOf } from '../field-classes.ts';

/** Bit fields have the byte order of all around them; whole bytes may have either. */
const byteOrderOf = (order: 'le' | 'be', scale: Scale): fc.Arbitrary<'le' | 'be'> =>
  scale === 'bits' ? fc.constant(order) : fc.constantFrom(order, order, order === 'le' ? 'be' : 'le');

/** How random field classes are chosen: whole bytes or bit fields, and whether those of CTF 2 are among them. */
export type Scale = 'bits' | 'bytes';

const flags = [
  { label: 'low', ranges: [{ lower: 0n, upper: 1n }] },
  {
    label: 'Some "x"',
    ranges: [
      { lower: 1n, upper: 1n },
      { lower: 5n, upper: 9n },
    ],
  },
  { label: 'hi', ranges: [{ lower: 30n, upper: 70n }] },
];

const encodings = ['utf-8', 'utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'] as const;

/** Field classes that CTF 2 has and CTF 1.8 has not, apart from those that refer to others. */
function newLeaves(order: 'le' | 'be', scale: Scale): fc.Arbitrary<FieldClass> {
  const bits = fc
    .record({
      lengthBits: scale === 'bits' ? fc.integer({ min: 1, max: 64 }) : fc.constantFrom(8, 16, 32, 64),
      byteOrder: byteOrderOf(order, scale),
      alignmentBits: scale === 'bits' ? fc.constantFrom(1, 1, 8) : fc.constantFrom(8, 32),
      reversed: fc.boolean(),
    })
    .map(({ reversed, ...rest }) => (reversed ? { ...rest, reversed: true as const } : rest));
  return fc.oneof(
    bits.map((rest): FieldClass => ({ kind: 'bit-array', ...rest })),
    bits.map((rest): FieldClass => ({ kind: 'bit-array', ...rest, flags })),
    bits.map((rest): FieldClass => ({ kind: 'boolean', ...rest })),
    fc.tuple(bits, fc.boolean()).map(([rest, signed]): FieldClass => ({
      kind: 'integer',
      signed,
      ...rest,
      displayBase: 10,
      roles: [],
    })),
    fc
      .tuple(bits, fc.constantFrom(16 as const, 32 as const, 64 as const))
      .map(([rest, lengthBits]): FieldClass => ({ kind: 'float', ...rest, lengthBits })),
    fc
      .tuple(fc.boolean(), fc.constantFrom(2 as const, 10 as const, 16 as const))
      .map(([signed, displayBase]): FieldClass => ({ ...variableLength, signed, displayBase })),
    fc.constantFrom(...encodings).map((encoding): FieldClass => ({ kind: 'string', encoding })),
    fc
      .tuple(fc.constantFrom(...encodings), fc.nat(13))
      .map(([encoding, lengthBytes]): FieldClass => ({ kind: 'static-string', encoding, lengthBytes })),
    fc.nat(5).map((lengthBytes): FieldClass => ({ kind: 'static-blob', lengthBytes, mediaType: 'a/b' })),
  );
}

const variableLength: IntegerFieldClass = {
  kind: 'integer',
  signed: false,
  variableLength: true,
  lengthBits: 64,
  byteOrder: 'le',
  alignmentBits: 8,
  displayBase: 10,
  roles: [],
};

function integers(order: 'le' | 'be', scale: 'bits' | 'bytes'): fc.Arbitrary<IntegerFieldClass> {
  const lengths =
    scale === 'bits'
      ? fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 64 }) }, fc.integer({ min: 65, max: 200 }))
      : fc.constantFrom(8, 16, 24, 32, 40, 64, 128);
  const alignments =
    scale === 'bits' ? fc.constantFrom(1, 1, 1, 2, 4, 8, 16) : fc.constantFrom(8, 8, 16, 32, 64);
  return fc
    .record({
      kind: fc.constant('integer' as const),
      signed: fc.boolean(),
      lengthBits: lengths,
      byteOrder: byteOrderOf(order, scale),
      alignmentBits: alignments,
      displayBase: fc.constantFrom(2 as const, 8 as const, 10 as const, 16 as const),
      roles: fc.constant([]),
      mappings: fc.option(
        fc.array(
          fc.record({
            label: fc.constantFrom('a', 'b', 'it\'s "x"?', 'ü'),
            ranges: fc.array(
              fc.tuple(fc.integer({ min: -3, max: 40 }), fc.nat(20)).map(([lower, size]) => ({
                lower: BigInt(lower),
                upper: BigInt(lower + size),
              })),
              { minLength: 1, maxLength: 2 },
            ),
          }),
          { maxLength: 3 },
        ),
        { nil: undefined, freq: 4 },
      ),
    })
    .map(({ mappings, ...rest }) => (mappings === undefined ? rest : { ...rest, mappings }));
}

const character: FieldClass = {
  kind: 'integer',
  signed: false,
  lengthBits: 8,
  byteOrder: 'le',
  alignmentBits: 8,
  displayBase: 10,
  encoding: 'utf-8',
  roles: [],
};

const memberNames = ['a', 'b', 'c', 'd', 'e', '__proto__', 'constructor', 'o\'"\\\n', '\u2028x'];

function structureOf(members: StructureFieldClass['members'], minimum: number): StructureFieldClass {
  const alignmentBits = members.reduce(
    (most, member) => Math.max(most, alignmentOf(member.fieldClass)),
    minimum,
  );
  return { kind: 'structure', members, alignmentBits };
}

/** A structure whose lengths and selectors refer to members before them. */
export function structures(
  order: 'le' | 'be',
  scale: 'bits' | 'bytes',
  depth: number,
  path: readonly string[] = [],
  withNew = false,
): fc.Arbitrary<StructureFieldClass> {
  const fixed: fc.Arbitrary<IntegerFieldClass> = integers(order, scale).map(
    ({ kind, byteOrder, alignmentBits, displayBase, roles }) => ({
      kind,
      byteOrder,
      alignmentBits,
      displayBase,
      roles,
      signed: false,
      lengthBits: scale === 'bits' ? 3 : 8,
    }),
  );
  const small = withNew ? fc.oneof(fixed, fc.constant(variableLength)) : fixed;
  const leaf: fc.Arbitrary<FieldClass> = fc.oneof(
    ...(withNew ? [{ weight: 9, arbitrary: newLeaves(order, scale) }] : []),
    { weight: 5, arbitrary: integers(order, scale) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('float' as const),
        lengthBits: fc.constantFrom(16 as const, 32 as const, 64 as const),
        byteOrder: byteOrderOf(order, scale),
        alignmentBits: scale === 'bits' ? fc.constantFrom(1, 8) : fc.constantFrom(8, 32),
      }),
    },
    { weight: 2, arbitrary: fc.constant<FieldClass>({ kind: 'string', encoding: 'utf-8' }) },
    {
      weight: 1,
      arbitrary: fc.nat(9).map((length): FieldClass => ({
        kind: 'static-array',
        length,
        element: character,
        alignmentBits: 8,
      })),
    },
  );
  const inner = (...names: readonly string[]): fc.Arbitrary<FieldClass> =>
    depth === 0
      ? leaf
      : fc.oneof(
          { weight: 3, arbitrary: leaf },
          { weight: 1, arbitrary: structures(order, scale, depth - 1, [...path, ...names], withNew) },
          {
            weight: 1,
            arbitrary: fc
              .tuple(
                structures(order, scale, depth - 1, [...path, ...names], withNew),
                leaf,
                fc.boolean(),
                fc.nat(4),
              )
              .map(([structure, plain, useLeaf, length]): FieldClass => ({
                kind: 'static-array',
                length,
                element: useLeaf ? plain : structure,
                alignmentBits: 1,
              })),
          },
        );
  const newDependents = (
    name: string,
    sizeName: string,
    location: FieldLocation,
  ): fc.Arbitrary<StructureFieldClass['members']> =>
    fc.oneof(
      fc.tuple(small, fc.constantFrom(...encodings)).map(([length, encoding]) => [
        { name: sizeName, fieldClass: length },
        { name, fieldClass: { kind: 'dynamic-string' as const, lengthLocation: location, encoding } },
      ]),
      small.map((length) => [
        { name: sizeName, fieldClass: length },
        { name, fieldClass: { kind: 'dynamic-blob' as const, lengthLocation: location, mediaType: 'a/b' } },
      ]),
      fc.tuple(small, inner(name)).map(([selector, fieldClass]) => [
        { name: sizeName, fieldClass: selector },
        {
          name,
          fieldClass: {
            kind: 'optional' as const,
            selectorLocation: location,
            ranges: [
              { lower: 1n, upper: 1n },
              { lower: 3n, upper: 200n },
            ],
            fieldClass,
          },
        },
      ]),
      fc.tuple(fixed, fc.boolean(), inner(name)).map(([bits, reversed, fieldClass]) => [
        {
          name: sizeName,
          fieldClass: {
            kind: 'boolean' as const,
            lengthBits: bits.lengthBits,
            byteOrder: bits.byteOrder,
            alignmentBits: bits.alignmentBits,
            ...(reversed ? { reversed: true as const } : {}),
          },
        },
        { name, fieldClass: { kind: 'optional' as const, selectorLocation: location, fieldClass } },
      ]),
    );
  const member = (index: number): fc.Arbitrary<StructureFieldClass['members']> => {
    const name = memberNames[index]!;
    const sizeName = `${name}_n`;
    const location: FieldLocation = { scope: 'event-payload', path: [...path, sizeName] };
    return fc.oneof(
      ...(withNew ? [{ weight: 3, arbitrary: newDependents(name, sizeName, location) }] : []),
      { weight: 4, arbitrary: inner(name).map((fieldClass) => [{ name, fieldClass }]) },
      {
        weight: 1,
        arbitrary: fc.tuple(small, fc.oneof(inner(name), fc.constant(character))).map(([length, element]) => [
          { name: sizeName, fieldClass: length },
          {
            name,
            fieldClass: {
              kind: 'dynamic-array' as const,
              lengthLocation: location,
              element,
              alignmentBits: 1,
            },
          },
        ]),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            small,
            fc
              .integer({ min: 1, max: 3 })
              .chain((count) =>
                fc.tuple(...Array.from({ length: count }, (_, option) => inner(name, `option${option}`))),
              ),
          )
          .map(([tag, options]) => [
            { name: sizeName, fieldClass: tag },
            {
              name,
              fieldClass: {
                kind: 'variant' as const,
                selectorLocation: location,
                options: options.map((fieldClass, option) => ({
                  name: `option${option}`,
                  fieldClass,
                  // The last option takes all greater values, so that most selectors choose one.
                  ranges: [
                    { lower: BigInt(option), upper: option === options.length - 1 ? 255n : BigInt(option) },
                  ],
                })),
              },
            },
          ]),
      },
    );
  };
  return fc
    .integer({ min: 0, max: 6 })
    .chain((count) =>
      fc.tuple(
        fc.tuple(...Array.from({ length: count }, (_, index) => member(index))),
        fc.constantFrom(1, 1, 8, 32),
      ),
    )
    .map(([parts, minimum]) => structureOf(parts.flat(), minimum));
}

/** A payload structure in either byte order, of bit fields or of whole bytes. */
export function payloads(withNew = false): fc.Arbitrary<StructureFieldClass> {
  return payloadsWithOrder(withNew).map(({ fieldClass }) => fieldClass);
}

/** A payload structure, and the byte order of all its fields; of CTF 2 `withNew` kinds of field classes. */
export function payloadsWithOrder(withNew = false): fc.Arbitrary<{
  readonly fieldClass: StructureFieldClass;
  readonly order: 'le' | 'be';
}> {
  return fc
    .tuple(fc.constantFrom('le' as const, 'be' as const), fc.constantFrom('bits' as const, 'bytes' as const))
    .chain(([order, scale]) =>
      structures(order, scale, 2, [], withNew).map((fieldClass) => ({ fieldClass, order })),
    );
}
