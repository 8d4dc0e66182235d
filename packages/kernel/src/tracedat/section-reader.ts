/** Numbers, texts and blocks of a `trace.dat`, one behind the other. */
import { SpoorError } from '@spoor/base';

/** Reads a piece of the file that is in memory; never beyond its end. */
export class SectionReader {
  readonly bytes: Uint8Array;
  at = 0;
  private readonly view: DataView;
  private readonly littleEndian: boolean;
  private readonly where: string;

  constructor(bytes: Uint8Array, littleEndian: boolean, where: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.littleEndian = littleEndian;
    this.where = where;
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws SpoorError `trace-dat/truncated`. */
  private take(length: number): number {
    const { at } = this;
    if (!(length >= 0) || at + length > this.bytes.length) {
      throw new SpoorError('trace-dat/truncated', 'it ends in the middle of something', {
        where: `${this.where}, byte ${at}`,
        hint: 'it was cut off, or events came or went while trace-cmd noted their formats: record again',
      });
    }
    this.at = at + length;
    return at;
  }

  u16(): number {
    return this.view.getUint16(this.take(2), this.littleEndian);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), this.littleEndian);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), this.littleEndian);
  }

  /** An offset or a size in the file. */
  offset(): number {
    const value = this.u64();
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? this.take(Infinity) : Number(value);
  }

  block(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Text up to a NUL, which is passed over. */
  text(): string {
    const end = this.bytes.indexOf(0, this.at);
    const bytes = this.block((end < 0 ? Infinity : end) - this.at);
    this.at += 1;
    return new TextDecoder().decode(bytes);
  }
}
