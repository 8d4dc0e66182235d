/** Writes LTTng's packet index files (`index/STREAM.idx`), version 1.1. The opposite of packet-index.ts. */
import type { IndexedPacket } from './packet-index.ts';

const headerBytes = 16;
const entryBytes = 72;

/** The start of an index file. */
export function packetIndexHeader(): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xc1f1dcc1);
  view.setUint32(4, 1);
  view.setUint32(8, 1);
  view.setUint32(12, entryBytes);
  return bytes;
}

/**
 * The entry of one packet.
 * @param packet what an index tells of it, but for its place.
 * @param offsetBytes where it begins in the file.
 */
export function packetIndexEntry(
  packet: Omit<IndexedPacket, 'offsetBytes'>,
  offsetBytes: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(entryBytes);
  writePacketIndexEntry(new DataView(bytes.buffer), packet, offsetBytes);
  return bytes;
}

/** Size of an entry. */
export const packetIndexEntryBytes: number = entryBytes;

/** The same as {@link packetIndexEntry}, into memory that is used again; `bench/kernel-drain.ts` guards it. */
export function writePacketIndexEntry(
  view: DataView,
  packet: Omit<IndexedPacket, 'offsetBytes'>,
  offsetBytes: number,
): void {
  view.setBigUint64(0, BigInt(offsetBytes));
  view.setBigUint64(8, BigInt(packet.sizeBytes * 8));
  view.setBigUint64(16, BigInt(packet.contentBits));
  view.setBigUint64(24, packet.beginTicks);
  view.setBigUint64(32, packet.endTicks);
  view.setBigUint64(40, packet.discardedEvents);
  view.setBigUint64(48, packet.streamId);
  view.setBigUint64(56, packet.streamInstanceId ?? 0n);
  view.setBigUint64(64, packet.sequenceNumber ?? 0n);
}
