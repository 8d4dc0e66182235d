/** Gzip streams (RFC 1952) of one member or several, with their check values. */
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { Crc32 } from './checksums.ts';
import { archiveError, truncated, wrongChecksum } from './errors.ts';
import type { Budget } from './limits.ts';
import type { ArchiveMeans } from './means.ts';
import { eachChunk, readBytes } from './window-source.ts';

/** Small, for a chunk may unpack to a thousand times as much at once. */
const chunkBytes = 16_384;
const trailerBytes = 8;

/** Checks one member after the other: what is at its end against what came out. */
class MemberCheck {
  private crc = new Crc32();
  private length = 0;
  private readonly source: ByteSource;

  constructor(source: ByteSource) {
    this.source = source;
  }

  add(bytes: Uint8Array): void {
    this.crc.update(bytes);
    this.length += bytes.length;
  }

  endAt(position: number): void {
    const trailer = readBytes(this.source, position - trailerBytes, trailerBytes);
    const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength);
    // The length is kept modulo 2^32.
    if (view.getUint32(0, true) !== this.crc.value || view.getUint32(4, true) !== this.length % 2 ** 32) {
      throw wrongChecksum(this.source.name);
    }
    this.crc = new Crc32();
    this.length = 0;
  }
}

/** Unpacks a gzip stream. @throws SpoorError `archive/damaged`, `archive/too-large`. */
export function unpackGzip(source: ByteSource, budget: Budget, means: ArchiveMeans): ByteSource {
  const { name } = source;
  const spool = means.spool(name);
  const check = new MemberCheck(source);
  const inflater = means.codecs().gunzip(
    (bytes) => {
      budget.spend(bytes.length);
      check.add(bytes);
      spool.append(bytes);
    },
    (position) => check.endAt(position),
  );
  try {
    eachChunk(source, 0, source.sizeBytes, chunkBytes, (chunk, isLast) => inflater.push(chunk, isLast));
    check.endAt(source.sizeBytes);
  } catch (error) {
    spool.discard();
    if (error instanceof SpoorError) throw error;
    const { message } = error as Error;
    if (message === 'unexpected EOF') throw truncated(name);
    throw archiveError('archive/damaged', name, undefined, `its gzip stream is broken: ${message}`);
  }
  return spool.finish(name);
}
