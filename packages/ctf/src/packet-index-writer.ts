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

/** The entry of one packet. */
export function packetIndexEntry(packet: IndexedPacket): Uint8Array {
  const bytes = new Uint8Array(entryBytes);
  const view = new DataView(bytes.buffer);
  const words = [
    BigInt(packet.offsetBytes),
    BigInt(packet.sizeBytes) * 8n,
    BigInt(packet.contentBits),
    packet.beginTicks,
    packet.endTicks,
    packet.discardedEvents,
    packet.streamId,
    packet.streamInstanceId ?? 0n,
    packet.sequenceNumber ?? 0n,
  ];
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, BigInt.asUintN(64, word));
  return bytes;
}
