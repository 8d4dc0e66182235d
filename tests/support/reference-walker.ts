// Fields of a packet, decoded bit by bit as the model says, with BigInts: the part of the second reader that knows classes of fields.
import { EnumValue, FlagsValue, type FieldValue } from '@spoor/ctf';
import type {
  FieldClass,
  FieldLocation,
  FixedLengthBits,
  IntegerRange,
  Role,
  Scope,
  StructureFieldClass,
  TextEncoding,
} from '@spoor/ctf';

/** Members of a scope and their values. */
export type ScopeValues = { readonly [member: string]: FieldValue };

/** The content is not what the metadata says. */
export class WrongContent extends Error {}

/** The reference reader is slow: it gives up on what has more fields than it was allowed. */
export class ReferenceBudgetError extends Error {}

/** Elements that have no bits of their own are bounded by this; as in any reader, or a packet could be endless. */
const mostEmptyElements = 65_536;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** Decodes one packet's bytes; positions are bits from the packet's start. */
export class FieldWalker {
  readonly scopes: Partial<Record<Scope, ScopeValues>> = {};
  /** Values of integers and booleans, by scope and path; for lengths and selectors. */
  private readonly numbers = new Map<string, bigint>();
  private readonly bytes: Uint8Array;
  private readonly onRole: (role: Role, value: bigint, lengthBits: number) => void;
  private readonly budget: { steps: number };
  private readonly namesOptions: boolean;
  bit: number;
  endBit: number;

  constructor(
    bytes: Uint8Array,
    endBit: number,
    budget: { steps: number },
    namesOptions: boolean,
    onRole: (role: Role, value: bigint, lengthBits: number) => void,
  ) {
    this.bytes = bytes;
    this.bit = 0;
    this.endBit = endBit;
    this.budget = budget;
    this.namesOptions = namesOptions;
    this.onRole = onRole;
  }

  /** Decodes a scope, if the class has it. */
  scope(scope: Scope, fieldClass: StructureFieldClass | undefined): void {
    for (const key of this.numbers.keys()) if (key.startsWith(`${scope}\0`)) this.numbers.delete(key);
    delete this.scopes[scope];
    if (fieldClass !== undefined) {
      this.scopes[scope] = this.field(fieldClass, scope, []) as ScopeValues;
    }
  }

  private align(to: number): void {
    while (this.bit % to !== 0) this.bit += 1;
  }

  private need(bits: number): void {
    if (this.bit + bits > this.endBit) throw new WrongContent(`goes beyond bit ${this.endBit}`);
  }

  private bitAt(at: number, littleEndian: boolean): bigint {
    const byte = this.bytes[at >> 3]!;
    return BigInt((byte >> (littleEndian ? at & 7 : 7 - (at & 7))) & 1);
  }

  /** Bits as a number: the first is the lowest of a little-endian field and the highest of a big-endian one. */
  private raw({ lengthBits, byteOrder, alignmentBits, reversed }: FixedLengthBits): bigint {
    this.align(alignmentBits);
    this.need(lengthBits);
    const littleEndian = byteOrder === 'le';
    const lowestFirst = littleEndian !== (reversed === true);
    let value = 0n;
    for (let index = 0; index < lengthBits; index++) {
      const place = lowestFirst ? index : lengthBits - 1 - index;
      value |= this.bitAt(this.bit + index, littleEndian) << BigInt(place);
    }
    this.bit += lengthBits;
    return value;
  }

  private byte(): number {
    this.need(8);
    const value = this.bytes[this.bit / 8]!;
    this.bit += 8;
    return value;
  }

  private take(count: bigint): Uint8Array {
    this.align(8);
    if (count * 8n > BigInt(this.endBit - this.bit)) throw new WrongContent(`${count} bytes are not there`);
    return Uint8Array.from({ length: Number(count) }, () => this.byte());
  }

  /** LEB128 of at most 64 bits. */
  private leb(signed: boolean): { readonly value: bigint; readonly lengthBits: number } {
    this.align(8);
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) !== 0) {
        if (shift >= 63n) throw new WrongContent('a number of variable length has more than 64 bits');
        continue;
      }
      const wide = Number(shift) + 7;
      const exact = signed && (byte & 0x40) !== 0 ? value - (1n << BigInt(wide)) : value;
      const fits = signed ? BigInt.asIntN(64, exact) === exact : BigInt.asUintN(64, exact) === exact;
      if (!fits) throw new WrongContent('a number of variable length has more than 64 bits');
      return { value: exact, lengthBits: Math.min(64, wide) };
    }
  }

  private numberAt({ scope, path }: FieldLocation): bigint {
    const value = this.numbers.get([scope, ...path].join('\0'));
    if (value === undefined) throw new WrongContent(`there is no ${scope}.${path.join('.')}`);
    return value;
  }

  private text(bytes: Uint8Array, encoding: TextEncoding): string {
    const unit = unitBytes(encoding);
    let end = 0;
    while (end + unit <= bytes.length && bytes.subarray(end, end + unit).some((byte) => byte !== 0))
      end += unit;
    return decodeUnits(bytes.subarray(0, end), encoding);
  }

  private field(fieldClass: FieldClass, scope: Scope, path: readonly string[]): FieldValue {
    this.budget.steps -= 1;
    if (this.budget.steps < 0) throw new ReferenceBudgetError('too many fields');
    const note = (value: bigint): void => {
      this.numbers.set([scope, ...path].join('\0'), value);
    };
    switch (fieldClass.kind) {
      case 'integer': {
        const { signed, mappings, roles } = fieldClass;
        let read: { readonly value: bigint; readonly lengthBits: number };
        if (fieldClass.variableLength === true) {
          read = this.leb(signed);
        } else {
          const { lengthBits } = fieldClass;
          const raw = this.raw(fieldClass);
          read = { value: signed ? BigInt.asIntN(lengthBits, raw) : raw, lengthBits };
        }
        note(read.value);
        for (const role of roles) this.onRole(role, BigInt.asUintN(64, read.value), read.lengthBits);
        const value = shown(read.value);
        if (mappings === undefined) return value;
        const labels = mappings.filter(({ ranges }) => isIn(ranges, read.value)).map(({ label }) => label);
        return new EnumValue(value, labels);
      }
      case 'float':
        return floatOf(this.raw(fieldClass), fieldClass.lengthBits);
      case 'bit-array': {
        const raw = this.raw(fieldClass);
        if (fieldClass.flags === undefined) return shown(raw);
        const flags = fieldClass.flags.filter(({ ranges }) =>
          Array.from({ length: fieldClass.lengthBits }, (_, bit) => BigInt(bit)).some(
            (bit) => ((raw >> bit) & 1n) === 1n && isIn(ranges, bit),
          ),
        );
        return new FlagsValue(
          shown(raw),
          flags.map(({ label }) => label),
        );
      }
      case 'boolean': {
        const raw = this.raw(fieldClass);
        note(raw === 0n ? 0n : 1n);
        return raw !== 0n;
      }
      case 'string': {
        this.align(8);
        const unit = unitBytes(fieldClass.encoding);
        const bytes: number[] = [];
        for (;;) {
          const next = Array.from({ length: unit }, () => this.byte());
          if (next.every((byte) => byte === 0)) break;
          bytes.push(...next);
        }
        return decodeUnits(Uint8Array.from(bytes), fieldClass.encoding);
      }
      case 'static-string':
        return this.text(this.take(BigInt(fieldClass.lengthBytes)), fieldClass.encoding);
      case 'dynamic-string':
        return this.text(this.take(this.numberAt(fieldClass.lengthLocation)), fieldClass.encoding);
      case 'static-blob':
        return this.take(BigInt(fieldClass.lengthBytes));
      case 'dynamic-blob':
        return this.take(this.numberAt(fieldClass.lengthLocation));
      case 'optional': {
        const selector = this.numberAt(fieldClass.selectorLocation);
        const isPresent =
          fieldClass.ranges === undefined ? selector !== 0n : isIn(fieldClass.ranges, selector);
        return isPresent ? this.field(fieldClass.fieldClass, scope, path) : null;
      }
      case 'structure': {
        this.align(alignmentOf(fieldClass));
        const members = fieldClass.members.map(
          (member) => [member.name, this.field(member.fieldClass, scope, [...path, member.name])] as const,
        );
        return Object.fromEntries(members);
      }
      case 'static-array':
        return this.array(fieldClass, BigInt(fieldClass.length), scope, path);
      case 'dynamic-array':
        return this.array(fieldClass, this.numberAt(fieldClass.lengthLocation), scope, path);
      case 'variant': {
        const selector = this.numberAt(fieldClass.selectorLocation);
        const option = fieldClass.options.find(({ ranges }) => isIn(ranges, selector));
        if (option === undefined) throw new WrongContent(`${selector} chooses no option`);
        // Locations of CTF 1.8 name the option; those of CTF 2 lead through it.
        return this.field(option.fieldClass, scope, this.namesOptions ? [...path, option.name] : path);
      }
      default: {
        const never: never = fieldClass;
        throw new TypeError(String(never));
      }
    }
  }

  private array(
    fieldClass: Extract<FieldClass, { readonly element: FieldClass }>,
    length: bigint,
    scope: Scope,
    path: readonly string[],
  ): FieldValue {
    const { element } = fieldClass;
    this.align(alignmentOf(fieldClass));
    // Text is made of bytes; characters of other sizes are integers like others.
    const isText =
      element.kind === 'integer' &&
      element.encoding !== undefined &&
      element.lengthBits === 8 &&
      element.alignmentBits % 8 === 0;
    if (isText) return this.text(this.take(length), 'utf-8');
    const values: FieldValue[] = [];
    for (let index = 0n; index < length; index++) {
      const before = this.bit;
      values.push(this.field(element, scope, path));
      if (this.bit === before && length > BigInt(mostEmptyElements)) {
        throw new WrongContent(`${length} elements without content`);
      }
    }
    return values;
  }
}

function isIn(ranges: readonly IntegerRange[], value: bigint): boolean {
  return ranges.some(({ lower, upper }) => value >= lower && value <= upper);
}

/** As programs see integers. */
function shown(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value;
}

/** Of a field, in bits. */
function alignmentOf(fieldClass: FieldClass): number {
  switch (fieldClass.kind) {
    case 'structure':
      return fieldClass.members.reduce(
        (most, member) => Math.max(most, alignmentOf(member.fieldClass)),
        fieldClass.alignmentBits,
      );
    case 'static-array':
    case 'dynamic-array':
      return Math.max(fieldClass.alignmentBits, alignmentOf(fieldClass.element));
    case 'variant':
    case 'optional':
      return 1;
    case 'integer':
    case 'float':
    case 'bit-array':
    case 'boolean':
      return fieldClass.alignmentBits;
    case 'string':
    case 'static-string':
    case 'dynamic-string':
    case 'static-blob':
    case 'dynamic-blob':
      return 8;
    default:
      return fieldClass satisfies never;
  }
}

function unitBytes(encoding: TextEncoding): number {
  return encoding.startsWith('utf-32') ? 4 : encoding.startsWith('utf-16') ? 2 : 1;
}

function decodeUnits(bytes: Uint8Array, encoding: TextEncoding): string {
  const unit = unitBytes(encoding);
  if (unit === 1) return utf8.decode(bytes);
  const littleEndian = encoding.endsWith('le');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.floor(bytes.length / unit);
  if (unit === 2) {
    return utf16.decode(
      Uint16Array.from({ length: count }, (_, index) => view.getUint16(index * 2, littleEndian)),
    );
  }
  return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, littleEndian))
    .map((code) =>
      code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code),
    )
    .join('');
}

/** IEEE 754 by its definition: sign, exponent, fraction. */
function floatOf(raw: bigint, lengthBits: number): number {
  const exponentBits = { 16: 5, 32: 8, 64: 11 }[lengthBits];
  if (exponentBits === undefined) throw new TypeError(`a floating point number of ${lengthBits} bits`);
  const fractionBits = lengthBits - 1 - exponentBits;
  const sign = raw >> BigInt(lengthBits - 1) === 1n ? -1 : 1;
  const exponent = Number((raw >> BigInt(fractionBits)) & ((1n << BigInt(exponentBits)) - 1n));
  const fraction = Number(raw & ((1n << BigInt(fractionBits)) - 1n));
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  const scale = 2 ** -fractionBits;
  if (exponent === 0) return sign * fraction * scale * 2 ** (1 - bias);
  return sign * (1 + fraction * scale) * 2 ** (exponent - bias);
}
