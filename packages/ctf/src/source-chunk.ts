/** The part of a source that is in memory: one buffer, used again and again. */
import { SpoorError } from '@spoor/base';
import { packetPaddingBytes } from './bits.ts';
import type { ByteSource } from './byte-source.ts';

/** Consecutive bytes of a source, with room behind them for loads that begin inside and end outside. */
export class SourceChunk {
  private bytes = new Uint8Array(packetPaddingBytes);
  private start = 0;
  private length = 0;
  private readonly leastBytes: number;

  /** @param leastBytes read at a time, if the source has them. */
  constructor(leastBytes: number) {
    this.leastBytes = leastBytes;
  }

  /** Holds nothing: the next bytes are of another source. */
  forget(): void {
    this.start = 0;
    this.length = 0;
  }

  /** How many bytes it holds from `from` on. */
  heldFrom(from: number): number {
    return from < this.start ? 0 : Math.max(0, this.start + this.length - from);
  }

  /**
   * Makes it hold at least `wanted` bytes from `from` on, if the source has them.
   * @throws BytesAwaited of a remote source; then it holds nothing.
   */
  ensure(source: ByteSource, from: number, wanted: number): void {
    if (this.heldFrom(from) >= wanted) return;
    this.fill(source, from, Math.min(source.sizeBytes - from, Math.max(wanted, this.leastBytes)));
  }

  private fill(source: ByteSource, start: number, wanted: number): void {
    if (this.bytes.length < wanted + packetPaddingBytes) {
      this.bytes = new Uint8Array(wanted + packetPaddingBytes);
    }
    let length = 0;
    // Until all has come, it holds nothing.
    this.length = 0;
    while (length < wanted) {
      const part = length === 0 ? this.bytes : this.bytes.subarray(length);
      const count = source.read(part, wanted - length, start + length);
      if (count === 0) break;
      length += count;
    }
    this.bytes.fill(0, length, length + packetPaddingBytes);
    this.start = start;
    this.length = length;
  }

  /** All that it holds from `from` on, and the room behind; at least `length` bytes must be there. */
  view(from: number, length: number): Uint8Array {
    const bytes = this.bytes.subarray(from - this.start, this.length + packetPaddingBytes);
    if (bytes.length < length + packetPaddingBytes) {
      throw new SpoorError('ctf/internal', `a chunk of ${length} bytes is not loaded`);
    }
    return bytes;
  }
}
