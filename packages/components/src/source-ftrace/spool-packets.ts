/** Where the packets go that pages of a ring become. */
import type { Spool } from '@spoor/archive';
import { factsBefore, markPacket, type PacketOutput } from '@spoor/kernel';

/**
 * Puts them into a spool. Readers know losses by how their count grows from packet to packet: where the first one tells of some,
 * one without events stands before it.
 */
export function spoolPackets(place: Spool): PacketOutput {
  let isFirst = true;
  return {
    packet(bytes, lengthBytes, facts) {
      if (isFirst && facts.discardedEvents !== 0n) place.append(markPacket(bytes, factsBefore(facts)).bytes);
      isFirst = false;
      place.append(bytes.subarray(0, lengthBytes));
    },
  };
}
