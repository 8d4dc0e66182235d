// Where babeltrace2 ends a run, crashes or loops: a warning with file and bit, and on with the next packet. Through the
// command, with limits of time and memory.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { eventHead, joined, rawPacket, writeRawTrace } from './support/raw-trace.ts';
import { spoor } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-robust-'));
afterAll(() => removeTree(scratch));
let traces = 0;

/** Prints the most memory that was held, in KiB, when the program ends. */
const tellMemory = `data:text/javascript,process.on('exit',()=>process._rawDebug('peak',process.resourceUsage().maxRSS))`;

interface Reading {
  readonly status: number | null;
  /** The values of the events `number`, in the order of the text. */
  readonly values: readonly number[];
  readonly warnings: readonly string[];
}

function read(
  files: Readonly<Record<string, readonly Uint8Array[]>>,
  options: readonly string[] = [],
): Reading {
  const folder = writeRawTrace(join(scratch, String(traces++)), files);
  const done = spoor([...options, folder], {
    env: { NODE_OPTIONS: `--max-old-space-size=100 --import=${tellMemory}` },
    timeoutMs: 100_000,
  });
  const lines = done.stderr.split('\n').filter((line) => line !== '');
  const peakKib = Number(/^peak (\d+)$/.exec(lines.pop() ?? '')?.[1]);
  expect(peakKib, done.stderr).toBeLessThan(200_000);
  return {
    status: done.status,
    values: [...done.stdout.matchAll(/value = (\d+)/g)].map(([, value]) => Number(value)),
    warnings: lines.map((line) => line.replace(`${folder}/`, '')),
  };
}

const good = (from: number, count = 3): Uint8Array =>
  rawPacket(Array.from({ length: count }, (_, index) => [1000 + from + index, from + index]));

/** Reads a good packet, the bad one, and another good one. */
function readAround(bad: Uint8Array, options: readonly string[] = []): Reading {
  return read({ s: [good(0), bad, good(10)] }, options);
}

const secondAt = good(0).length;

describe('a packet with something wrong inside costs its rest', () => {
  const fifth = joined(eventHead(0, 1004), 4);
  test.each([
    [
      'an unknown event id',
      rawPacket([[1003, 3], fifth, eventHead(77, 1005), [1006, 6]]),
      [3, 4],
      `event class id 77 is not in the metadata (at bit ${8 * (24 + 26)})`,
    ],
    [
      'an event that ends after the packet',
      rawPacket([[1003, 3], eventHead(0, 1004)]),
      [3],
      `an event goes beyond the packet's content (at bit ${8 * (24 + 13)})`,
    ],
    [
      'a sequence of absurd length',
      rawPacket([[1003, 3], joined(eventHead(1, 1004), 0xffff_ffff)]),
      [3],
      `a sequence of length 4294967295 goes beyond the packet's content (at bit ${8 * (24 + 13)})`,
    ],
    [
      'an absurd number of elements without bits',
      rawPacket([[1003, 3], joined(eventHead(2, 1004), 0xffff_ffff)]),
      [3],
      `a sequence of length 4294967295 goes beyond the packet's content (at bit ${8 * (24 + 13)})`,
    ],
  ])('%s', (_, packet, kept, problem) => {
    const { status, values, warnings } = readAround(packet);
    expect(warnings).toEqual([
      `spoor: s: packet at byte ${secondAt}: ${problem}; the rest of the packet is left out`,
    ]);
    expect(values).toEqual([0, 1, 2, ...kept, 10, 11, 12]);
    expect(status).toBe(1);
    const strict = readAround(packet, ['--strict']);
    expect(strict.status).toBe(1);
    expect(strict.values.length).toBeLessThan(values.length);
    expect(strict.warnings).toEqual([expect.stringContaining(problem)]);
  });
});

describe('time that goes back is told, and nothing is lost', () => {
  test('within a packet', () => {
    const packet = rawPacket([
      [1003, 3],
      [1002, 4],
      [1003, 5],
      [900, 6],
    ]);
    const { status, values, warnings } = readAround(packet);
    expect(warnings).toEqual([
      `spoor: s: packet at byte ${secondAt}: time goes back in it 2 times, first at bit ${8 * (24 + 13)}`,
    ]);
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 10, 11, 12]);
    expect(status).toBe(1);
    expect(readAround(packet, ['--strict']).status).toBe(1);
  });

  test('from one packet to the next', () => {
    const { status, values, warnings } = read({ s: [good(50), good(0), good(60)] });
    expect(warnings).toEqual([
      `spoor: s: packet at byte ${secondAt}: time goes back by 52 ns from the packet before to its first event, at bit 192`,
    ]);
    expect(values).toEqual([50, 51, 52, 0, 1, 2, 60, 61, 62]);
    expect(status).toBe(1);
  });
});

describe('a packet whose header is wrong costs itself', () => {
  const events = [[1003, 3]] as const;
  const badSecond: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['no magic number', rawPacket(events, { magic: 0xdead_beef }), /does not start with the magic number/],
    [
      'of another stream',
      rawPacket(events, { streamId: 9 }),
      /of stream 9, but the file began with stream 0/,
    ],
    ['of size zero', rawPacket(events, { totalBits: 0n, contentBits: 0n }), /impossible sizes/],
    ['more content than size', rawPacket(events, { contentBits: 1n << 40n }), /impossible sizes/],
    ['a size in the middle of a byte', rawPacket(events, { totalBits: 299n }), /impossible sizes/],
    [
      'of absurd size',
      rawPacket(events, { totalBits: 1n << 62n, contentBits: 296n }),
      /larger than the greatest/,
    ],
    [
      'all bits set',
      rawPacket(events, { totalBits: (1n << 64n) - 8n, contentBits: (1n << 64n) - 8n }),
      /larger than/,
    ],
  ];
  test.each(badSecond)('%s', (_, packet, problem) => {
    const { status, values, warnings } = readAround(packet);
    expect(values).toEqual([0, 1, 2, 10, 11, 12]);
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`^spoor: s: packet at byte ${secondAt}: `))]);
    expect(warnings[0]).toMatch(problem);
    expect(status).toBe(1);
  });

  test('also the first of a file', () => {
    const { values, warnings } = read({ s: [badSecond[0]![1], good(0), good(10)] });
    expect(values).toEqual([0, 1, 2, 10, 11, 12]);
    expect(warnings).toEqual([expect.stringMatching(/^spoor: s: packet at byte 0: .*magic number/)]);
  });

  test('content that ends inside the header', () => {
    const { values, warnings } = readAround(rawPacket(events, { contentBits: 8n }));
    expect(values).toEqual([0, 1, 2, 10, 11, 12]);
    expect(warnings).toEqual([expect.stringMatching(/impossible sizes: content of 8 bits/)]);
  });

  test('a size that reaches over the packets behind it, and over the end of the file', () => {
    for (const totalBits of [8n * 50n, 8n * 5000n]) {
      const { values, warnings } = readAround(rawPacket(events, { totalBits, contentBits: totalBits }));
      expect(values).toEqual([0, 1, 2, 3, 10, 11, 12]);
      expect(warnings.length).toBeGreaterThan(0);
    }
  });
});

test('a file of a stream that the metadata does not have is left out', () => {
  const { status, values, warnings } = read({ a: [good(0)], b: [rawPacket([[1, 1]], { streamId: 5 })] });
  expect(values).toEqual([0, 1, 2]);
  expect(warnings).toEqual(['spoor: b: its stream id 5 is not in the metadata; this file is left out']);
  expect(status).toBe(1);
});

test('a file that is cut gives what it has', () => {
  const { values, warnings } = read({ s: [good(0), good(3, 100).subarray(0, 24 + 13 * 40 + 5)] });
  expect(values).toEqual(Array.from({ length: 43 }, (_, value) => value));
  expect(warnings).toEqual([
    `spoor: s: packet at byte ${secondAt}: the file ends inside the packet (truncated?)`,
  ]);
});

test('of many damaged packets some are told', () => {
  const bad = rawPacket([eventHead(200, 5)]);
  const { values, warnings } = read({ s: [...Array.from({ length: 300 }, () => bad), good(0)] });
  expect(values).toEqual([0, 1, 2]);
  expect(warnings).toHaveLength(21);
  expect(warnings.at(-1)).toMatch(/more of its packets are damaged/);
});

test('megabytes of headers without packets end', () => {
  const lie = rawPacket([], { totalBits: 0n, contentBits: 0n });
  const magics = new Uint8Array(4_000_000);
  for (let at = 0; at < magics.length; at += lie.length) magics.set(lie.subarray(0, magics.length - at), at);
  const { values, warnings } = read({ s: [good(0), magics, good(10)] });
  expect(values).toEqual([0, 1, 2, 10, 11, 12]);
  expect(warnings).toHaveLength(21);
});
