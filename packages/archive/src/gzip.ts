/** Gzip streams (RFC 1952) of one member or several, with their check values. */
import type { ByteSource } from '@spoor/ctf';
import { Crc32 } from './checksums.ts';
import { archiveError, truncated, wrongChecksum } from './errors.ts';
import { DeflateDamage, Inflater } from './inflate.ts';
import type { Budget } from './limits.ts';
import type { ArchiveMeans } from './means.ts';
import { eachChunk, readBytes } from './window-source.ts';

const headerBytes = 10;
const trailerBytes = 8;
const chunkBytes = 65_536;

const flag = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

function damaged(name: string, message: string): Error {
  return archiveError('archive/damaged', name, undefined, `its gzip stream is broken: ${message}`);
}

/** Where what is behind the next zero begins. */
function behindZero(source: ByteSource, position: number): number {
  for (let at = position; ;) {
    const bytes = readBytes(source, at, 4096);
    if (bytes.length === 0) throw truncated(source.name);
    const zero = bytes.indexOf(0);
    if (zero >= 0) return at + zero + 1;
    at += bytes.length;
  }
}

/** Where the deflate stream of the member at a position begins. */
function behindHeader(source: ByteSource, position: number): number {
  const { name } = source;
  const head = readBytes(source, position, headerBytes);
  if (head.length < headerBytes) throw truncated(name);
  const flags = head[3]!;
  if (head[0] !== 0x1f || head[1] !== 0x8b || head[2] !== 8 || (flags & flag.reserved) !== 0) {
    throw damaged(name, `there is no member at byte ${position}`);
  }
  let at = position + headerBytes;
  if ((flags & flag.extra) !== 0) {
    const length = readBytes(source, at, 2);
    if (length.length < 2) throw truncated(name);
    at += 2 + length[0]! + (length[1]! << 8);
  }
  if ((flags & flag.name) !== 0) at = behindZero(source, at);
  if ((flags & flag.comment) !== 0) at = behindZero(source, at);
  if ((flags & flag.headerCrc) !== 0) at += 2;
  return at;
}

/** Whether nothing but zeros is behind a position: what fills up the last block of a tape, or of a device. */
function isPadding(source: ByteSource, position: number): boolean {
  let isZero = true;
  eachChunk(source, position, source.sizeBytes - position, chunkBytes, (chunk) => {
    isZero &&= chunk.every((byte) => byte === 0);
  });
  return isZero;
}

/** Unpacks a gzip stream. @throws SpoorError `archive/damaged`, `archive/too-large`. */
export function unpackGzip(source: ByteSource, budget: Budget, means: ArchiveMeans): ByteSource {
  const { name, sizeBytes } = source;
  const spool = means.spool(name);
  const inflater = new Inflater();
  try {
    for (let at = 0; at < sizeBytes;) {
      if (at > 0 && readBytes(source, at, 1)[0] === 0 && isPadding(source, at)) break;
      const crc = new Crc32();
      let length = 0;
      at = inflater.unpack(source, behindHeader(source, at), sizeBytes, (bytes) => {
        budget.spend(bytes.length);
        crc.update(bytes);
        spool.append(bytes);
        length += bytes.length;
      });
      const trailer = readBytes(source, at, trailerBytes);
      if (trailer.length < trailerBytes) throw truncated(name);
      const view = new DataView(trailer.buffer, trailer.byteOffset, trailerBytes);
      // The length is kept modulo 2^32.
      if (view.getUint32(0, true) !== crc.value || view.getUint32(4, true) !== length % 2 ** 32) {
        throw wrongChecksum(name);
      }
      at += trailerBytes;
    }
  } catch (error) {
    spool.discard();
    if (!(error instanceof DeflateDamage)) throw error;
    throw error.isCut ? truncated(name) : damaged(name, error.message);
  }
  return spool.finish(name);
}
