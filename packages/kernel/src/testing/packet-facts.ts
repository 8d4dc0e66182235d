import type { PacketFacts } from '../transcode/packet-buffer.ts';

/** What the index says of a packet that is full, where nothing else matters. */
export function factsOfSize(sizeBytes: number): PacketFacts {
  return {
    sizeBytes,
    contentBits: sizeBytes * 8,
    beginTicks: 1n,
    endTicks: 2n,
    discardedEvents: 0n,
    streamId: 0n,
    streamInstanceId: 0n,
    sequenceNumber: 0n,
  };
}
