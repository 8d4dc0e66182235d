/**
 * Zstandard streams (RFC 8878): frames are followed here, so that windows are bounded, the end is found and content
 * checksums are checked; `zstd/` unpacks their blocks.
 */
import type { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { Xxh64 } from './checksums.ts';
import { archiveError, truncated, wrongChecksum } from './errors.ts';
import type { Budget } from './limits.ts';
import type { ArchiveMeans } from './means.ts';
import { readBytes, readInto } from './window-source.ts';
import { slackBytes, ZstdDamage } from './zstd/bits.ts';
import { FrameDecoder } from './zstd/frame-decoder.ts';

const frameMagic = 0xfd2f_b528;
const skippableMagic = 0x184d_2a50;
/** What zstd itself takes without being told otherwise. */
const mostWindowBytes = 128 * 1_048_576;

interface FrameHeader {
  readonly headerBytes: number;
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
  /** Of the unpacked frame, where it is said. */
  readonly contentBytes: number | undefined;
}

function damaged(name: string, message: string): SpoorError {
  return archiveError('archive/damaged', name, undefined, message, 'fetch or make it again');
}

function readHeader(source: ByteSource, position: number): FrameHeader {
  const bytes = readBytes(source, position, 18);
  if (bytes.length < 6) throw truncated(source.name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const descriptor = bytes[4]!;
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const sizeAt = 5 + (isSingle ? 0 : 1) + dictionaryBytes;
  const headerBytes = sizeAt + sizeBytes;
  if (bytes.length < headerBytes) throw truncated(source.name);
  if ((descriptor & 0x08) !== 0) throw damaged(source.name, 'a reserved bit of its frame header is set');
  let dictionary = 0;
  for (let at = 0; at < dictionaryBytes; at++) dictionary |= bytes[sizeAt - dictionaryBytes + at]!;
  if (dictionary !== 0) {
    const hint = 'unpack it and give the directory';
    throw archiveError('archive/unsupported', source.name, undefined, 'it is packed with a dictionary', hint);
  }
  let contentBytes: number | undefined;
  if (sizeBytes === 1) contentBytes = bytes[sizeAt]!;
  if (sizeBytes === 2) contentBytes = view.getUint16(sizeAt, true) + 256;
  if (sizeBytes === 4) contentBytes = view.getUint32(sizeAt, true);
  if (sizeBytes === 8) contentBytes = Number(view.getBigUint64(sizeAt, true));
  const base = 2 ** (10 + (bytes[5]! >> 3));
  const windowBytes = isSingle ? contentBytes! : base + (base / 8) * (bytes[5]! & 7);
  if (windowBytes > mostWindowBytes) {
    throw archiveError(
      'archive/unsupported',
      source.name,
      undefined,
      `it needs a window of ${windowBytes} bytes; ${mostWindowBytes} are the most`,
      'unpack it with `zstd -d --long=31` and give what comes out',
    );
  }
  return { headerBytes, windowBytes, hasChecksum: (descriptor & 0x04) !== 0, contentBytes };
}

/** Unpacks frames, with buffers that all of them share. */
export class ZstdFrames {
  private readonly decoder = new FrameDecoder();

  /**
   * Unpacks one frame.
   * @param take is given its bytes block by block; they are good until it returns.
   * @returns where what is behind the frame begins.
   * @throws SpoorError `archive/damaged`, `archive/unsupported`, and what `take` throws.
   */
  unpack(source: ByteSource, position: number, take: (bytes: Uint8Array) => void): number {
    const { name } = source;
    const { headerBytes, windowBytes, hasChecksum, contentBytes } = readHeader(source, position);
    this.decoder.begin(windowBytes);
    const hash = new Xxh64();
    let length = 0;
    let at = position + headerBytes;
    for (let isLast = false; !isLast;) {
      const head = readBytes(source, at, 3);
      if (head.length < 3) throw truncated(name);
      isLast = (head[0]! & 1) !== 0;
      const kind = (head[0]! >> 1) & 3;
      const size = (head[0]! >> 3) | (head[1]! << 5) | (head[2]! << 13);
      const bytes = this.block(source, at, kind, size);
      if (hasChecksum) hash.update(bytes);
      take(bytes);
      length += bytes.length;
      at += 3 + (kind === 1 ? 1 : size);
    }
    if (contentBytes !== undefined && contentBytes !== length) {
      throw damaged(name, `its content is of ${length} bytes, its header says ${contentBytes}`);
    }
    if (!hasChecksum) return at;
    const check = readBytes(source, at, 4);
    if (check.length < 4) throw truncated(name);
    const view = new DataView(check.buffer, check.byteOffset, 4);
    if (BigInt(view.getUint32(0, true)) !== (hash.value & 0xffff_ffffn)) throw wrongChecksum(name);
    return at + 4;
  }

  private block(source: ByteSource, at: number, kind: number, size: number): Uint8Array {
    const { decoder } = this;
    if (kind === 3 || size > decoder.blockBytes) {
      throw damaged(source.name, `the block at byte ${at} is not one`);
    }
    const packedBytes = kind === 1 ? 1 : size;
    const into = decoder.packed.bytes.subarray(slackBytes, slackBytes + packedBytes);
    if (readInto(source, at + 3, into) < packedBytes) throw truncated(source.name);
    try {
      return decoder.block(kind as 0 | 1 | 2, size);
    } catch (error) {
      if (!(error instanceof ZstdDamage)) throw error;
      throw damaged(source.name, `the Zstandard block at byte ${at} is broken: ${error.message}`);
    }
  }
}

/** Unpacks all frames. @throws SpoorError `archive/damaged`, `archive/too-large`, `archive/unsupported`. */
export function unpackZstd(source: ByteSource, budget: Budget, means: ArchiveMeans): ByteSource {
  const { name } = source;
  const spool = means.spool(name);
  const frames = new ZstdFrames();
  const take = (bytes: Uint8Array): void => {
    budget.spend(bytes.length);
    spool.append(bytes);
  };
  try {
    for (let at = 0; at < source.sizeBytes;) {
      const head = readBytes(source, at, 8);
      if (head.length < 8) throw truncated(name);
      const view = new DataView(head.buffer, head.byteOffset, 8);
      const magic = view.getUint32(0, true);
      if (magic === frameMagic) {
        at = frames.unpack(source, at, take);
      } else if ((magic & 0xffff_fff0) >>> 0 === skippableMagic) {
        at += 8 + view.getUint32(4, true);
      } else {
        throw damaged(name, `there is no Zstandard frame at byte ${at}`);
      }
    }
  } catch (error) {
    spool.discard();
    throw error;
  }
  return spool.finish(name);
}
