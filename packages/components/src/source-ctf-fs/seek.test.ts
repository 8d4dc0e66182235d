// Reading from a late time on: by index, by bisection, by the packets' headers.
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomTraces } from '../../../ctf/src/testing/random-trace.ts';
import { MemoryTrace } from '../testing/memory-trace.ts';
import type { ReadOptions, TraceSet } from './trace-set.ts';

function textOf(set: TraceSet, options: ReadOptions = {}): readonly string[] {
  return Array.from(set.events(options), (event) => {
    const payload = JSON.stringify(event.payload(), (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    );
    return `${event.stream.index} ${event.timeNs} ${event.name} ${payload}`;
  });
}

test('of any trace the end is read as if all had been read', () => {
  fc.assert(
    fc.property(randomTraces(60), fc.double({ min: 0, max: 1, noNaN: true }), (trace, part) => {
      const memory = new MemoryTrace();
      const writer = createTraceWriter(trace.traceClass, memory, {
        packetSizeBytes: trace.packetSizeBytes,
        index: true,
      });
      const streams = Array.from({ length: trace.streamCount }, () => writer.stream());
      for (const { stream, name, ticks, payload, commonContext } of trace.events) {
        streams[stream]!.append(name, ticks, payload, { commonContext });
      }
      writer.close();
      const set = memory.open();
      const all = textOf(set);
      const times = all.map((line) => Number(line.split(' ')[1]));
      const last = times.at(-1) ?? 0;
      const beginNs = set.baseNs + BigInt(Math.floor(part * last));
      const late = all.filter((_, row) => BigInt(times[row]!) + set.baseNs >= beginNs);
      for (const indexed of [true, false]) expect(textOf(memory.open(indexed), { beginNs })).toEqual(late);
    }),
    { numRuns: 60 },
  );
});

describe('of many packets', () => {
  const stepNs = 100_000_000;
  const count = 100_000;

  /** A stream of 2 MB in packets of one size, but for every `oddEach`th. Events are 0.1 s apart. */
  function manyPackets(oddEach: number): MemoryTrace {
    const traceClass = describeTrace({ streams: [{ events: [{ name: 'e', fields: { n: 'u64' } }] }] });
    const memory = new MemoryTrace();
    const chunks: Uint8Array[] = [];
    const writer = createTraceWriter(
      traceClass,
      {
        create: (name) =>
          name === 's'
            ? {
                write: (bytes, length) => void chunks.push(bytes.slice(0, length)),
                close: () => void memory.files.set(name, Buffer.concat(chunks)),
              }
            : memory.create(name),
      },
      { packetSizeBytes: 1 << 20, index: true },
    );
    const stream = writer.stream({ name: 's' });
    let packet = 0;
    let left = 0;
    for (let n = 0; n < count; n++) {
      if (left === 0) {
        stream.beginPacket(n * stepNs);
        packet += 1;
        left = packet % oddEach === 0 ? 7 : 50;
      }
      left -= 1;
      stream.append('e', n * stepNs, { n });
    }
    writer.close();
    return memory;
  }

  test.each([
    ['by index', true, Infinity, 300_000],
    ['by bisection', false, Infinity, 500_000],
    ['by headers, after what could be bisected', false, 900, 3_000_000],
  ])('the last is found %s', (_, indexed, oddEach, mostBytes) => {
    const memory = manyPackets(oddEach);
    for (const at of [0, 12_345, 60_000, count - 1]) {
      const set = memory.open(indexed);
      const beginNs = set.baseNs + BigInt(at) * 100_000_000n;
      memory.readBytes = 0;
      const [first] = set.events({ beginNs });
      expect(first?.field('n')).toBe(at);
      expect(memory.readBytes).toBeLessThan(mostBytes);
      expect(set.warnings).toEqual([]);
      expect(set.losses).toEqual([]);
    }
  });

  test('an index of another file is not believed', () => {
    const memory = manyPackets(900);
    const other = manyPackets(Infinity);
    const index = other.files.get('index/s.idx')!;
    memory.files.set('index/s.idx', index.subarray(0, index.length - 72));
    const set = memory.open();
    const [first] = set.events({ beginNs: set.baseNs + 5_000_000_000_000n });
    expect(first?.field('n')).toBe(50_000);
  });
});
