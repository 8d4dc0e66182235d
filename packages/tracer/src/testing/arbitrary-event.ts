// Random declarations, arguments for them, and what a reader must then find.
import * as fc from 'fast-check';
import type { FieldValue } from '@spoor/ctf';
import type { ElementType, FieldList, FieldType } from '../field-types.ts';

/** What a reader is to find for a value: as `FieldValue`, but enumerations as `{ value, labels }`. */
export type Expected =
  | FieldValue
  | { readonly enumeration: number; readonly labels: readonly string[] }
  | readonly Expected[]
  | { readonly [member: string]: Expected };

/** A field type with a generator of arguments and their expectations. */
export interface ArbitraryField {
  readonly type: FieldType;
  readonly values: fc.Arbitrary<readonly [argument: unknown, expected: Expected]>;
}

/** A declaration with a generator of argument lists. */
export interface ArbitraryEvent {
  readonly name: string;
  readonly fields: FieldList;
  readonly calls: fc.Arbitrary<{
    readonly args: readonly unknown[];
    readonly payload: Readonly<Record<string, Expected>>;
  }>;
}

/** Limits on what strings hold. */
export interface TextRules {
  readonly texts: fc.Arbitrary<string>;
}

/** All of Unicode, lone surrogates and NULs too. */
export const anyText: TextRules = {
  texts: fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 })
      .map((codes) => String.fromCharCode(...codes)),
  ),
};

/** What babeltrace2 2.0.4 prints as it is: neither empty (it repeats an older string) nor in need of escapes. */
export const plainText: TextRules = {
  texts: fc.stringMatching(/^[A-Za-z0-9 äöüß€😀_:;.,-]{1,40}$/u),
};

/** Text as it is read back. */
function recordedText(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\u2400')).toString();
}

function integerField(bits: 8 | 16 | 32 | 64, signed: boolean): ArbitraryField {
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
  const greatest = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
  const within = fc.bigInt({ min: least, max: greatest });
  const edges = fc.constantFrom(least, greatest, 0n, 1n);
  const values = fc.oneof(within, edges).map((value): readonly [unknown, Expected] => {
    const isSafe = value >= -(2n ** 53n) && value <= 2n ** 53n;
    const shown = isSafe ? Number(value) : value;
    // Narrow fields take numbers, wide ones both.
    return [bits < 64 || (isSafe && value % 2n === 0n) ? Number(value) : value, shown];
  });
  return { type: `${signed ? 'i' : 'u'}${bits}`, values };
}

function enumerationField(): ArbitraryField {
  const labels = { 'idle now': 0, busy: [1, 4], over: [3, 9], _under: 200 } as const;
  const ranges: readonly (readonly [string, number, number])[] = [
    ['idle now', 0, 0],
    ['busy', 1, 4],
    ['over', 3, 9],
    ['_under', 200, 200],
  ];
  const expected = (value: number): Expected => ({
    enumeration: value,
    labels: ranges.filter(([, lower, upper]) => value >= lower && value <= upper).map(([label]) => label),
  });
  return {
    type: { kind: 'enumeration', integer: 'u8', labels },
    values: fc.oneof(
      fc.integer({ min: 0, max: 255 }).map((value): readonly [unknown, Expected] => [value, expected(value)]),
      fc
        .constantFrom(...ranges)
        .map(([label, lower]): readonly [unknown, Expected] => [label, expected(lower)]),
    ),
  };
}

function scalars(rules: TextRules): readonly ArbitraryField[] {
  const widths = [8, 16, 32, 64] as const;
  return [
    ...widths.flatMap((bits) => [integerField(bits, true), integerField(bits, false)]),
    { type: { kind: 'hex', integer: 'u32' }, values: integerField(32, false).values },
    enumerationField(),
    {
      type: 'f64',
      values: fc.double({ noNaN: true }).map((value): readonly [unknown, Expected] => [value, value]),
    },
    {
      type: 'f32',
      values: fc.float({ noNaN: true }).map((value): readonly [unknown, Expected] => [value, value]),
    },
    ...(['string', 'cached-string'] as const).map((type) => ({
      type,
      values: rules.texts.map((text): readonly [unknown, Expected] => [text, recordedText(text)]),
    })),
  ];
}

function unzip(pairs: readonly (readonly [unknown, Expected])[]): readonly [unknown[], Expected[]] {
  return [pairs.map(([argument]) => argument), pairs.map(([, expected]) => expected)];
}

function field(rules: TextRules, depth: number): fc.Arbitrary<ArbitraryField> {
  const scalar = fc.constantFrom(...scalars(rules));
  const list = fc
    .tuple(scalar, fc.integer({ min: -1, max: 5 }))
    .map(([{ type, values }, length]): ArbitraryField => {
      const element = type as ElementType;
      return length < 0
        ? {
            type: { kind: 'sequence', element },
            values: fc.array(values, { maxLength: 6 }).map(unzip),
          }
        : {
            type: { kind: 'array', element, length },
            values: fc.array(values, { minLength: length, maxLength: length }).map(unzip),
          };
    });
  if (depth === 0) return fc.oneof(scalar, list);
  const struct = members(rules, depth - 1, 3).map(({ fields, values }): ArbitraryField => ({
    type: { kind: 'struct', members: Object.fromEntries(fields) },
    values: values.map((pairs): readonly [unknown, Expected] => {
      const [args, expected] = unzip(pairs);
      return [
        Object.fromEntries(fields.map(([name], index) => [name, args[index]])),
        expectedMembers(fields, expected),
      ];
    }),
  }));
  return fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 2, arbitrary: list }, struct);
}

/** Members as a reader shows them: sequences are preceded by their lengths. */
function expectedMembers(fields: FieldList, values: readonly Expected[]): Record<string, Expected> {
  return Object.fromEntries(
    fields.flatMap(([name, type], index) => {
      const value = values[index]!;
      return typeof type === 'object' && type.kind === 'sequence'
        ? [
            [`_${name}_length`, (value as readonly Expected[]).length],
            [name, value],
          ]
        : [[name, value]];
    }),
  );
}

const fieldName = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/),
  fc.constantFrom('int', 'string', 'struct', 'event', '_x', 'align', 'x1', '_y'),
);

function members(
  rules: TextRules,
  depth: number,
  maxLength: number,
): fc.Arbitrary<{
  readonly fields: FieldList;
  readonly values: fc.Arbitrary<readonly (readonly [unknown, Expected])[]>;
}> {
  return fc
    .uniqueArray(fc.tuple(fieldName, field(rules, depth)), {
      maxLength,
      selector: ([name]) => name.replace(/^_/, ''),
    })
    .map((list) => ({
      fields: list.map(([name, { type }]) => [name, type] as const),
      values: fc.tuple(...list.map(([, { values }]) => values)),
    }));
}

/** A random event named `test:eN`. */
export function arbitraryEvent(index: number, rules: TextRules): fc.Arbitrary<ArbitraryEvent> {
  return members(rules, 2, 6).map(({ fields, values }) => ({
    name: `test:e${index}`,
    fields,
    calls: values.map((pairs) => {
      const [args, expected] = unzip(pairs);
      return { args, payload: expectedMembers(fields, expected) };
    }),
  }));
}
