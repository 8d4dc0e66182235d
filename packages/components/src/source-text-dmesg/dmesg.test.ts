import { MemorySpool } from '@spoor/archive';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTraceSet } from '../source-ctf-fs/build-trace-set.ts';
import { LineCutter, lineTime } from './dmesg-line.ts';
import { dmesgTrace } from './dmesg-trace.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function eventsOf(text: string, noExtractTimestamp = false): (readonly [bigint, unknown])[] {
  const bytes = bytesOf(text);
  const source = {
    name: 'log',
    sizeBytes: bytes.length,
    read(into: Uint8Array, length: number, position: number): number {
      const part = bytes.subarray(position, position + Math.min(length, bytes.length > 1000 ? length : 7));
      into.set(part);
      return part.length;
    },
  };
  const spool = new MemorySpool('log', 10_000_000);
  const trace = dmesgTrace(source, spool, { name: 'log', noExtractTimestamp });
  const set = buildTraceSet(trace === undefined ? [] : [trace], []);
  return Array.from(set.events(), (event) => [set.baseNs + BigInt(event.timeNs), event.field('str')]);
}

test('bytes in any pieces become the same lines', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n', 'é') }), fc.array(fc.nat(9)), (text, sizes) => {
      const cutter = new LineCutter();
      const lines: string[] = [];
      const take = (found: Iterable<Uint8Array>): void => {
        for (const line of found) lines.push(new TextDecoder().decode(line));
      };
      const bytes = bytesOf(text);
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        take(cutter.push(bytes.subarray(at, at + size)));
        at += size;
      }
      take(cutter.end());
      const expected = text.split('\n');
      if (expected.at(-1) === '') expected.pop();
      expect(lines).toEqual(expected);
    }),
  );
});

describe('times', () => {
  test.each([
    ['[    4.213141] x', 4_213_141_000n, 15],
    ['[12345.5]x', 12_345_000_005_000n, 9],
    ['[  1.5 foo]  x', 1_000_005_000n, 12],
    ['[2021-03-05 10:11:12.345] x', 1_614_939_072_345_000_000n, 26],
    ['[9223372036.854775] the last', 9_223_372_036_854_775_000n, 20],
    ['[2021-13-01 00:70:00.0] x', 1_640_999_400_000_000_000n, 24],
  ])('%s', (line, timeNs, textStart) => {
    expect(lineTime(bytesOf(line))).toEqual({ timeNs, textStart });
  });

  test.each(['', 'x', '[abc] x', '[1] x', '[1.5 x', ' [1.5] x', '<6>[1.5] x', '[2021-03-05 10:11] x'])(
    'none in %j',
    (line) => {
      expect(lineTime(bytesOf(line))).toBeUndefined();
    },
  );
});

test.each([
  '[9223372036.854775807] x',
  '[18446744073709.551617] x',
  '[99999999999999999999.5] x',
  '[2300-01-01 10:11:12.345] x',
  '[1960-01-01 10:11:12.345] x',
])('a time beyond 64 bits is refused with its line: %s', (line) => {
  const read = (): unknown => eventsOf(`[1.5] a\n\n${line}\n`);
  expect(read).toThrow(expect.objectContaining({ code: 'dmesg/time', where: 'log:3' }));
  expect(eventsOf(`[1.5] a\n\n${line}\n`, true)).toHaveLength(2);
});

test('lines are events; blank ones are passed over, those without a time are at 0', () => {
  expect(eventsOf('[1.5] a\n\n \t\n[2.0]b\nc')).toEqual([
    [1_000_005_000n, 'a'],
    [2_000_000_000n, 'b'],
    [0n, 'c'],
  ]);
  expect(eventsOf('no time\n[2.0] b\n')).toEqual([
    [0n, 'no time'],
    [0n, 'b'],
  ]);
  expect(eventsOf('[1.5] a', true)).toEqual([[0n, '[1.5] a']]);
  expect(eventsOf(' \n')).toEqual([]);
});

test('a line longer than what is gathered', () => {
  const long = 'x'.repeat(700_000);
  expect(eventsOf(`[1.0] ${long}\n[2.0] y\n`).map(([, text]) => text)).toEqual([long, 'y']);
});

test('a line in very many pieces costs each byte a few copies', () => {
  // Copied whole at every piece it would be two million megabytes.
  const cutter = new LineCutter();
  const piece = new Uint8Array(100).fill(0x61);
  let lines = 0;
  for (let count = 0; count < 200_000; count++) lines += [...cutter.push(piece)].length;
  expect(lines).toBe(0);
  const [line, ...others] = [...cutter.push(bytesOf('b\n'))].map((bytes) => bytes.length);
  expect([line, others]).toEqual([20_000_001, []]);
});
