// What is in archives, what is refused of them, and what damage does.
import { deflateRawSync, gzipSync } from 'node:zlib';
import { MemorySource, type ByteSource } from '@spoor/ctf';
import * as fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { isArchiveError } from './errors.ts';
import { defaultArchiveLimits, type ArchiveLimits } from './limits.ts';
import { nodeMeans } from './node.ts';
import { archiveKind, openArchive } from './open-archive.ts';
import { makeTar, paxRecord, text, type TarEntry } from './testing/make-tar.ts';

function sourceOf(bytes: Uint8Array, name = 'A'): ByteSource {
  return new MemorySource(name, bytes);
}

function contentOf(source: ByteSource): Buffer {
  const bytes = Buffer.alloc(source.sizeBytes);
  let held = 0;
  while (held < bytes.length) {
    const count = source.read(bytes.subarray(held), bytes.length - held, held);
    if (count === 0) break;
    held += count;
  }
  return bytes.subarray(0, held);
}

/** Opens an archive and reads all of it. */
function unpack(bytes: Uint8Array, limits?: ArchiveLimits): Record<string, string> {
  return Object.fromEntries(
    openArchive(sourceOf(bytes), nodeMeans, limits).map(({ path, source }) => [
      path,
      contentOf(source).toString('latin1'),
    ]),
  );
}

const small: Record<string, Uint8Array> = { 'a/b': text('one'), 'a/c/d': text('two two two'), e: text('') };
const smallText = { 'a/b': 'one', 'a/c/d': 'two two two', e: '' };
const smallTar = makeTar(Object.entries(small).map(([name, content]) => ({ name, content })));
/** Of one file, `hello`, by `zstd -19 --check`. */
const smallZstd = Buffer.from(
  'KLUv/WQAJ20CAEKDChDA64BitxaVqjGRkB1QFU4Bta80ct78kV00MqnW1kMfcF1xtosY3BtDSgwA5cXlxUrHJEcF+CEwFA6A8D+Yyd3KRQAMCgC2E4ADIOgfOQ==',
  'base64',
);

describe('what is in them', () => {
  test('the kind is known by the bytes', () => {
    expect(archiveKind(smallTar)).toBe('tar');
    expect(archiveKind(gzipSync(smallTar))).toBe('gzip');
    expect(archiveKind(smallZstd)).toBe('zstd');
    expect(archiveKind(zipSync(small))).toBe('zip');
    expect(archiveKind(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0))).toBe('xz');
    expect(archiveKind(text('/* CTF 1.8 */'))).toBeUndefined();
    expect(archiveKind(new Uint8Array(512))).toBeUndefined();
    expect(archiveKind(new Uint8Array(0))).toBeUndefined();
  });

  test('tar, tar.gz of one or more members, zip packed and stored, tar.zst', () => {
    expect(unpack(smallTar)).toEqual(smallText);
    expect(unpack(gzipSync(smallTar))).toEqual(smallText);
    const members = [smallTar.subarray(0, 700), smallTar.subarray(700)].map((part) => gzipSync(part));
    expect(unpack(Buffer.concat(members))).toEqual(smallText);
    expect(unpack(zipSync(small))).toEqual(smallText);
    expect(unpack(zipSync(small, { level: 0 }))).toEqual(smallText);
    expect(unpack(smallZstd)).toEqual({ hello: 'one two one two one two' });
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect(unpack(Buffer.concat([skippable, smallZstd]))).toEqual({ hello: 'one two one two one two' });
  });

  const names = fc
    .array(fc.stringMatching(/^[a-zé]{1,60}$/), { minLength: 1, maxLength: 5 })
    .map((parts) => `${parts.join('/')}~`);

  test('any files come back', () => {
    const files = fc.uniqueArray(fc.tuple(names, fc.uint8Array({ maxLength: 2000 })), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(files, fc.constantFrom('pax', 'gnu'), (list, longNames) => {
        const expected = Object.fromEntries(
          list.map(([name, content]) => [name, Buffer.from(content).toString('latin1')]),
        );
        const tar = makeTar(
          list.map(([name, content]) => ({ name, content })),
          longNames,
        );
        expect(unpack(tar)).toEqual(expected);
        expect(unpack(gzipSync(tar))).toEqual(expected);
        expect(unpack(zipSync(Object.fromEntries(list)))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('of two entries of one name the later counts; links within are followed', () => {
    const entries: TarEntry[] = [
      { name: './d/', type: '5' },
      { name: './d/x', content: text('old') },
      { name: 'd/hard', type: '1', link: 'd/x' },
      { name: './d/x', content: text('new') },
      { name: 'd/soft', type: '2', link: './x' },
      { name: 'up', type: '2', link: 'd/../d/soft' },
      { name: 'circle', type: '2', link: 'circle' },
      { name: 'nowhere', type: '2', link: 'nothing' },
    ];
    expect(unpack(makeTar(entries))).toEqual({ 'd/x': 'new', 'd/hard': 'old', 'd/soft': 'new', up: 'new' });
  });

  test('sizes in base 256 and in pax headers are read', () => {
    const content = text('content');
    const pax = text(paxRecord('size', '7') + paxRecord('path', 'x/y'));
    const told = makeTar([
      { name: 'h', type: 'x', content: pax },
      { name: 'z', content, sizeBytes: 0 },
    ]);
    expect(unpack(told)).toEqual({ 'x/y': 'content' });
  });

  test('unpacked content beyond the memory it may take goes to a file', () => {
    const large = Buffer.alloc(20 * 1_048_576);
    for (let at = 0; at < large.length; at += 997) large[at] = at;
    const [file] = openArchive(
      sourceOf(gzipSync(makeTar([{ name: 'large', content: large }]), { level: 1 })),
      nodeMeans,
    );
    expect(contentOf(file!.source).equals(large)).toBe(true);
  });
});

const content = text('x');

describe('what is refused', () => {
  test.each<[string, readonly TarEntry[], string, string]>([
    ['an absolute name', [{ name: '/etc/passwd', content }], 'archive/unsafe-entry', '/etc/passwd'],
    ['a name with ..', [{ name: 'a/../../b', content }], 'archive/unsafe-entry', 'a/../../b'],
    ['a name with ..\\', [{ name: 'a\\..\\b', content }], 'archive/unsafe-entry', 'a\\..\\b'],
    ['a drive', [{ name: 'C:/b', content }], 'archive/unsafe-entry', 'C:/b'],
    ['a directory with ..', [{ name: '../d/', type: '5' }], 'archive/unsafe-entry', '../d/'],
    ['a link out', [{ name: 'a/l', type: '2', link: '../../x' }], 'archive/unsafe-entry', 'a/l'],
    ['a link to the root', [{ name: 'l', type: '2', link: '/etc' }], 'archive/unsafe-entry', 'l'],
    ['a hard link out', [{ name: 'l', type: '1', link: '../x' }], 'archive/unsafe-entry', 'l'],
    ['a hard link to nothing', [{ name: 'l', type: '1', link: 'x' }], 'archive/unsafe-entry', 'l'],
    [
      'an entry below a link',
      [
        { name: 'l', type: '2', link: 'd' },
        { name: 'l/x', content },
      ],
      'archive/unsafe-entry',
      'l/x',
    ],
    ['a device', [{ name: 'sda', type: '4' }], 'archive/unsafe-entry', 'sda'],
    ['a pipe', [{ name: 'pipe', type: '6' }], 'archive/unsafe-entry', 'pipe'],
    ['a sparse file', [{ name: 's', type: 'S', content }], 'archive/unsupported', 's'],
    [
      'a sparse file of pax',
      [{ name: 'h', type: 'x', content: text(paxRecord('GNU.sparse.major', '1')) }],
      'archive/unsupported',
      'h',
    ],
    ['a type of tomorrow', [{ name: 'q', type: 'Q', content }], 'archive/unsupported', 'q'],
    ['a file without a name', [{ name: './', type: '7', content }], 'archive/damaged', './'],
    ['a wrong header', [{ name: 'h', type: 'x', content: text('99 a=b\n') }], 'archive/damaged', 'h'],
    ['no size', [{ name: 'h', type: 'x', content: text(paxRecord('size', '-1')) }], 'archive/damaged', 'h'],
    ['more than there is', [{ name: 'h', sizeBytes: 1e9 }], 'archive/damaged', 'h'],
  ])('tar with %s', (_, entries, code, entry) => {
    expect(() => unpack(makeTar(entries))).toThrow(
      expect.objectContaining({ code, where: `A, entry ${entry}` }),
    );
  });

  test('names do not speak to the terminal', () => {
    expect(() => unpack(makeTar([{ name: '/\u001b[31mred', content }]))).toThrow(
      expect.objectContaining({ where: String.raw`A, entry /\x1b[31mred` }),
    );
  });

  /** A stored zip with one entry, its directory changed by hand. */
  function zipWith(change: (directory: DataView) => void, entries = 1): Uint8Array {
    const files = Object.fromEntries(
      Array.from({ length: entries }, (_value, index) => [`f${index}`, text('0123456789'.repeat(9))]),
    );
    const zip = zipSync(files, { level: 0 });
    const at = Buffer.from(zip).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    change(new DataView(zip.buffer, zip.byteOffset + at));
    return zip;
  }

  test.each<[string, Uint8Array, string]>([
    ['a name with ..', zipSync({ '../x': content }), 'archive/unsafe-entry'],
    ['an absolute name', zipSync({ '/x': content }), 'archive/unsafe-entry'],
    ['a link out', zipSync({ l: [text('/etc'), { os: 3, attrs: 0o120_777 << 16 }] }), 'archive/unsafe-entry'],
    ['a device', zipSync({ l: [content, { os: 3, attrs: 0o020_666 << 16 }] }), 'archive/unsafe-entry'],
    ['a password', zipWith((view) => view.setUint16(8, 1, true)), 'archive/unsupported'],
    ['another method', zipWith((view) => view.setUint16(10, 12, true)), 'archive/unsupported'],
    ['a wrong checksum', zipWith((view) => view.setUint32(16, 1, true)), 'archive/damaged'],
    ['two sizes', zipWith((view) => view.setUint32(24, 80, true)), 'archive/damaged'],
    ['a place beyond its end', zipWith((view) => view.setUint32(42, 1e9, true)), 'archive/damaged'],
    [
      'entries that share their bytes',
      zipWith((view) => view.setUint32(46 + 2 + 42, 0, true), 2),
      'archive/unsafe-entry',
    ],
  ])('zip with %s', (_, zip, code) => {
    expect(() => unpack(zip)).toThrow(expect.objectContaining({ code }));
  });

  test('links within a zip are followed', () => {
    const zip = zipSync({
      'a/x': text('ann'),
      'a/l': [text('x'), { os: 3, attrs: 0o120_777 << 16 }],
    });
    expect(unpack(zip)).toEqual({ 'a/x': 'ann', 'a/l': 'ann' });
  });

  const tight: ArchiveLimits = { ...defaultArchiveLimits, freeBytes: 100_000, greatestRatio: 20 };
  const zeros = new Uint8Array(5_000_000);

  test('bombs', () => {
    const tooLarge = expect.objectContaining({ code: 'archive/too-large' });
    expect(() => unpack(gzipSync(makeTar([{ name: 'z', content: zeros }])), tight)).toThrow(tooLarge);
    expect(() => unpack(zipSync({ z: zeros }), tight)).toThrow(tooLarge);
    // A directory that lies about the size is found out while unpacking.
    const liar = zipSync({ z: zeros });
    const at = Buffer.from(liar).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    new DataView(liar.buffer).setUint32(at + 24, 10, true);
    expect(() => unpack(liar, tight)).toThrow(tooLarge);
    // Zstandard: a block of one byte repeated 128 Ki times takes four bytes.
    const frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
    const block = [2, 0, 16, 0];
    const bomb = Uint8Array.from([
      ...frame,
      ...Array.from({ length: 5000 }, () => block).flat(),
      3,
      0,
      16,
      0,
    ]);
    expect(() => unpack(bomb, tight)).toThrow(tooLarge);
    const most = { ...defaultArchiveLimits, mostUnpackedBytes: 1_000_000 };
    expect(() => unpack(gzipSync(makeTar([{ name: 'z', content: zeros }])), most)).toThrow(tooLarge);
  });

  test('too many entries', () => {
    const few = { ...defaultArchiveLimits, mostEntries: 2 };
    const code = 'archive/too-many-entries';
    expect(() => unpack(smallTar, few)).toThrow(expect.objectContaining({ code }));
    expect(() => unpack(zipSync(small), few)).toThrow(expect.objectContaining({ code }));
  });

  test('what is packed but not a tar archive, and what is packed in other ways', () => {
    const code = 'archive/unsupported';
    expect(() => unpack(gzipSync(text('hello')))).toThrow(expect.objectContaining({ code }));
    expect(() => unpack(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0))).toThrow(/^xz cannot/);
    // A frame that asks for a window of 2 GiB.
    expect(() => unpack(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0))).toThrow(/window of/);
  });
});

describe('damage', () => {
  const archives: readonly (readonly [string, Uint8Array])[] = [
    ['tar', smallTar],
    ['tar.gz', gzipSync(smallTar)],
    ['tar.zst', smallZstd],
    ['zip', zipSync(small)],
  ];

  test.each(archives)('%s that is cut short anywhere is refused', (kind, bytes) => {
    // The second of the two blocks that end a tar archive, and what fills it up, may lack.
    const whole = kind === 'tar' ? bytes.length - 512 : bytes.length;
    for (let length = 1; length < whole; length += 1) {
      expect(() => unpack(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^archive\/(?:damaged|unsupported)$/) }),
      );
    }
  });

  test.each(archives.slice(1))(
    '%s of which a byte was changed gives the right content or an error',
    (_, bytes) => {
      const right = unpack(bytes);
      for (let at = 0; at < bytes.length; at++) {
        for (const bit of [1, 0x80]) {
          const changed = Uint8Array.from(bytes);
          changed[at]! ^= bit;
          let got: Record<string, string>;
          try {
            got = unpack(changed);
          } catch (error) {
            if (!isArchiveError(error)) throw error;
            continue;
          }
          // Names and times are under no checksum.
          expect(Object.values(right)).toEqual(expect.arrayContaining(Object.values(got)));
        }
      }
    },
  );

  test('what is behind the end of a stream in a zip archive is not read', () => {
    const stream = Buffer.concat([deflateRawSync(text('hello')), Buffer.alloc(3_000_000, 0x55)]);
    const zip = zipSync({ f: stream }, { level: 0 });
    const directory = Buffer.from(zip).indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    new DataView(zip.buffer, zip.byteOffset).setUint16(directory + 10, 8, true);
    const memory = sourceOf(zip);
    let readBytes = 0;
    const counting: ByteSource = {
      name: memory.name,
      sizeBytes: memory.sizeBytes,
      read(into, length, position) {
        const count = memory.read(into, length, position);
        readBytes += count;
        return count;
      },
    };
    const [file] = openArchive(counting, nodeMeans);
    expect(() => contentOf(file!.source)).toThrow(/its content is of 5 bytes/);
    expect(readBytes).toBeLessThan(300_000);
  });

  test('a Huffman code whose weights have no end, in a block of Zstandard, is refused', () => {
    const endless =
      'KLUv/WQAJ20CAEKDChDw64CytxaVqjGRkB1QFU4Bta80ct78kV00Mqly1kMfcF1xtosY3BtDSgwA5cXlxUrHJEcF+CEwFA6AJT+Yyd3KRQAMCgAaE4ADSOgfOQ==';
    expect(() => unpack(Buffer.from(endless, 'base64'))).toThrow(
      expect.objectContaining({ code: 'archive/damaged' }),
    );
  });

  test('random bytes behind a right beginning end in an error or in files, never in anything else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...archives),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        ([, bytes], changes) => {
          const changed = Uint8Array.from(bytes);
          for (const [at, value] of changes) changed[at % changed.length] = value;
          try {
            unpack(changed, { ...defaultArchiveLimits, mostUnpackedBytes: 10_000_000 });
          } catch (error) {
            if (!isArchiveError(error)) throw error;
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
