import { assert, bigInt, property, record } from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIndexEntry, encodeIndexEntry, encodeIndexHeader, isIndexHeader } from './packet-index.ts';

test('the header is the one of LTTng 1.1', () => {
  expect(Buffer.from(encodeIndexHeader()).toString('hex')).toBe('c1f1dcc1000000010000000100000048');
  expect(isIndexHeader(encodeIndexHeader())).toBe(true);
  expect(isIndexHeader(encodeIndexHeader().subarray(0, 15))).toBe(false);
});

test('an entry is read back as it was written, numbers big-endian in order', () => {
  const word = bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const entries = record({
    offsetBytes: word,
    packetSizeBits: word,
    contentSizeBits: word,
    timestampBegin: word,
    timestampEnd: word,
    eventsDiscarded: word,
    streamId: word,
    streamInstanceId: word,
    packetSequenceNumber: word,
  });
  assert(
    property(entries, (entry) => {
      const bytes = new Uint8Array(80).subarray(8);
      encodeIndexEntry(entry, bytes);
      expect(decodeIndexEntry(bytes)).toEqual(entry);
      expect(Buffer.from(bytes).readBigUInt64BE(64)).toBe(entry.packetSequenceNumber);
    }),
  );
});
