import { PACKET } from '@spoor/ringbuffer';
import type { IndexEntry } from './packet-index.ts';

/** What the index says of a packet, taken from its header and context; `streamInstanceId` is the ring's number. */
export function describePacket(
  packet: Uint8Array,
  streamInstanceId: number,
): Omit<IndexEntry, 'offsetBytes'> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  return {
    packetSizeBits: view.getBigUint64(PACKET.packetSizeBits, true),
    contentSizeBits: view.getBigUint64(PACKET.contentSizeBits, true),
    timestampBegin: view.getBigUint64(PACKET.timestampBegin, true),
    timestampEnd: view.getBigUint64(PACKET.timestampEnd, true),
    eventsDiscarded: view.getBigUint64(PACKET.eventsDiscarded, true),
    streamId: BigInt(view.getUint32(PACKET.streamClassId, true)),
    streamInstanceId: BigInt(streamInstanceId),
    packetSequenceNumber: view.getBigUint64(PACKET.sequenceNumber, true),
  };
}
