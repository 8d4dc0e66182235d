import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layout32BigEndian, layout64, PageBuilder, payloadOf } from '../testing/page-builder.ts';
import { parseDescription, type RawDescription } from './description.ts';
import { packFormats, unpackFormats } from './format-archive.ts';
import { storedPageAt } from './page-walk.ts';
import { commitWord, storedPageBytes, usedPageBytes } from './stored-page.ts';

describe.each([
  ['64 bits', layout64],
  ['32 bits, big endian', layout32BigEndian],
])('pages of %s', (_, layout) => {
  test('are stored as far as they are used, and found again', () => {
    const page = fc.tuple(fc.nat(35), fc.integer({ min: -1, max: 99 }));
    fc.assert(
      fc.property(fc.array(page, { maxLength: 9 }), fc.nat(20_000), (pages, cut) => {
        const file: number[] = [];
        const starts: number[] = [];
        for (const [recordCount, lost] of pages) {
          const builder = new PageBuilder(layout, 1n);
          for (let index = 0; index < recordCount; index++) {
            builder.record(1, payloadOf(5, 100, layout.littleEndian));
          }
          const bytes = builder.finish(lost);
          const commit = commitWord(new DataView(bytes.buffer), 0, layout);
          const stored = storedPageBytes(commit, layout);
          expect(stored).toBeGreaterThanOrEqual(usedPageBytes(commit, layout));
          expect(stored % 8 === 0 || stored === layout.subBufferBytes).toBe(true);
          if (file.length + stored > cut) break;
          starts.push(file.length);
          file.push(...bytes.subarray(0, stored));
        }
        const whole = file.length;
        // A recorder that is killed leaves the beginning of a page.
        file.push(...new PageBuilder(layout, 1n).finish().subarray(0, 11));
        const view = new DataView(new Uint8Array(file).buffer);
        const found: number[] = [];
        let at = 0;
        for (;;) {
          const next = storedPageAt(view, at, file.length, layout);
          if (next === undefined) break;
          found.push(at);
          at = next.endByte;
        }
        expect(found).toEqual(starts);
        expect(at).toBe(whole);
      }),
    );
  });
});

const format = (id: number): string => `name: e${id}
ID: ${id}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

print fmt: "é ${id}
# not/one 3
"
`;

test('formats are packed and unpacked', () => {
  const files = [3, 4, 500].map((id) => ({ system: 's', name: `e${id}`, text: format(id) }));
  const bytes = packFormats(files);
  const unpacked = unpackFormats(bytes, { longBytes: 8 }, 'formats');
  expect(unpacked.map(({ system, name, id }) => [system, name, id])).toEqual([
    ['s', 'e3', 3],
    ['s', 'e4', 4],
    ['s', 'e500', 500],
  ]);
  expect(unpacked[0]!.printText).toContain('"é 3\n# not/one 3');
  for (let length = 1; length < bytes.length; length += 7) {
    const attempt = (): unknown => unpackFormats(bytes.subarray(0, length), { longBytes: 8 }, 'formats');
    if (unpackLengths(bytes).includes(length)) expect(attempt).not.toThrow();
    else
      expect(attempt).toThrow(
        expect.objectContaining({
          code: 'kernel/format',
          where: expect.stringContaining('formats') as string,
        }),
      );
  }
});

/** Lengths at which the file may end: behind each of its parts, with or without the line feed. */
function unpackLengths(bytes: Uint8Array): number[] {
  const text = new TextDecoder('latin1').decode(bytes);
  const starts = [...text.matchAll(/^# s\/e\d+ \d+$/gm)].map(({ index }) => index);
  return [...starts, bytes.length].flatMap((start) => [start, start - 1]);
}

const description: RawDescription = {
  version: 2,
  hostname: 'h',
  kernelRelease: '6.1',
  kernelVersion: '#1',
  machine: 'x86_64',
  bootId: 'b',
  littleEndian: true,
  subBufferBytes: 4096,
  pageForm: 'whole',
  clock: 'mono',
  clockOffsetNs: '-5',
  cpus: [0, 1],
  statistics: [{ cpu: 0, entries: 2 ** 64, overrun: 0, commitOverrun: 0, bytes: 0, dropped: 3, read: 9 }],
};

test('descriptions', () => {
  expect(parseDescription(JSON.stringify(description), 'f')).toEqual(description);
  const { pageForm: _, ...older } = { ...description, version: 1 };
  expect(parseDescription(JSON.stringify(older), 'f').pageForm).toBe('stored');
  const wrong: readonly Readonly<Record<string, unknown>>[] = [
    { version: 3 },
    { pageForm: 'half' },
    { statistics: 3 },
    { statistics: [3] },
    { statistics: [{ cpu: 0, read: 'x' }] },
    { cpus: undefined },
    { hostname: 3 },
    { subBufferBytes: 1.5 },
    { cpus: [-1] },
    { clockOffsetNs: 'x' },
    { littleEndian: 1 },
  ];
  for (const change of wrong) {
    expect(() => parseDescription(JSON.stringify({ ...description, ...change }), 'f')).toThrow(
      expect.objectContaining({ where: 'f' }),
    );
  }
  expect(() => parseDescription('{', 'f')).toThrow('it is no JSON');
  expect(() => parseDescription('7', 'f')).toThrow('it is no object');
});
