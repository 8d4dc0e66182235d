/** Fills a structure with values by a seed and writes them bit by bit: the opposite of decoding, as plainly as can be. */
import { alignmentOf, codeUnitBytes, locationOf } from '../field-classes.ts';
import { EnumValue, FlagsValue, type FieldValue } from '../field-value.ts';
import type { FieldClass, FixedLengthBits, StructureFieldClass, TextEncoding } from '../model.ts';

/** Bits in the order in which a byte order counts them. */
class BitWriter {
  readonly bits: number[] = [];

  align(to: number): void {
    while (this.bits.length % to !== 0) this.bits.push(0);
  }

  /** The lowest `length` bits of a value. */
  put(value: bigint, length: number, littleEndian: boolean): void {
    for (let index = 0; index < length; index++) {
      const bit = littleEndian ? index : length - 1 - index;
      this.bits.push(Number((value >> BigInt(bit)) & 1n));
    }
  }

  toBytes(littleEndian: boolean): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(this.bits.length / 8));
    for (const [index, bit] of this.bits.entries()) {
      bytes[index >> 3]! |= bit << (littleEndian ? index & 7 : 7 - (index & 7));
    }
    return bytes;
  }
}

/** Small linear congruential generator: the same values for the same seed everywhere. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

function asValue(value: bigint): number | bigint {
  return value >= -(1n << 53n) && value < 1n << 53n ? Number(value) : value;
}

/** The bytes of a text. */
function encodeText(text: string, encoding: TextEncoding): Uint8Array {
  const unitBytes = codeUnitBytes(encoding);
  if (unitBytes === 1) return new TextEncoder().encode(text);
  const codes =
    unitBytes === 2
      ? Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
      : Array.from(text, (character) => character.codePointAt(0)!);
  const bytes = new Uint8Array(codes.length * unitBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, code] of codes.entries()) {
    if (unitBytes === 2) view.setUint16(index * 2, code, encoding.endsWith('le'));
    else view.setUint32(index * 4, code, encoding.endsWith('le'));
  }
  return bytes;
}

class RandomEncoder {
  readonly writer = new BitWriter();
  private readonly values = new Map<string, number>();
  private readonly random: () => number;
  private readonly littleEndian: boolean;
  private readonly setBooleans: 'any' | 'one';

  constructor(seed: number, littleEndian: boolean, setBooleans: 'any' | 'one') {
    this.random = randomOf(seed);
    this.littleEndian = littleEndian;
    this.setBooleans = setBooleans;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private valueAt(path: readonly string[]): number {
    return this.values.get(path.join('\0'))!;
  }

  private raw(lengthBits: number, wanted?: number): bigint {
    let raw = 0n;
    for (let part = 0; part < 13; part++) raw = (raw << 16n) | BigInt(this.below(65_536));
    if (this.random() < 0.3) raw = BigInt(this.below(8));
    if (wanted !== undefined) raw = BigInt(wanted);
    return BigInt.asUintN(lengthBits, raw);
  }

  private putBits(raw: bigint, { lengthBits, byteOrder, reversed }: FixedLengthBits): void {
    if ((byteOrder === 'le') === this.littleEndian) {
      this.writer.put(raw, lengthBits, reversed === undefined ? this.littleEndian : !this.littleEndian);
      return;
    }
    // Of the other byte order only whole bytes can be, one after the other.
    let value = 0n;
    for (let bit = 0; bit < lengthBits; bit++) {
      const to = reversed === undefined ? bit : lengthBits - 1 - bit;
      value |= ((raw >> BigInt(bit)) & 1n) << BigInt(to);
    }
    const bytes = Array.from({ length: lengthBits / 8 }, (_, index) =>
      Number((value >> BigInt(8 * index)) & 0xffn),
    );
    this.putBytes(byteOrder === 'le' ? bytes : bytes.reverse());
  }

  private putBytes(bytes: Iterable<number>): void {
    for (const byte of bytes) this.writer.put(BigInt(byte), 8, this.littleEndian);
  }

  /** LEB128: as many groups of 7 bits as the value needs. */
  private putLeb(value: bigint, signed: boolean): void {
    let rest = value;
    for (;;) {
      const part = Number(rest & 0x7fn);
      rest >>= 7n;
      const isLast = signed
        ? (rest === 0n && (part & 0x40) === 0) || (rest === -1n && (part & 0x40) !== 0)
        : rest === 0n;
      this.putBytes([isLast ? part : part | 0x80]);
      if (isLast) break;
    }
  }

  private sized(lengthBytes: number, encoding: TextEncoding): FieldValue {
    this.writer.align(8);
    const { bytes, text } = this.text(lengthBytes, encoding);
    const padded = new Uint8Array(lengthBytes);
    padded.set(bytes);
    this.putBytes(padded);
    return text;
  }

  private blob(lengthBytes: number): FieldValue {
    this.writer.align(8);
    const bytes = Uint8Array.from({ length: lengthBytes }, () => this.below(256));
    this.putBytes(bytes);
    return bytes;
  }

  private text(most: number, encoding: TextEncoding = 'utf-8'): { bytes: Uint8Array; text: string } {
    const choices = ['', 'x', 'é', 'spoor', 'a b', '名前', '"q"', '😀'];
    const text = choices[this.below(choices.length)]!;
    const bytes = encodeText(text, encoding);
    return bytes.length <= most ? { bytes, text } : { bytes: new Uint8Array(0), text: '' };
  }

  field(fieldClass: FieldClass, path: readonly string[], wanted?: number): FieldValue {
    const { writer } = this;
    switch (fieldClass.kind) {
      case 'integer': {
        writer.align(fieldClass.alignmentBits);
        const { lengthBits, signed } = fieldClass;
        const raw = this.raw(lengthBits, wanted);
        if (fieldClass.variableLength === undefined) this.putBits(raw, fieldClass);
        else this.putLeb(signed ? BigInt.asIntN(64, raw) : raw, signed);
        const value = asValue(signed ? BigInt.asIntN(lengthBits, raw) : raw);
        this.values.set(path.join('\0'), Number(value));
        if (fieldClass.mappings === undefined) return value;
        return new EnumValue(
          value,
          fieldClass.mappings
            .filter(({ ranges }) => ranges.some(({ lower, upper }) => value >= lower && value <= upper))
            .map(({ label }) => label),
        );
      }
      case 'float': {
        writer.align(fieldClass.alignmentBits);
        const view = new DataView(new ArrayBuffer(8));
        const value = [0, 1.5, -2.25, Infinity, 0.0009765625][this.below(5)]!;
        const { lengthBits } = fieldClass;
        let raw: bigint;
        if (lengthBits === 64) {
          view.setFloat64(0, value);
          raw = view.getBigUint64(0);
        } else if (lengthBits === 32) {
          view.setFloat32(0, value);
          raw = BigInt(view.getUint32(0));
        } else {
          // Half-precision bits of the five values above.
          raw = new Map<number, bigint>([
            [0, 0n],
            [1.5, 0x3e00n],
            [-2.25, 0xc080n],
            [Infinity, 0x7c00n],
            [0.0009765625, 0x1400n],
          ]).get(value)!;
        }
        this.putBits(raw, fieldClass);
        return value;
      }
      case 'bit-array': {
        writer.align(fieldClass.alignmentBits);
        const raw = this.raw(fieldClass.lengthBits);
        this.putBits(raw, fieldClass);
        if (fieldClass.flags === undefined) return asValue(raw);
        const set = Array.from({ length: 64 }, (_, bit) => BigInt(bit)).filter(
          (bit) => ((raw >> bit) & 1n) === 1n,
        );
        const active = fieldClass.flags.filter(({ ranges }) =>
          ranges.some(({ lower, upper }) => set.some((bit) => bit >= lower && bit <= upper)),
        );
        return new FlagsValue(
          asValue(raw),
          active.map(({ label }) => label),
        );
      }
      case 'boolean': {
        writer.align(fieldClass.alignmentBits);
        const set = this.setBooleans === 'one' ? 1n : this.raw(fieldClass.lengthBits);
        const raw = this.random() < 0.5 ? 0n : set;
        this.putBits(raw, fieldClass);
        this.values.set(path.join('\0'), raw === 0n ? 0 : 1);
        return raw !== 0n;
      }
      case 'string': {
        writer.align(8);
        const { bytes, text } = this.text(64, fieldClass.encoding);
        this.putBytes(bytes);
        this.putBytes(new Uint8Array(codeUnitBytes(fieldClass.encoding)));
        return text;
      }
      case 'static-string':
        return this.sized(fieldClass.lengthBytes, fieldClass.encoding);
      case 'dynamic-string':
        return this.sized(this.valueAt(fieldClass.lengthLocation.path), fieldClass.encoding);
      case 'static-blob':
        return this.blob(fieldClass.lengthBytes);
      case 'dynamic-blob':
        return this.blob(this.valueAt(fieldClass.lengthLocation.path));
      case 'optional': {
        const selector = this.valueAt(fieldClass.selectorLocation.path);
        const { ranges } = fieldClass;
        const isThere =
          ranges === undefined
            ? selector !== 0
            : ranges.some(({ lower, upper }) => selector >= lower && selector <= upper);
        return isThere ? this.field(fieldClass.fieldClass, path) : null;
      }
      case 'structure':
        return this.structure(fieldClass, path);
      case 'static-array':
        return this.array(fieldClass.element, fieldClass.length, alignmentOf(fieldClass), path);
      case 'dynamic-array': {
        const length = this.values.get(fieldClass.lengthLocation.path.join('\0'))!;
        return this.array(fieldClass.element, length, alignmentOf(fieldClass), path);
      }
      case 'variant': {
        const selector = BigInt(this.values.get(fieldClass.selectorLocation.path.join('\0'))!);
        const option = fieldClass.options.find(({ ranges }) =>
          ranges.some(({ lower, upper }) => selector >= lower && selector <= upper),
        )!;
        return this.field(option.fieldClass, [...path, option.name]);
      }
      default: {
        const never: never = fieldClass;
        throw new TypeError(String(never));
      }
    }
  }

  private array(element: FieldClass, length: number, alignBits: number, path: readonly string[]): FieldValue {
    this.writer.align(alignBits);
    if (element.kind === 'integer' && element.encoding !== undefined) {
      const { bytes, text } = this.text(length);
      for (let index = 0; index < length; index++) {
        this.writer.put(BigInt(bytes[index] ?? 0), 8, this.littleEndian);
      }
      return text;
    }
    return Array.from({ length }, () => this.field(element, path));
  }

  private structure(fieldClass: StructureFieldClass, path: readonly string[]): FieldValue {
    this.writer.align(fieldClass.alignmentBits);
    return Object.fromEntries(
      fieldClass.members.map((member, index) => {
        // A length or selector is followed by what it is for: keep both in bounds.
        const next = fieldClass.members[index + 1]?.fieldClass;
        const controls = next !== undefined && locationOf(next) !== undefined;
        const wanted = controls && member.fieldClass.kind === 'integer' ? this.below(4) : undefined;
        return [member.name, this.field(member.fieldClass, [...path, member.name], wanted)];
      }),
    );
  }
}

/**
 * The bytes of a structure full of values, the values, and the number of bits.
 * @param setBooleans the bits of a boolean that is true: any of them, or the lowest alone, as writers do.
 */
export function encodeRandom(
  fieldClass: StructureFieldClass,
  seed: number,
  littleEndian: boolean,
  setBooleans: 'any' | 'one' = 'any',
): { readonly bytes: Uint8Array; readonly bits: number; readonly value: FieldValue } {
  const encoder = new RandomEncoder(seed, littleEndian, setBooleans);
  const value = encoder.field(fieldClass, []);
  return { bytes: encoder.writer.toBytes(littleEndian), bits: encoder.writer.bits.length, value };
}
