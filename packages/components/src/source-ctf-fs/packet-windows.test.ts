// Large packets read piece by piece give what they give read whole: the same events, and of damaged ones the same words.
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryTrace } from '../testing/memory-trace.ts';

const traceClass = describeTrace({
  streams: [
    {
      packetContext: { cpu_id: 'u32' },
      events: [{ name: 'note', fields: { number: 'u32', text: 'string', more: 'u64' } }, { name: 'tick' }],
    },
  ],
});

/** Lengths of texts: most are short, some longer than what windows move by, some longer than a window. */
const textLengths = fc.oneof(
  { weight: 40, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(9000) },
  { weight: 1, arbitrary: fc.nat(700_000) },
);

interface Written {
  readonly stream: number;
  readonly textLength: number;
  readonly more: number;
  readonly stepTicks: number;
}

const events: fc.Arbitrary<readonly Written[]> = fc.array(
  fc.record({
    stream: fc.nat(1),
    textLength: textLengths,
    more: fc.nat(40),
    // Time stamps of 27 bits wrap in between.
    stepTicks: fc.oneof({ weight: 9, arbitrary: fc.nat(1000) }, { weight: 1, arbitrary: fc.nat(2 ** 28) }),
  }),
  { minLength: 1, maxLength: 60 },
);

function write(list: readonly Written[], repeats: number): MemoryTrace {
  const output = new MemoryTrace();
  const writer = createTraceWriter(traceClass, output, { packetSizeBytes: 1_500_000 });
  const streams = [3, 4].map((id) => writer.stream({ id, packet: { context: { cpu_id: id } } }));
  let ticks = 1n;
  for (let turn = 0; turn < repeats; turn++) {
    for (const [index, { stream, textLength, more, stepTicks }] of list.entries()) {
      ticks += BigInt(stepTicks);
      if (more === 0) {
        streams[stream]!.append('tick', ticks, {});
        continue;
      }
      streams[stream]!.append('note', ticks, {
        number: index,
        // Few of the long ones, or the packets would hold nothing else.
        text: String(turn % 10).repeat(turn % 8 === 0 ? textLength : textLength % 300),
        more: BigInt(more) << 40n,
      });
    }
  }
  writer.close();
  return output;
}

/** All that is read of a trace, as text. */
function reading(trace: MemoryTrace, inWindows: boolean): readonly unknown[] {
  const set = trace.open(false);
  const seen = Array.from(set.events({ inWindows }), (event) => [
    event.stream.index,
    event.name,
    event.timeNs,
    JSON.stringify(event.payload(), (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
    event.packetContext(),
  ]);
  return [seen, set.warnings, set.losses];
}

describe('packets read in windows', () => {
  test('give the same events as whole ones', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 60 }), (list, repeats) => {
        const trace = write(list, repeats);
        expect(reading(trace, true)).toEqual(reading(trace, false));
      }),
      { numRuns: 15 },
    );
  });

  test.each(Array.from({ length: 10 }, (_, shift) => shift))(
    'are in the order of time, wherever a window ends (shifted by %i)',
    (shift) => {
      // Headers lie across the ends of windows here and there, and streams take turns.
      const list = Array.from({ length: 97 }, (_, index) => ({
        stream: index % 2,
        textLength: ((index * 7) % 30) + (index < 2 ? shift : 0),
        more: index % 3,
        stepTicks: index % 13 === 0 ? 2 ** 27 + index : index + 1,
      }));
      const set = write(list, 500).open(false);
      const read = Array.from(set.events({ inWindows: true }), ({ timeNs }) => timeNs);
      expect(read.length).toBe(97 * 500);
      expect(read.every((time, index) => index === 0 || time > read[index - 1]!)).toBe(true);
    },
  );

  test('and damaged ones the same events and warnings', () => {
    fc.assert(
      fc.property(
        events,
        fc.array(fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), byte: fc.nat(255) }), {
          maxLength: 6,
        }),
        fc.double({ min: 0.5, max: 1, noNaN: true }),
        (list, damages, kept) => {
          const trace = write(list, 30);
          for (const [name, content] of trace.files) {
            if (name === 'metadata') continue;
            const damaged = content.slice(0, Math.ceil(content.length * kept));
            for (const { at, byte } of damages) damaged[Math.floor(at * damaged.length)] = byte;
            trace.files.set(name, damaged);
          }
          expect(reading(trace, true)).toEqual(reading(trace, false));
        },
      ),
      { numRuns: 25 },
    );
  });

  test('need no more than the window in memory', () => {
    const list = [{ stream: 0, textLength: 200, more: 3, stepTicks: 7 }];
    const set = write(list, 6000).open(false);
    const flow = set.read({ inWindows: true });
    let largestBytes = 0;
    while (flow.next()) {
      for (const { reader } of flow.streams.filter((stream) => stream !== undefined)) {
        largestBytes = Math.max(largestBytes, reader.cursor.bytes.buffer.byteLength);
      }
    }
    expect(largestBytes).toBeGreaterThan(0);
    expect(largestBytes).toBeLessThan(300_000);
    expect(set.sizeBytes).toBeGreaterThan(1_200_000);
  });
});
