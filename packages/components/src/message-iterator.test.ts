// Seeking gives what going through all from the beginning gives.
import { createTraceWriter, describeTrace } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import { Logger, type InputPort } from '@spoor/graph';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { muxedFlow } from './filter-utils-muxer/muxed-flow.ts';
import { trimmerClass } from './filter-utils-trimmer/trimmer-class.ts';
import type { TraceSet } from './source-ctf-fs/trace-set.ts';
import { MessageIterator, type FlowOpener } from './message-iterator.ts';
import type { EventFlow } from './event-flow.ts';
import { MemoryTrace } from './testing/memory-trace.ts';

/** The next message in words; of a batch of events, each. */
function step(iterator: MessageIterator): readonly string[] | undefined {
  const found = iterator.next();
  if (found === 'end') return undefined;
  if (found === 'events') {
    const { batch } = iterator;
    return Array.from(
      { length: batch.count },
      (_, row) => `event of ${batch.streamIndex[row]} at ${batch.timeNs[row]}`,
    );
  }
  const { kind, stream, ...rest } = iterator.message!;
  const of = stream.info.index;
  if (kind !== 'loss') return [`${kind} of ${of} at ${'ticks' in rest ? rest.ticks : 'no time'}`];
  const { loss } = iterator.message as { loss: { kind: string; count?: bigint; beginTicks?: bigint } };
  const { kind: what, count, beginTicks, endTicks } = { endTicks: undefined, ...loss };
  return [`loss of ${what} of ${of}: ${count} from ${beginTicks} to ${endTicks}`];
}

function rest(iterator: MessageIterator): readonly string[] {
  const all: string[] = [];
  for (let said = step(iterator); said !== undefined; said = step(iterator)) all.push(...said);
  return all;
}

/** Seconds between events, of each stream one after the other, and how many are lost before some of them. */
interface Plan {
  readonly stepsS: readonly (readonly [stepS: number, lost: number])[];
  readonly packetSizeBytes: number;
}

const plans: fc.Arbitrary<readonly Plan[]> = fc.array(
  fc.record({
    stepsS: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(0, 0, 0, 3)), {
      maxLength: 60,
    }),
    packetSizeBytes: fc.constantFrom(96, 160, 4096),
  }),
  { minLength: 1, maxLength: 4 },
);

function written(streams: readonly Plan[]): MemoryTrace {
  const traceClass = describeTrace({ streams: [{ events: [{ name: 'e', fields: { n: 'u64' } }] }] });
  const memory = new MemoryTrace();
  const writer = createTraceWriter(traceClass, memory, {
    packetSizeBytes: streams[0]!.packetSizeBytes,
    index: true,
  });
  for (const { stepsS } of streams) {
    const stream = writer.stream();
    let timeNs = 1_000_000_000;
    for (const [n, [stepS, lost]] of stepsS.entries()) {
      timeNs += stepS * 1_000_000_000;
      if (lost > 0) stream.discard(lost);
      stream.append('e', timeNs, { n });
    }
  }
  writer.close();
  return memory;
}

/** Reads all, as what knows of no index. */
function wholly(set: TraceSet): FlowOpener {
  return { open: () => set.read() };
}

/** As ports of sources: packets that are not wanted are passed over, nothing is cut. */
function indexed(set: TraceSet): FlowOpener {
  if (set.streams.length === 0) return wholly(set);
  return {
    open: ({ fromNs } = {}) => muxedFlow(set.streams.map(({ index }) => set.openStream(index, fromNs))),
  };
}

test('a seek to any time, at any moment, leads to what reading from the beginning leads to', () => {
  fc.assert(
    fc.property(
      plans,
      fc.array(fc.tuple(fc.nat({ max: 20 }), fc.integer({ min: -2, max: 250 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (streams, seeks) => {
        const memory = written(streams);
        for (const hasIndex of [true, false]) {
          const set = memory.open(hasIndex);
          const quick = new MessageIterator(indexed(set));
          const slow = new MessageIterator(wholly(set));
          const all = rest(new MessageIterator(wholly(set)));
          for (const [steps, timeS] of seeks) {
            for (let n = 0; n < steps; n++) step(quick);
            const timeNs = set.baseNs + BigInt(timeS) * 1_000_000_000n;
            quick.seekNs(timeNs);
            slow.seekNs(timeNs);
            expect(rest(quick)).toEqual(rest(slow));
            expect(quick.next()).toBe('end');
            quick.seekBeginning();
            expect(rest(quick)).toEqual(all);
          }
          expect(set.warnings).toEqual([]);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('through a trimmer, no further back than its range', () => {
  const memory = written([
    { stepsS: Array.from({ length: 100 }, () => [1, 0] as const), packetSizeBytes: 96 },
  ]);
  const set = memory.open();
  const begin = set.baseNs + 40_000_000_000n;
  const trimmer = trimmerClass.create(
    new Map([['begin', `${begin / 1_000_000_000n}.${begin % 1_000_000_000n}`]]),
    {
      name: 'trimmer',
      log: new Logger('none', () => {}),
      signal: new AbortController().signal,
      mipVersion: 0,
      idle: () => {},
      everyRound: () => {},
      atEnd: () => {},
    },
  );
  if (!('inputs' in trimmer) || !('output' in trimmer)) throw new TypeError('no filter');
  const input = trimmer.inputs[0] as InputPort<EventFlow>;
  input.connect({ name: 'out', open: indexed(set).open });
  const iterator = new MessageIterator(trimmer.output);
  const whole = rest(iterator);
  expect(whole.filter((said) => said.startsWith('event'))).toHaveLength(60);
  iterator.seekNs(set.baseNs);
  expect(rest(iterator)).toEqual(whole);
  iterator.seekNs(begin + 50_000_000_000n);
  expect(rest(iterator).filter((said) => said.startsWith('event'))).toHaveLength(10);
  iterator.seekBeginning();
  expect(rest(iterator)).toEqual(whole);
});

test('what cannot be opened again says so, and the pass goes on', () => {
  const set = written([{ stepsS: [[1, 0]], packetSizeBytes: 96 }]).open();
  let opened = 0;
  const iterator = new MessageIterator({
    open: () => {
      if (opened++ > 0) throw new SpoorError('source/once', 'it is read once only');
      return set.read();
    },
  });
  step(iterator);
  expect(() => iterator.seekBeginning()).toThrow('it is read once only');
  expect(rest(iterator).some((said) => said.startsWith('event'))).toBe(true);
});
