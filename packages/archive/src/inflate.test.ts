// Deflate streams beside zlib: what it packs, and what it reads and refuses of damaged ones.
import { constants, deflateRawSync, gzipSync, inflateRawSync } from 'node:zlib';
import { MemorySource } from '@spoor/ctf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeflateDamage, Inflater } from './inflate.ts';
import { nodeMeans } from './node.ts';
import { openArchive } from './open-archive.ts';
import { makeTar, text } from './testing/make-tar.ts';

const inflater = new Inflater();

/** The content of a stream between other bytes, and how many bytes it takes. */
function inflate(stream: Uint8Array, before = 0): readonly [content: Buffer, bytes: number] {
  const parts: Uint8Array[] = [];
  const source = new MemorySource('A', Buffer.concat([Buffer.alloc(before), stream]));
  const end = inflater.unpack(source, before, source.sizeBytes, (part) => void parts.push(part.slice()));
  return [Buffer.concat(parts), end - before];
}

const strategies = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FIXED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
];
const settings = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  strategy: fc.constantFrom(...strategies),
});

/** Pieces that come again, near and far. */
const contents = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(60)), { maxLength: 12 })
  .chain((list) =>
    fc.shuffledSubarray(list.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))),
  )
  .map((parts) => Buffer.concat(parts));

describe('beside zlib', () => {
  test('any content comes back, and what is behind the stream is left', () => {
    fc.assert(
      fc.property(contents, settings, fc.nat(9), (content, options, before) => {
        const stream = deflateRawSync(content, options);
        const [got, bytes] = inflate(Buffer.concat([stream, Buffer.from('behind')]), before);
        expect(got.equals(content)).toBe(true);
        expect(bytes).toBe(stream.length);
      }),
    );
  });

  test('streams of one source come back in any order, with damaged ones between them', () => {
    const part = fc.record({ content: contents, gap: fc.nat(40), isDamaged: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (list, order) => {
          const parts: Buffer[] = [];
          let sizeBytes = 0;
          const streams = list.map(({ content, gap, isDamaged }) => {
            // A block of a kind that there is not ends all of it.
            const stream = isDamaged ? Buffer.from([7]) : deflateRawSync(content);
            const start = sizeBytes + gap;
            parts.push(Buffer.alloc(gap), stream);
            sizeBytes = start + stream.length;
            return { start, end: sizeBytes, content, isDamaged };
          });
          const source = new MemorySource('A', Buffer.concat(parts));
          const turns = [...streams, ...streams.map(() => streams[order.next().value! % streams.length]!)];
          for (const { start, end, content, isDamaged } of turns) {
            const got: Uint8Array[] = [];
            const unpack = () => inflater.unpack(source, start, end, (bytes) => void got.push(bytes.slice()));
            if (isDamaged) {
              expect(unpack).toThrow(DeflateDamage);
            } else {
              expect(unpack()).toBe(end);
              expect(Buffer.concat(got).equals(content)).toBe(true);
            }
          }
        },
      ),
    );
  });

  test('small streams behind one another are read once', () => {
    const stream = deflateRawSync('a line that was packed alone');
    const count = 10_000;
    const bytes = Buffer.concat(Array.from({ length: count }, () => stream));
    const memory = new MemorySource('A', bytes);
    let readBytes = 0;
    const source = {
      name: 'A',
      sizeBytes: bytes.length,
      read: (into: Uint8Array, length: number, position: number): number => {
        const read = memory.read(into, length, position);
        readBytes += read;
        return read;
      },
    };
    let at = 0;
    for (let times = 0; times < count; times += 1)
      at = inflater.unpack(source, at, bytes.length, () => undefined);
    expect(at).toBe(bytes.length);
    expect(readBytes).toBe(bytes.length);
  });

  test('content beyond every buffer, in plain blocks and packed ones', () => {
    const content = Buffer.alloc(3_000_000);
    for (let at = 0; at < content.length; at += 1) content[at] = (at * at) >> ((at >> 14) & 15);
    for (const level of [0, 1, 6]) {
      expect(inflate(deflateRawSync(content, { level }), 5)[0].equals(content), `level ${level}`).toBe(true);
    }
  });

  test('damaged streams give the same as zlib, or are refused as it refuses them', () => {
    const seen = { read: 0, refused: 0 };
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.oneof(contents, fc.string({ maxLength: 200 }).map(text)),
        settings,
        edits,
        (content, options, changes) => {
          const stream = Uint8Array.from(deflateRawSync(content, options));
          for (const [at, value] of changes) stream[at % Math.min(stream.length, 200)] = value;
          let expected: Uint8Array | undefined;
          try {
            expected = inflateRawSync(stream);
          } catch {
            expected = undefined;
          }
          if (expected === undefined) {
            expect(() => inflate(stream)).toThrow(DeflateDamage);
            seen.refused += 1;
          } else {
            expect(inflate(stream)[0].equals(expected)).toBe(true);
            seen.read += 1;
          }
        },
      ),
      { numRuns: 1500 },
    );
    expect(Math.min(seen.read, seen.refused), JSON.stringify(seen)).toBeGreaterThan(50);
  });
});

describe('gzip', () => {
  const tar = makeTar([{ name: 'a', content: text('content') }]);
  const member = gzipSync(tar);
  const unpack = (...parts: readonly Uint8Array[]): readonly string[] =>
    openArchive(new MemorySource('A', Buffer.concat(parts)), nodeMeans).map(({ path }) => path);

  /** A header with everything that there may be. */
  function header(flags: number, extraBytes: number): Buffer {
    return Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3, extraBytes & 0xff, extraBytes >> 8]),
      Buffer.alloc(extraBytes, 7),
      Buffer.from(`name${'n'.repeat(10_000)}\0comment\0cr`),
    ]);
  }

  test('headers with extra fields, names, comments and checksums, however long', () => {
    const stream = member.subarray(10);
    expect(unpack(header(0x1e, 10), stream)).toEqual(['a']);
    expect(unpack(header(0x1f, 60_000), stream)).toEqual(['a']);
    const damaged = expect.objectContaining({ code: 'archive/damaged' });
    expect(() => unpack(header(0x3f, 10), stream)).toThrow(damaged);
    expect(() => unpack(header(0x1e, 60_000).subarray(0, 50_000))).toThrow(damaged);
    expect(() => unpack(header(0x1e, 10).subarray(0, 5000))).toThrow(damaged);
  });

  test('zeros behind the last member fill up a block; anything else is refused', () => {
    expect(unpack(member, new Uint8Array(100_000))).toEqual(['a']);
    const damaged = expect.objectContaining({ code: 'archive/damaged' });
    expect(() => unpack(member, new Uint8Array(1000), Uint8Array.of(1))).toThrow(damaged);
    expect(() => unpack(member, text('more'))).toThrow(damaged);
  });
});
