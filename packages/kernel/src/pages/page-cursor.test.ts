import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layout32BigEndian, layout64, PageBuilder, payloadOf } from '../testing/page-builder.ts';
import { PageCursor } from './page-cursor.ts';

interface Record {
  readonly timeNs: number;
  readonly typeId: number;
  readonly bytes: readonly number[];
}

function recordsOf(cursor: PageCursor): Record[] {
  const records: Record[] = [];
  while (cursor.next()) {
    const { timeNs, typeId, at, lengthBytes } = cursor;
    records.push({ timeNs, typeId, bytes: [...cursor.bytes.subarray(at, at + lengthBytes)] });
  }
  return records;
}

const begin = 0xf800_1234_5678_9abcn;

const event = fc.record({
  typeId: fc.nat(0xffff),
  lengthBytes: fc.nat({ max: 300 }),
  delta: fc.oneof(fc.nat(1000), fc.nat(0x7ff_ffff)),
  before: fc.oneof(
    fc.constant({ kind: 'nothing' } as const),
    fc.record({ kind: fc.constant('extend' as const), delta: fc.bigInt(0n, 2n ** 40n) }),
    fc.record({ kind: fc.constant('stamp' as const), later: fc.bigInt(0n, 2n ** 40n) }),
    fc.record({
      kind: fc.constant('discarded' as const),
      delta: fc.integer({ min: 1, max: 99 }),
      words: fc.nat(9),
    }),
  ),
  long: fc.boolean(),
});

describe.each([
  ['64 bits, little endian', layout64],
  ['32 bits, big endian', layout32BigEndian],
])('%s', (_, layout) => {
  test('what was written is read, with its times', () => {
    fc.assert(
      fc.property(
        fc.array(event),
        fc.nat(7),
        fc.integer({ min: -1, max: 1e9 }),
        (events, pageIndex, lost) => {
          const builder = new PageBuilder(layout, begin);
          const expected: Record[] = [];
          let time = begin;
          for (const { typeId, lengthBytes, delta, before, long } of events) {
            if (builder.freeBytes < lengthBytes + 80) break;
            if (before.kind === 'extend') {
              builder.extend(before.delta);
              time += before.delta;
            } else if (before.kind === 'stamp') {
              time += before.later;
              builder.stamp(time);
            } else if (before.kind === 'discarded') {
              builder.discarded(before.delta, before.words * 4);
              time += BigInt(before.delta);
            }
            time += BigInt(delta);
            const payload = payloadOf(typeId, lengthBytes, layout.littleEndian);
            builder.record(delta, payload, long);
            const padded = new Uint8Array((payload.length + 3) & ~3);
            padded.set(payload);
            expected.push({ timeNs: Number(time - begin) + 7, typeId, bytes: [...padded] });
          }
          const page = builder.finish(lost);
          const all = new Uint8Array(page.length * (pageIndex + 1));
          all.set(page, pageIndex * page.length);
          const cursor = new PageCursor(layout);
          cursor.setOrigin(Number(begin >> 32n), Number(begin & 0xffff_ffffn) - 7);
          cursor.setBytes(all);
          expect(cursor.open(pageIndex * page.length, page.length)).toBe(true);
          expect([cursor.beginHi, cursor.beginLo, cursor.beginNs]).toEqual([0xf800_1234, 0x5678_9abc, 7]);
          expect(cursor.lostEvents).toBe(lost);
          expect(recordsOf(cursor)).toEqual(expected);
          expect(cursor.damage).toBe(undefined);
          expect(cursor.next()).toBe(false);
        },
      ),
    );
  });

  test('whatever the bytes are, it stays within them and ends', () => {
    const page = fc.uint8Array({ maxLength: 400 }).map((bytes) => {
      // A length that can be, more often than not, or nothing behind it would ever be looked at.
      if (bytes.length > 16 && bytes[0]! % 4 !== 0) {
        const lower = layout.littleEndian || layout.longBytes === 4 ? 0 : 4;
        const commit = bytes.length - layout.dataOffsetBytes;
        new DataView(bytes.buffer).setUint32(layout.commitOffsetBytes + lower, commit, layout.littleEndian);
      }
      return bytes;
    });
    fc.assert(
      fc.property(page, fc.nat(400), (bytes, lengthBytes) => {
        const cursor = new PageCursor(layout);
        cursor.setBytes(bytes);
        cursor.open(0, lengthBytes);
        let count = 0;
        while (cursor.next()) {
          count += 1;
          expect(cursor.at + cursor.lengthBytes).toBeLessThanOrEqual(Math.min(bytes.length, lengthBytes));
        }
        expect(count).toBeLessThanOrEqual(bytes.length / 8);
      }),
      { numRuns: 2000 },
    );
  });
});

test('damage is told, and what stands before it is read', () => {
  const builder = new PageBuilder(layout64, 5n);
  builder.record(1, payloadOf(7, 8, true));
  builder.record(1, payloadOf(8, 8, true));
  const page = builder.finish();
  const cursor = new PageCursor(layout64);
  cursor.setBytes(page);
  expect(cursor.open(0, 20)).toBe(false);
  expect(cursor.damage).toBe('a page of 40 bytes in 20, at byte 0');
  expect(recordsOf(cursor)).toEqual([]);
  new DataView(page.buffer).setUint32(28, 20, true);
  cursor.open(0, page.length);
  expect(recordsOf(cursor).map(({ typeId }) => typeId)).toEqual([7]);
  expect(cursor.damage).toBe('an event beyond the end of its page, at byte 32');
});
