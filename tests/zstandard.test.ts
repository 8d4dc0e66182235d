// What the real zstd packs is unpacked byte for byte, and damage of it is found.
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { isArchiveError, ZstdFrames } from '@spoor/archive';
import { MemorySource } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { command, describeNeeding } from './support/needs.ts';
import { SeededRandom } from './support/seeded-random.ts';

const frames = new ZstdFrames();

/** The content of one frame or several. */
function unpack(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [];
  const source = new MemorySource('A', bytes);
  for (let at = 0; at < bytes.length;) at = frames.unpack(source, at, (part) => parts.push(part.slice()));
  return Buffer.concat(parts);
}

function pack(content: Uint8Array, ...options: readonly string[]): Buffer {
  const done = spawnSync('zstd', ['-q', '-c', ...options], { input: content, maxBuffer: 1 << 30 });
  expect(done.status, done.stderr.toString()).toBe(0);
  return done.stdout;
}

const words =
  'sched_switch: { cpu_id = 1 }, { prev_comm = "swapper/0", next_tid = 12, prio = 20 } [12:00:01.123456789] \0\0\0\n'.split(
    /(?<= )/,
  );

/** Words of a log with numbers between them. */
function logText(random: SeededRandom, sizeBytes: number): Buffer {
  const parts: string[] = [];
  for (let size = 0; size < sizeBytes;) {
    const part = random.chance(0.2) ? `${random.below(1 << 20)} ` : random.pick(words);
    parts.push(part);
    size += part.length;
  }
  return Buffer.from(parts.join('')).subarray(0, sizeBytes);
}

function randomBytes(sizeBytes: number): Buffer {
  return randomFillSync(Buffer.alloc(sizeBytes));
}

const random = new SeededRandom(1);
const megabyte = 1_048_576;
const noise = randomBytes(megabyte);
const contents: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('a')],
  ['a few bytes', Buffer.from('abcabcabcabc hello hello hello')],
  ['a log', logText(random, 1_500_000)],
  ['what cannot be packed', noise],
  ['long runs', Buffer.concat(Array.from({ length: 200 }, (_, index) => Buffer.alloc(index * 97, index)))],
  // Letters of very different frequency: literals of long and short words.
  ['letters', Buffer.from(noise.map((byte) => 64 + Math.clz32(byte << 24)))],
  ['noise that comes again', Buffer.concat([noise, logText(random, 1_000_000), noise, noise.subarray(77)])],
];

describeNeeding([command('zstd', 'corpus')], 'what zstd packs', () => {
  const options = [
    ['-1'],
    ['-3', '--no-check'],
    ['-19'],
    ['--fast=7'],
    ['-T2', '-5'],
    ['--ultra', '-22', '--long=27'],
    // Windows that the content is beyond, and whose buffer is moved.
    ['-9', '--zstd=wlog=10'],
    ['-9', '--zstd=wlog=19', '--no-check'],
    ['--no-compress-literals', '-6'],
  ];
  test.each(contents)('%s', (_, content) => {
    for (const option of options) {
      expect(unpack(pack(content, ...option)).equals(content), option.join(' ')).toBe(true);
    }
  });

  test('matches at the far end of a window that is moved meanwhile', () => {
    const far = Buffer.alloc(14 * megabyte);
    const content = Buffer.concat([noise, far, noise, far, noise, far, noise]);
    const packed = pack(content, '-1', '--long=24');
    expect(packed.length).toBeLessThan(2 * megabyte);
    expect(unpack(packed).equals(content)).toBe(true);
  });

  test('several frames, of windows that differ', () => {
    const some = contents.map(([, content]) => content);
    const packed = some.map((content, index) => pack(content, `-${1 + index * 2}`));
    expect(unpack(Buffer.concat(packed)).equals(Buffer.concat(some))).toBe(true);
  });

  /** Pieces that come again, so that there is something to match. */
  const pieces = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(20)), { maxLength: 30 })
    .chain((list) =>
      fc.shuffledSubarray(list.flatMap(([bytes, times]) => Array.from({ length: times }, () => bytes))),
    );

  test('any content', () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 19 }), fc.boolean(), (parts, level, hasCheck) => {
        const content = Buffer.concat(parts);
        const packed = pack(content, `-${level}`, hasCheck ? '--check' : '--no-check');
        expect(unpack(packed).equals(content)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('damaged frames are refused, or are not longer than their blocks can be', () => {
    const packed = ['-1', '-3', '-19', '--zstd=wlog=10'].flatMap((level) =>
      contents.map(([, content]) => pack(content.subarray(0, 3000), level, '--no-check')),
    );
    let refused = 0;
    for (let number = 0; number < 40_000; number++) {
      const bytes = Uint8Array.from(random.pick(packed));
      for (let left = 1 + random.below(4); left > 0; left--) {
        bytes[4 + random.below(bytes.length - 4)] = random.below(256);
      }
      try {
        expect(unpack(bytes).length).toBeLessThanOrEqual(131_072 * (bytes.length / 3));
      } catch (error) {
        if (!isArchiveError(error)) throw error;
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(10_000);
  });
});
