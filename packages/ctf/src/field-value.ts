/** Values of fields as programs see them, and how the interpreter's walk becomes one. */
import { integerOfHalves } from './bits.ts';
import { SilentVisitor } from './interpret.ts';
import type { BitArrayFieldClass, IntegerFieldClass, Mapping, Scope, TextEncoding } from './model.ts';
import type {
  BigIntegerNode,
  BitsNode,
  FloatNode,
  IntegerNode,
  OptionalNode,
  StructureNode,
  VariantNode,
} from './plan.ts';
import { decodeWideText } from './wide-text.ts';

/** A value of an enumeration: the integer and the labels whose ranges hold it. */
export class EnumValue {
  readonly value: number | bigint;
  readonly labels: readonly string[];

  constructor(value: number | bigint, labels: readonly string[]) {
    this.value = value;
    this.labels = labels;
  }

  /** The first label, or the integer's digits when none matches. */
  toString(): string {
    return this.labels[0] ?? String(this.value);
  }

  /** What JSON shows: the text of `toString`. */
  toJSON(): string {
    return this.toString();
  }
}

/** A value of a bit map: its bits and the names of the flags that are set. */
export class FlagsValue {
  readonly value: number | bigint;
  /** Flags with a bit in one of their ranges that is set, in the order of the metadata. */
  readonly flags: readonly string[];

  constructor(value: number | bigint, flags: readonly string[]) {
    this.value = value;
    this.flags = flags;
  }

  /** The flags joined by `|`, or the digits when none is set. */
  toString(): string {
    return this.flags.length === 0 ? String(this.value) : this.flags.join(' | ');
  }

  /** What JSON shows: the text of `toString`. */
  toJSON(): string {
    return this.toString();
  }
}

/**
 * Integers beyond 2^53 are BigInts; a variant is the value of its option, an optional field that is not there is null, a
 * BLOB is its bytes.
 */
export type FieldValue =
  | number
  | bigint
  | string
  | boolean
  | null
  | EnumValue
  | FlagsValue
  | Uint8Array
  | readonly FieldValue[]
  | { readonly [member: string]: FieldValue };

/** Names of the flags of which a bit is set. */
export function flagsOf(flags: readonly Mapping[], value: number | bigint): readonly string[] {
  const bits = BigInt(value);
  return flags
    .filter(({ ranges }) =>
      ranges.some(({ lower, upper }) => {
        const from = lower > 64n ? 64n : lower;
        const count = upper > 63n ? 64n - from : upper - from + 1n;
        return ((bits >> from) & ((1n << count) - 1n)) !== 0n;
      }),
    )
    .map(({ label }) => label);
}

/** The value of a bit array (a number) or bit map. */
export function bitArrayValue(fieldClass: BitArrayFieldClass, hi: number, lo: number): FieldValue {
  const value = integerOfHalves(hi >>> 0, lo >>> 0);
  return fieldClass.flags === undefined ? value : new FlagsValue(value, flagsOf(fieldClass.flags, value));
}

/** Labels of an enumeration by value, kept once looked up. */
export class LabelTable {
  private readonly known = new Map<number | bigint, readonly string[]>();
  private readonly fieldClass: IntegerFieldClass;

  constructor(fieldClass: IntegerFieldClass) {
    this.fieldClass = fieldClass;
  }

  /** The labels whose ranges hold the value, in the order of the metadata. */
  labelsOf(value: number | bigint): readonly string[] {
    let labels = this.known.get(value);
    if (labels === undefined) {
      // Comparisons of a number with a BigInt are exact.
      labels = (this.fieldClass.mappings ?? [])
        .filter((mapping) => mapping.ranges.some((range) => value >= range.lower && value <= range.upper))
        .map((mapping) => mapping.label);
      // Values of a wild field must not fill the memory.
      if (this.known.size < 65_536) this.known.set(value, labels);
    }
    return labels;
  }

  /** The value with its labels. */
  enumValueOf(value: number | bigint): EnumValue {
    return new EnumValue(value, this.labelsOf(value));
  }
}

const tables = new WeakMap<IntegerFieldClass, LabelTable>();

/** The one label table of a field class. */
export function labelTableOf(fieldClass: IntegerFieldClass): LabelTable {
  let table = tables.get(fieldClass);
  if (table === undefined) {
    table = new LabelTable(fieldClass);
    tables.set(fieldClass, table);
  }
  return table;
}

// A byte order mark is a character of the text like any other.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Texts by a hash of their bytes: names of tasks, files and hosts come again and again. */
const lately: string[] = Array.from({ length: 4096 }, () => '');

function isText(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** Text of UTF-8 bytes; wrong sequences become U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  // Short ASCII is the rule, and what was there before is quicker found than made anew.
  if (length > 24) return utf8.decode(bytes.subarray(start, end));
  let hash = length;
  for (let at = start; at < end; at++) {
    const code = bytes[at]!;
    if (code >= 0x80) return utf8.decode(bytes.subarray(start, end));
    hash = (Math.imul(hash, 31) + code) | 0;
  }
  const slot = (hash ^ (hash >>> 12)) & 4095;
  const known = lately[slot]!;
  if (isText(known, bytes, start, length)) return known;
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  lately[slot] = text;
  return text;
}

type Container = FieldValue[] | { [member: string]: FieldValue };

/** Builds the values of the scopes that the interpreter walks. */
export class ValueBuilder extends SilentVisitor {
  /** The scopes met, each a structure. */
  readonly scopes: Partial<Record<Scope, { readonly [member: string]: FieldValue }>> = {};
  private readonly stack: Container[] = [];
  private readonly names: string[] = [];
  private root: { [member: string]: FieldValue } = {};
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }

  override beginScope(scope: Scope): void {
    this.root = {};
    this.stack.push(this.root);
    this.names.push(scope);
  }

  override endScope(scope: Scope): void {
    this.stack.pop();
    this.names.pop();
    this.scopes[scope] = this.root[scope] as { readonly [member: string]: FieldValue };
  }

  private put(value: FieldValue): void {
    const container = this.stack[this.stack.length - 1]!;
    if (Array.isArray(container)) container.push(value);
    else defineMember(container, this.names[this.names.length - 1]!, value);
  }

  override integer(node: IntegerNode, hi: number, lo: number): void {
    const value = integerOfHalves(hi, lo);
    this.put(
      node.fieldClass.mappings === undefined ? value : labelTableOf(node.fieldClass).enumValueOf(value),
    );
  }

  override bigInteger(node: BigIntegerNode, value: number | bigint): void {
    this.put(
      node.fieldClass.mappings === undefined ? value : labelTableOf(node.fieldClass).enumValueOf(value),
    );
  }

  override float(_node: FloatNode, value: number): void {
    this.put(value);
  }

  override text(start: number, end: number): void {
    this.put(decodeText(this.bytes, start, end));
  }

  override bits(node: BitsNode, hi: number, lo: number): void {
    const { fieldClass } = node;
    this.put(fieldClass.kind === 'boolean' ? (hi | lo) !== 0 : bitArrayValue(fieldClass, hi, lo));
  }

  override wideText(start: number, end: number, encoding: TextEncoding): void {
    this.put(decodeWideText(this.bytes, start, end, encoding));
  }

  override blob(start: number, end: number): void {
    this.put(this.bytes.slice(start, end));
  }

  override beginOptional(_node: OptionalNode, isPresent: boolean): void {
    if (!isPresent) this.put(null);
  }

  override beginStructure(_node: StructureNode): void {
    const structure = {};
    this.put(structure);
    this.stack.push(structure);
    this.names.push('');
  }

  override beginMember(name: string, _index: number): void {
    this.names[this.names.length - 1] = name;
  }

  override endStructure(_node: StructureNode): void {
    this.stack.pop();
    this.names.pop();
  }

  override beginArray(_length: number): void {
    const array: FieldValue[] = [];
    this.put(array);
    this.stack.push(array);
  }

  override endArray(): void {
    this.stack.pop();
  }

  override beginVariant(_node: VariantNode, _option: number): void {}
}

/** Sets a member, also one named `__proto__`, which a plain assignment would lose. */
export function defineMember(
  structure: { [member: string]: FieldValue },
  name: string,
  value: FieldValue,
): void {
  if (name === '__proto__') {
    Object.defineProperty(structure, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    structure[name] = value;
  }
}
