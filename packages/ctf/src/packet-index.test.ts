import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { packetIndexEntry, packetIndexHeader } from './packet-index-writer.ts';
import { placeInIndex, readPacketIndex, type IndexedPacket } from './packet-index.ts';

/** Writes an index as LTTng does. */
function indexOf(packets: readonly Omit<IndexedPacket, 'offsetBytes'>[], minor: 0 | 1): Uint8Array {
  const entryBytes = minor === 1 ? 72 : 56;
  const bytes = new Uint8Array(16 + packets.length * entryBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of [0xc1f1dcc1, 1, minor, entryBytes].entries()) view.setUint32(index * 4, word);
  let offset = 0n;
  for (const [index, packet] of packets.entries()) {
    const words = [
      offset,
      BigInt(packet.sizeBytes) * 8n,
      BigInt(packet.contentBits),
      packet.beginTicks,
      packet.endTicks,
      packet.discardedEvents,
      packet.streamId,
      ...(minor === 1 ? [packet.streamInstanceId ?? 0n, packet.sequenceNumber ?? 0n] : []),
    ];
    for (const [word, value] of words.entries()) {
      view.setBigUint64(16 + index * entryBytes + word * 8, value);
    }
    offset += BigInt(packet.sizeBytes);
  }
  return bytes;
}

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const packets = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 1 << 22 }), u64, u64, u64, fc.nat(9))
    .map(([size, one, two, lost, id]) => ({
      sizeBytes: size,
      contentBits: size * 7,
      beginTicks: one < two ? one : two,
      endTicks: one < two ? two : one,
      discardedEvents: lost,
      streamId: BigInt(id),
      streamInstanceId: 3n,
      sequenceNumber: lost,
    })),
  { maxLength: 20 },
);

describe('a packet index', () => {
  test('is written as LTTng writes it', () => {
    fc.assert(
      fc.property(packets, (all) => {
        let offset = 0;
        const parts: Uint8Array[] = [packetIndexHeader()];
        for (const packet of all) {
          parts.push(packetIndexEntry(packet, offset));
          offset += packet.sizeBytes;
        }
        expect(Uint8Array.from(parts.flatMap((part) => [...part]))).toEqual(indexOf(all, 1));
      }),
    );
  });

  test('of either version is read as it was written', () => {
    fc.assert(
      fc.property(packets, fc.constantFrom(0 as const, 1 as const), (list, minor) => {
        const total = list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        const read = readPacketIndex(indexOf(list, minor), total)!;
        expect(read).toHaveLength(list.length);
        let offset = 0;
        for (const [index, packet] of read.entries()) {
          const { streamInstanceId, sequenceNumber, ...rest } = list[index]!;
          const only11 = minor === 1 ? { streamInstanceId, sequenceNumber } : {};
          expect(packet).toEqual({ offsetBytes: offset, ...rest, ...only11 });
          offset += packet.sizeBytes;
        }
      }),
    );
  });

  test('that does not fill its stream file is refused', () => {
    fc.assert(
      fc.property(packets, fc.integer({ min: 1, max: 1000 }), (list, more) => {
        const total = list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        expect(readPacketIndex(indexOf(list, 1), total + more)).toBeUndefined();
      }),
    );
  });

  test('tells the last packet before which nothing of a time is', () => {
    fc.assert(
      fc.property(packets, u64, (list, ticks) => {
        const total = list.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        const read = readPacketIndex(indexOf(list, 1), total)!;
        const late = read.findIndex(({ endTicks }) => endTicks === 0n || endTicks >= ticks);
        const last = read[late < 0 ? read.length - 1 : late - 1];
        const found = placeInIndex(indexOf(list, 1), total, ticks);
        expect(found).toEqual(
          last === undefined ? undefined : { offsetBytes: last.offsetBytes, endTicks: last.endTicks },
        );
        expect(placeInIndex(indexOf(list, 1), total + 1, ticks)).toBeUndefined();
      }),
    );
  });

  test('of random bytes never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(1000), (bytes, size) => {
        expect(readPacketIndex(bytes, size)).toBeUndefined();
        expect(placeInIndex(bytes, size, 1n)).toBeUndefined();
      }),
    );
  });
});
