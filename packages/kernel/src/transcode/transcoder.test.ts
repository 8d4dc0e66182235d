// Pages with random records of every kind of field: the packets that are made of them are read by our reader, and the
// generated code and the interpreter write the same bytes.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { PageBuilder } from '../testing/page-builder.ts';
import { pagesOf, recordOf, stepOf } from '../testing/record-steps.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { options, plain, transcodeInto } from '../testing/transcode-pages.ts';
import { KernelTranscoder } from './transcoder.ts';

const transcode = (transcoder: KernelTranscoder, pages: readonly Uint8Array[], packetBytes: number) =>
  transcodeInto(new MemoryTrace(), transcoder, pages, packetBytes);

test('packets that follow each other do not begin at the same time, where their events do not', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options());
  const record = (seed: number) =>
    recordOf({ gap: 0n, means: 'delta', format: sampleFormats.events[0]!, seed }).bytes;
  fc.assert(
    fc.property(
      fc.bigInt(1n, 2n ** 63n),
      fc.array(fc.constantFrom(0, 1, 2, 2 ** 27 - 1), { minLength: 1, maxLength: 5 }),
      (start, deltas) => {
        const packets: { begin: bigint; end: bigint }[] = [];
        const stream = transcoder.stream({
          cpu: 0,
          output: {
            packet: (_bytes, _length, { beginTicks, endTicks }) =>
              void packets.push({ begin: beginTicks!, end: endTicks! }),
          },
        });
        // As a page that is read before it is full: the next one begins with the event that was read last.
        let time = start;
        const take = (delta: number): void => {
          const page = new PageBuilder(sampleFormats.layout, time);
          page.record(delta, record(delta));
          stream.page(page.finish(), 0, 4096);
          stream.flush();
          time += BigInt(delta);
        };
        take(0);
        for (const delta of deltas) take(delta);
        expect(packets.map(({ end }) => end)).toEqual(
          [0, ...deltas].map((_, index) => start + BigInt(deltas.slice(0, index).reduce((a, b) => a + b, 0))),
        );
        for (const [index, { begin, end }] of packets.entries()) {
          const last = packets[index - 1];
          expect(begin).toBeLessThanOrEqual(end);
          if (last === undefined) continue;
          expect(begin).toBeGreaterThanOrEqual(last.end);
          if (end > last.end) expect(begin).toBeGreaterThan(last.begin);
        }
      },
    ),
  );
});

test('a page without events changes no time', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options());
  const { bytes } = recordOf({ gap: 0n, means: 'delta', format: sampleFormats.events[0]!, seed: 1 });
  const page = new PageBuilder(sampleFormats.layout, 5_000_000_000n);
  page.record(0, bytes);
  page.record(300, bytes);
  const ends: (bigint | undefined)[] = [];
  const stream = transcoder.stream({
    cpu: 0,
    output: { packet: (_, __, facts) => ends.push(facts.endTicks) },
  });
  for (const one of [page, new PageBuilder(sampleFormats.layout, 0n)]) {
    const whole = one.finish();
    stream.page(whole, 0, whole.length);
  }
  stream.flush();
  expect(ends).toEqual([5_000_000_300n]);
});

test('under the names of the kernel every value is read back, at its time', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options({ naming: 'native' }));
  fc.assert(
    fc.property(
      fc.array(stepOf(sampleFormats.events), { maxLength: 60 }),
      fc.array(fc.constantFrom(0, 0, 5, -1), { maxLength: 8 }),
      fc.constantFrom(200, 1000, 262_144),
      (steps, lost, packetBytes) => {
        const { pages, made } = pagesOf(steps, lost);
        const { trace, statistics } = transcode(transcoder, pages, packetBytes);
        const set = trace.open();
        const events = Array.from(set.events(), (event) => ({
          name: event.name,
          time: BigInt(event.timeNs) + set.baseNs,
          payload: Object.entries(event.payload() ?? {})
            .filter(([name]) => !/^_.*_length$/.test(name))
            .map(([name, value]) => [name, plain(value)]),
        }));
        expect(set.warnings).toEqual([]);
        const expected = made.map(({ time, format, values }) => ({
          name: format.name,
          time,
          payload: format.fields.map(({ name }) => [name, values.get(name)]),
        }));
        expect(events).toEqual(expected);
        const told = lost.slice(0, pages.length).reduce<number>((sum, count) => sum + Math.abs(count), 0);
        expect(statistics).toMatchObject({
          eventCount: made.length,
          lostCount: told,
          unknownCount: 0,
          damagedCount: 0,
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('what the counters of the ring and its pages tell of losses is told once, to the last event', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options());
  const { bytes } = recordOf({ gap: 0n, means: 'delta', format: sampleFormats.events[0]!, seed: 1 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('lose' as const), count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('read' as const), hasRoom: fc.boolean() }),
    fc.constant({ kind: 'look' as const }),
    fc.constant({ kind: 'restart' as const }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let told = 0n;
      let toldBefore = 0;
      const start = () =>
        transcoder.stream({
          cpu: 0,
          toldLost: toldBefore,
          output: { packet: (_bytes, _length, facts) => (told = facts.discardedEvents!) },
        });
      let stream = start();
      // As the kernel counts: all that it overwrote, and how much of it was gone when it handed out the last page.
      let overrun = 0;
      let atLastPage = 0;
      const lost = (): number => toldBefore + stream.statistics.lostCount;
      const look = (): void => {
        stream.reckonLosses(overrun - toldBefore);
        expect(stream.hasUncountedLosses).toBe(false);
        expect(lost()).toBe(overrun);
        stream.tellLosses();
        expect(toldBefore + Number(told)).toBe(overrun);
      };
      for (const step of steps) {
        if (step.kind === 'lose') overrun += step.count;
        else if (step.kind === 'look') look();
        else if (step.kind === 'restart') {
          stream.close();
          toldBefore = lost();
          told = 0n;
          stream = start();
        } else {
          const page = new PageBuilder(sampleFormats.layout, 5_000_000_000n);
          page.record(1, bytes);
          const count = overrun - atLastPage;
          stream.page(page.finish(step.hasRoom ? count : Math.sign(-count)), 0, 4096);
          atLastPage = overrun;
          if (count > 0 && !step.hasRoom) expect(stream.hasUncountedLosses).toBe(true);
        }
        expect(lost()).toBeLessThanOrEqual(overrun);
      }
      look();
    }),
  );
});

test('a stream that begins with what is left tells of the losses behind that', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options());
  const { bytes } = recordOf({ gap: 0n, means: 'delta', format: sampleFormats.events[0]!, seed: 1 });
  const told: (bigint | undefined)[] = [];
  const stream = transcoder.stream({
    cpu: 0,
    tellsFirstLoss: false,
    output: { packet: (_bytes, _length, facts) => told.push(facts.discardedEvents) },
  });
  for (const lost of [7, 5]) {
    const page = new PageBuilder(sampleFormats.layout, 5_000_000_000n);
    page.record(1, bytes);
    stream.page(page.finish(lost), 0, 4096);
  }
  stream.close();
  expect(told).toEqual([0n, 5n]);
});

/** Whether two traces have the same bytes: quicker than a comparison that can tell where they differ. */
function hasSameEvents(left: MemoryTrace, right: MemoryTrace): boolean {
  return Buffer.compare(left.files.get('chan_3')!, right.files.get('chan_3')!) === 0;
}

test('generated code and the interpreter write the same bytes', () => {
  const contexts = [
    'tid',
    'pid',
    'procname',
    'cpu_id',
    'interruptible',
    'need_reschedule',
    'preemptible',
    'vtid',
    'prio',
    'cgroup_id',
    'container_id',
  ];
  const choices = [
    {},
    { contexts },
    { naming: 'native' as const },
    // Few enough for the smaller header.
    { wants: (name: string) => /switch|fork|strange|softirq/.test(name), contexts },
  ];
  const groups = choices.map((choice) =>
    [{}, { wasm: false }, { compile: false }].map(
      (more) => new KernelTranscoder(sampleFormats, options({ ...choice, ...more })),
    ),
  );
  // What code is warmed up with is in nothing that it writes.
  for (const compiled of groups.flatMap((group) => group.slice(0, 2))) compiled.warmUp();
  fc.assert(
    fc.property(
      fc.array(stepOf(sampleFormats.events), { maxLength: 50 }),
      fc.array(fc.constantFrom(0, 5), { maxLength: 5 }),
      fc.constantFrom(...groups),
      fc.constantFrom(300, 262_144),
      (steps, lost, group, packetBytes) => {
        const { pages } = pagesOf(steps, lost);
        const [wasm, script, slow] = group.map((transcoder) => transcode(transcoder, pages, packetBytes));
        for (const fast of [wasm, script]) {
          expect(fast!.statistics).toEqual(slow!.statistics);
          expect(hasSameEvents(fast!.trace, slow!.trace)).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('pages of random bytes never make it fail', () => {
  const transcoder = new KernelTranscoder(sampleFormats, options());
  const others = [{ compile: false }, { wasm: false }].map(
    (more) => new KernelTranscoder(sampleFormats, options(more)),
  );
  fc.assert(
    fc.property(
      fc.array(stepOf(sampleFormats.events), { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { maxLength: 40 }),
      (steps, damage) => {
        const { pages } = pagesOf(steps, []);
        for (const page of pages) for (const [at, value] of damage) page[at] = value;
        const made = transcode(transcoder, pages, 262_144);
        for (const other of others) {
          const same = transcode(other, pages, 262_144);
          expect(same.statistics).toEqual(made.statistics);
          expect(hasSameEvents(same.trace, made.trace)).toBe(true);
        }
        // Whatever was made of it can be read.
        for (const event of made.trace.open().events()) event.payload();
      },
    ),
    { numRuns: 200 },
  );
});
