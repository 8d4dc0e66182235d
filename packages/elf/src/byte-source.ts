/** Bytes of a file, wherever it is. */
import { SpoorError } from '@spoor/base';

/** What an ELF file is read from. */
export interface ElfSource {
  /** For messages. */
  readonly name: string;
  readonly sizeBytes: number;
  /** The bytes from `offset` on, fewer than `length` only at the end. They are not changed by who takes them. */
  read(offset: number, length: number): Uint8Array;
}

/** Bytes that are in memory. */
export function sourceOfBytes(bytes: Uint8Array, name = 'ELF file'): ElfSource {
  return {
    name,
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Reads numbers of either byte order, one after the other, and never beyond the end. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  at: number;
  private readonly view: DataView;
  private readonly littleEndian: boolean;
  private readonly name: string;

  constructor(bytes: Uint8Array, littleEndian: boolean, name: string, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.littleEndian = littleEndian;
    this.name = name;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws SpoorError `elf/truncated`. */
  fail(): never {
    throw new SpoorError('elf/truncated', 'it ends in the middle of something', {
      where: `${this.name}, byte ${this.at}`,
    });
  }

  private take(length: number): number {
    const at = this.at;
    if (!(length >= 0) || at + length > this.bytes.length) this.fail();
    this.at = at + length;
    return at;
  }

  skip(length: number): void {
    this.take(length);
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.view.getUint16(this.take(2), this.littleEndian);
  }

  u24(): number {
    const at = this.take(3);
    const [a = 0, b = 0, c = 0] = this.bytes.subarray(at, at + 3);
    return this.littleEndian ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), this.littleEndian);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), this.littleEndian);
  }

  /** A number of 4 or 8 bytes. */
  word(sizeBytes: number): bigint {
    switch (sizeBytes) {
      case 1:
        return BigInt(this.u8());
      case 2:
        return BigInt(this.u16());
      case 4:
        return BigInt(this.u32());
      case 8:
        return this.u64();
      default:
        return this.fail();
    }
  }

  /** An offset or size: what cannot be in any file is refused. */
  offset(sizeBytes: number): number {
    const value = this.word(sizeBytes);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? this.fail() : Number(value);
  }

  uleb(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return this.fail();
  }

  /** A LEB128 number that counts or indexes something. */
  count(): number {
    const value = this.uleb();
    return value > 0xffff_ffffn ? this.fail() : Number(value);
  }

  sleb(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const bits = Number(shift) + 7;
        return BigInt.asIntN(64, (byte & 0x40) === 0 ? value : BigInt.asIntN(bits, value));
      }
    }
    return this.fail();
  }

  /** Text up to a NUL, which is passed over. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) return this.fail();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }
}

/** The text that begins at an offset; undefined where none can be. */
export function textAt(bytes: Uint8Array, offset: number): string | undefined {
  if (!(offset >= 0) || offset >= bytes.length) return undefined;
  const end = bytes.indexOf(0, offset);
  return end < 0 ? undefined : new TextDecoder().decode(bytes.subarray(offset, end));
}
