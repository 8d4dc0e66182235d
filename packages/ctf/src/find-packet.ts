/** Finds a packet where no size of another tells where it is: by the magic number that every packet begins with. */
import { packetPaddingBytes } from './bits.ts';
import { PacketProperties } from './packet-cursor.ts';
import type { PacketHeaderDecoder } from './stream-decoder.ts';
import type { ByteSource } from './byte-source.ts';

const blockBytes = 65_536;
/** A header that is longer is not looked at whole before its packet is entered. */
const headerBytes = 512;

/** Reads a part of a source; the bytes are followed by padding. */
function readPart(source: ByteSource, into: Uint8Array, wanted: number, position: number): number {
  let length = 0;
  while (length < wanted) {
    const count = source.read(into.subarray(length), wanted - length, position + length);
    if (count === 0) break;
    length += count;
  }
  into.fill(0, length, length + packetPaddingBytes);
  return length;
}

/**
 * The first place from `from` on that begins as a packet does, as far as its header tells; undefined when there is none,
 * or when packets of this trace have no magic number.
 */
export function findPacket(
  source: ByteSource,
  headerDecoder: PacketHeaderDecoder,
  from: number,
): number | undefined {
  const { magicBytes } = headerDecoder;
  if (magicBytes === undefined) return undefined;
  const block = new Uint8Array(blockBytes + packetPaddingBytes);
  const header = new Uint8Array(headerBytes + packetPaddingBytes);
  const headerView = new DataView(header.buffer);
  const properties = new PacketProperties();
  for (let start = from; start < source.sizeBytes; start += blockBytes - magicBytes.length + 1) {
    const length = readPart(source, block, Math.min(blockBytes, source.sizeBytes - start), start);
    if (length < magicBytes.length) return undefined;
    const last = length - magicBytes.length;
    for (
      let at = block.indexOf(magicBytes[0]!);
      at >= 0 && at <= last;
      at = block.indexOf(magicBytes[0]!, at + 1)
    ) {
      if (!magicBytes.every((byte, index) => block[at + index] === byte)) continue;
      const held = readPart(source, header, Math.min(headerBytes, source.sizeBytes - start - at), start + at);
      properties.clear();
      if (headerDecoder.decode(header, headerView, held * 8, properties) >= 0) return start + at;
    }
  }
  return undefined;
}
