/** A part of a source as a source of its own. */
import type { ByteSource } from '@spoor/ctf';

/** Bytes of another source from a position on. Nothing is copied. */
export class WindowSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  private readonly source: ByteSource;
  private readonly start: number;

  constructor(name: string, source: ByteSource, start: number, sizeBytes: number) {
    this.name = name;
    this.source = source;
    this.start = start;
    this.sizeBytes = sizeBytes;
  }

  read(into: Uint8Array, length: number, position: number): number {
    const rest = Math.min(length, this.sizeBytes - position);
    return rest <= 0 ? 0 : this.source.read(into, rest, this.start + position);
  }
}

/** Fills `into` with what is at a position, or the beginning of it with what there is. Returns how many bytes that is. */
export function readInto(source: ByteSource, position: number, into: Uint8Array): number {
  let held = 0;
  while (held < into.length) {
    const rest = held === 0 ? into : into.subarray(held);
    const count = source.read(rest, rest.length, position + held);
    if (count === 0) break;
    held += count;
  }
  return held;
}

/** Reads all of `length` bytes, or what there is of them. */
export function readBytes(source: ByteSource, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.sizeBytes - position)));
  const held = readInto(source, position, bytes);
  return held === bytes.length ? bytes : bytes.subarray(0, held);
}

/** Hands over all bytes of a range in chunks of one buffer that is used again. Returns how many there were. */
export function eachChunk(
  source: ByteSource,
  position: number,
  length: number,
  chunkBytes: number,
  take: (chunk: Uint8Array, last: boolean) => void,
): number {
  const buffer = new Uint8Array(Math.min(chunkBytes, length));
  let done = 0;
  while (done < length) {
    const count = source.read(buffer, Math.min(buffer.length, length - done), position + done);
    if (count === 0) break;
    done += count;
    take(buffer.subarray(0, count), done === length);
  }
  return done;
}
