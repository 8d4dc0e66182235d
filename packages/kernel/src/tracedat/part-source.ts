/** Parts of a file as sources of their own: plain ones, and such as are packed chunk by chunk. */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';

/** Unpacks one block. @param algorithm as the file names it: `zlib`, `zstd`. */
export type Unpack = (algorithm: string, packed: Uint8Array, sizeBytes: number) => Uint8Array;

/** Reads so many bytes of a source; fewer where it ends. */
export function readAt(source: ByteSource, position: number, length: number): Uint8Array {
  const wanted = Math.max(0, Math.min(length, source.sizeBytes - position));
  const bytes = new Uint8Array(wanted);
  let filled = 0;
  while (filled < wanted) {
    const count = source.read(bytes.subarray(filled), wanted - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** The bytes from `start` on as a source. */
export function partOf(source: ByteSource, name: string, start: number, sizeBytes: number): ByteSource {
  const size = Math.max(0, Math.min(sizeBytes, source.sizeBytes - start));
  return {
    name,
    sizeBytes: size,
    read: (into, length, position) =>
      source.read(into, Math.max(0, Math.min(length, size - position)), start + position),
  };
}

interface Chunk {
  readonly packedAt: number;
  readonly packedBytes: number;
  readonly plainAt: number;
  readonly plainBytes: number;
}

/** Chunks are made of some pages each. */
const largestChunkBytes = 64 * 1_048_576;

/**
 * Chunks with their sizes before them, as one source. The chunk that was read last is kept, so that pages which are read
 * one behind the other are unpacked once.
 * @throws SpoorError `trace-dat/damaged`.
 */
export function unpackedSource(
  source: ByteSource,
  name: string,
  start: number,
  littleEndian: boolean,
  unpack: (packed: Uint8Array, sizeBytes: number) => Uint8Array,
): ByteSource {
  const word = (at: number): number => {
    const bytes = readAt(source, at, 4);
    if (bytes.length < 4)
      throw new SpoorError('trace-dat/truncated', 'it ends in a list of chunks', { where: name });
    return new DataView(bytes.buffer).getUint32(0, littleEndian);
  };
  const chunks: Chunk[] = [];
  let plainAt = 0;
  let at = start + 4;
  for (let left = word(start); left > 0; left--) {
    const packedBytes = word(at);
    const plainBytes = word(at + 4);
    if (plainBytes > largestChunkBytes || packedBytes > largestChunkBytes || plainBytes === 0) {
      throw new SpoorError('trace-dat/damaged', `a chunk of ${plainBytes} bytes cannot be`, { where: name });
    }
    chunks.push({ packedAt: at + 8, packedBytes, plainAt, plainBytes });
    plainAt += plainBytes;
    at += 8 + packedBytes;
  }
  let kept: { readonly chunk: Chunk; readonly bytes: Uint8Array } | undefined;
  const bytesOf = (chunk: Chunk): Uint8Array => {
    if (kept?.chunk !== chunk) {
      kept = { chunk, bytes: unpack(readAt(source, chunk.packedAt, chunk.packedBytes), chunk.plainBytes) };
    }
    return kept.bytes;
  };
  const find = (position: number): Chunk | undefined => {
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (chunks[middle]!.plainAt <= position) low = middle + 1;
      else high = middle;
    }
    const chunk = chunks[low - 1];
    return chunk === undefined || position >= chunk.plainAt + chunk.plainBytes ? undefined : chunk;
  };
  return {
    name,
    sizeBytes: plainAt,
    read(into, length, position) {
      const chunk = find(position);
      if (chunk === undefined) return 0;
      const part = bytesOf(chunk).subarray(position - chunk.plainAt, position - chunk.plainAt + length);
      into.set(part);
      return part.length;
    },
  };
}
