import * as fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { Crc32, Xxh64 } from './checksums.ts';

const pieces = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 });

test('CRC-32 of bytes in any pieces is that of zlib', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const crc = new Crc32();
      for (const part of parts) crc.update(part);
      expect(crc.value).toBe(crc32(Buffer.concat(parts)));
    }),
  );
});

test.each([
  ['', 0xef46_db37_51d8_e999n],
  ['abc', 0x44bc_2cf5_ad77_0999n],
  ['Nobody inspects the spammish repetition', 0xfbce_a83c_8a37_8bf1n],
])('XXH64 of %j is as published', (text, expected) => {
  const hash = new Xxh64();
  hash.update(new TextEncoder().encode(text));
  expect(hash.value).toBe(expected);
});

test('XXH64 does not depend on how the bytes come', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const whole = new Xxh64();
      whole.update(Buffer.concat(parts));
      const apart = new Xxh64();
      for (const part of parts) apart.update(part);
      expect(apart.value).toBe(whole.value);
    }),
  );
});
