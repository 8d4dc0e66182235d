/** The types that fields of a tracepoint can have, and what the emit function takes for each. */
import type { PreparedText } from './prepared-text.ts';

/** Integers that a number holds exactly. */
export type NarrowIntegerName = 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32';
/** 64-bit integers: numbers (exact to 2^53) or BigInts. */
export type WideIntegerName = 'u64' | 'i64';
export type IntegerName = NarrowIntegerName | WideIntegerName;
export type FloatName = 'f32' | 'f64';
/**
 * Texts. `cached-string` is recorded as `string` is, quicker where few different texts come again and again: the bytes
 * of those last seen are kept. `interned-string` is recorded as a number, whose text an event `spoor:string` tells once
 * in each packet: 4 bytes an event, for texts of which a program has at most some thousands.
 */
export type StringName = 'string' | 'cached-string' | 'interned-string';

/** An integer that readers show in hexadecimal. */
export interface HexType<Name extends IntegerName = IntegerName> {
  readonly kind: 'hex';
  readonly integer: Name;
}

/** An integer whose values have labels. */
export interface EnumerationType<Label extends string = string> {
  readonly kind: 'enumeration';
  readonly integer: NarrowIntegerName;
  readonly labels: Readonly<Record<Label, EnumerationRange>>;
}

/** The value of a label, or the least and the greatest one. */
export type EnumerationRange = number | readonly [lower: number, upper: number];

/** A text that comes as bytes: for events of the tracer's own (`prepared-text.ts`). */
export interface PreparedTextType {
  readonly kind: 'prepared-text';
}

/** The one such type. */
export const preparedText: PreparedTextType = { kind: 'prepared-text' };

/** Fields of one value. */
export type ScalarType = IntegerName | FloatName | StringName | HexType | EnumerationType | PreparedTextType;
/** What elements of arrays and sequences can be. */
export type ElementType = Exclude<ScalarType, 'interned-string' | PreparedTextType>;

/** A list of a length that every event shares. */
export interface ArrayType<Element extends ElementType = ElementType> {
  readonly kind: 'array';
  readonly element: Element;
  readonly length: number;
}

/** A list of a length of each event's own. */
export interface SequenceType<Element extends ElementType = ElementType> {
  readonly kind: 'sequence';
  readonly element: Element;
}

/** A group of named fields. */
export interface StructType<Members extends FieldTypes = FieldTypes> {
  readonly kind: 'struct';
  readonly members: Members;
}

export type FieldType = ScalarType | ArrayType | SequenceType | StructType;
/** Fields by name, in the order of their declaration. */
export interface FieldTypes {
  readonly [name: string]: FieldType;
}
/** Fields as a list of name and type. */
export type FieldList = readonly (readonly [name: string, type: FieldType])[];

/** What the emit function takes for a field of type `T`. */
export type ValueOf<T extends FieldType> = T extends WideIntegerName
  ? number | bigint
  : T extends NarrowIntegerName | FloatName
    ? number
    : T extends StringName
      ? string
      : T extends HexType<infer Name>
        ? ValueOf<Name>
        : T extends EnumerationType<infer Label>
          ? Label | number
          : T extends PreparedTextType
            ? PreparedText
            : T extends ArrayType<infer Element> | SequenceType<infer Element>
              ? ArrayLike<ValueOf<Element>>
              : T extends StructType<infer Members>
                ? { readonly [Name in keyof Members]: ValueOf<Members[Name]> }
                : never;

/** Shows an integer field in hexadecimal: `hex('u64')`. */
export function hex<const Name extends IntegerName>(integer: Name): HexType<Name> {
  return { kind: 'hex', integer };
}

/**
 * An enumeration: `enumeration('u8', { idle: 0, busy: [1, 9] })`. The emit function takes a label (which stands for
 * the least value of its range) or a number.
 */
export function enumeration<const Label extends string>(
  integer: NarrowIntegerName,
  labels: Readonly<Record<Label, EnumerationRange>>,
): EnumerationType<Label> {
  return { kind: 'enumeration', integer, labels };
}

/** A list of exactly `length` elements; what an event lacks is recorded as 0 or as an empty string. */
export function array<const Element extends ElementType>(
  element: Element,
  length: number,
): ArrayType<Element> {
  return { kind: 'array', element, length };
}

/** A list of any length. */
export function sequence<const Element extends ElementType>(element: Element): SequenceType<Element> {
  return { kind: 'sequence', element };
}

/** A nested structure; the emit function takes an object. */
export function struct<const Members extends FieldTypes>(members: Members): StructType<Members> {
  return { kind: 'struct', members };
}
