// Filters over records: which of random records pass is what plain comparisons of their values say, and no bytes make a
// filter fail.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TaskTable } from '../contexts/task-table.ts';
import { PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder } from './transcoder.ts';

const { layout } = sampleFormats;
const mostTasks = 4096;

/** A record that is a task switch, or the beginning of a request to a disk. */
interface Made {
  readonly tid: number;
  readonly cpu: number;
  readonly comm: string;
  readonly other: string;
  readonly prio: number;
  readonly state: bigint;
  readonly sector: bigint;
}

const names = ['', 'a', 'bash', 'bash-2', 'kworker/0:1H', 'fifteen-letters'];
const made = fc.record<Made>({
  tid: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: mostTasks - 1 }) }, fc.constant(0)),
  cpu: fc.nat(3),
  comm: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  prio: fc.integer({ min: -20, max: 220 }),
  state: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  sector: fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
});

function switchOf({ tid, comm, other, prio, state }: Made): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 372, true);
  view.setInt32(4, tid, true);
  bytes.set(new TextEncoder().encode(comm), 8);
  view.setInt32(24, tid, true);
  view.setInt32(28, prio, true);
  view.setBigInt64(32, state, true);
  bytes.set(new TextEncoder().encode(other), 40);
  view.setInt32(56, mostTasks - tid, true);
  view.setInt32(60, 120, true);
  return bytes;
}

function requestOf({ tid, sector, comm }: Made): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 1205, true);
  view.setInt32(4, tid, true);
  view.setBigUint64(16, sector, true);
  bytes.set(new TextEncoder().encode(comm), 44);
  return bytes;
}

/** A condition as LTTng writes it, and what it says of a record. */
interface Condition {
  readonly text: string;
  readonly isTrue: (record: Made) => boolean;
}

const operators = {
  '==': (a: bigint, b: bigint) => a === b,
  '!=': (a: bigint, b: bigint) => a !== b,
  '<': (a: bigint, b: bigint) => a < b,
  '<=': (a: bigint, b: bigint) => a <= b,
  '>': (a: bigint, b: bigint) => a > b,
  '>=': (a: bigint, b: bigint) => a >= b,
} as const;
const operator = fc.constantFrom(...(Object.keys(operators) as (keyof typeof operators)[]));

const numberOf = (
  name: string,
  values: fc.Arbitrary<number | bigint>,
  of: (record: Made) => number | bigint,
): fc.Arbitrary<Condition> =>
  fc.tuple(operator, values).map(([sign, value]) => ({
    text: `${name} ${sign} ${value}`,
    // As LTTng's filters do, whose numbers are all signed ones of 64 bits.
    isTrue: (record) => operators[sign](BigInt.asIntN(64, BigInt(of(record))), BigInt(value)),
  }));

const textOf = (name: string, of: (record: Made) => string): fc.Arbitrary<Condition> =>
  fc
    .tuple(
      fc.constantFrom('==', '!='),
      fc.constantFrom(...names, 'bash*', '*', '*-l*', 'k*H', 'swapper/*', 'swapper/1'),
    )
    .map(([sign, pattern]) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      return {
        text: `${name} ${sign} "${pattern}"`,
        isTrue: (record: Made) => expression.test(of(record)) === (sign === '=='),
      };
    });

/** Conditions that are joined and turned around. */
function treesOf(leaf: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  return fc.letrec<{ tree: Condition }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      tie('tree').map(({ text, isTrue }): Condition => ({
        text: `!(${text})`,
        isTrue: (record) => !isTrue(record),
      })),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]): Condition => ({
        text: `(${left.text}) && (${right.text})`,
        isTrue: (record) => left.isTrue(record) && right.isTrue(record),
      })),
      fc.tuple(tie('tree'), tie('tree')).map(([left, right]): Condition => ({
        text: `(${left.text}) || (${right.text})`,
        isTrue: (record) => left.isTrue(record) || right.isTrue(record),
      })),
    ),
  })).tree;
}

const contextConditions = [
  numberOf('$ctx.tid', fc.integer({ min: 0, max: mostTasks }), ({ tid }) => tid),
  numberOf('$ctx.prio', fc.constantFrom(0, 20), ({ tid }) => (tid === 0 ? 20 : 0)),
  numberOf('$ctx.cpu_id', fc.nat(3), ({ cpu }) => cpu),
  textOf('$ctx.procname', ({ tid, cpu }) => (tid === 0 ? `swapper/${cpu}` : `task-${tid % 3}`)),
];
const ofSwitches = treesOf(
  fc.oneof(
    ...contextConditions,
    numberOf('prev_tid', fc.integer({ min: 1, max: mostTasks }), ({ tid }) => tid),
    // LTTng's priorities begin at that of the least real-time task.
    numberOf('prev_prio', fc.integer({ min: -120, max: 120 }), ({ prio }) => prio - 100),
    textOf('prev_comm', ({ comm }) => comm),
    textOf('next_comm', ({ other }) => other),
    numberOf('prev_tid + next_tid', fc.integer({ min: 4090, max: 4100 }), () => mostTasks),
  ),
);
const ofRequests = treesOf(
  fc.oneof(
    ...contextConditions,
    numberOf('sector', fc.bigInt({ min: 0n, max: (1n << 62n) - 1n }), ({ sector }) => sector),
    textOf('comm', ({ comm }) => comm),
  ),
);

function transcoderOf(filters: readonly string[], compile: boolean): KernelTranscoder {
  const tasks = new TaskTable(mostTasks);
  for (let tid = 1; tid < mostTasks; tid++) tasks.setName(tid, new TextEncoder().encode(`task-${tid % 3}`));
  return new KernelTranscoder(sampleFormats, {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks,
    compile,
    wantsCall: (call) => call === 'openat',
    filter: { filtersOf: () => filters },
  });
}

/** How many events a page with one record becomes. */
function eventsOf(transcoder: KernelTranscoder, payload: Uint8Array, cpu: number): number {
  const page = new PageBuilder(layout, 1000n);
  page.record(1, payload);
  const stream = transcoder.stream({ cpu, output: { packet: () => undefined } });
  stream.page(page.finish(), 0, layout.subBufferBytes);
  stream.close();
  return stream.statistics.eventCount;
}

test.each([
  ['task switches', ofSwitches, switchOf],
  ['requests to disks', ofRequests, requestOf],
] as const)('what passes of %s is what their values say', (_, conditions, payloadOf) => {
  fc.assert(
    fc.property(
      fc.array(conditions, { minLength: 1, maxLength: 2 }),
      fc.array(made, { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      (filters, records, compile) => {
        const transcoder = transcoderOf(
          filters.map(({ text }) => text),
          compile,
        );
        for (const record of records) {
          const expected = filters.some(({ isTrue }) => isTrue(record)) ? 1 : 0;
          expect(eventsOf(transcoder, payloadOf(record), record.cpu)).toBe(expected);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('no record makes a filter fail, whatever its bytes and its length are', () => {
  const filters = [
    'prev_comm == "a*" || prev_prio > 3',
    'name == "*x" && irq > 1',
    'parent_comm != "" || child_comm == "*"',
    'sector > 5 || comm == "b*" || rwbs == 2',
    'text == "*" || numbers[1] > 3 || odd < 0 || small[2] == 1 || two != 0',
    'flags == 3 || filename != 0',
    '$ctx.procname == "t*" || $ctx.pid > 3',
  ];
  const transcoder = transcoderOf(filters, true);
  const ids = sampleFormats.events.map(({ id }) => id);
  fc.assert(
    fc.property(
      fc.constantFrom(...ids),
      fc.uint8Array({ minLength: 8, maxLength: 120 }),
      fc.boolean(),
      (id, bytes, isReal) => {
        const payload = Uint8Array.from(bytes);
        const view = new DataView(payload.buffer);
        view.setUint16(0, id, true);
        if (isReal) view.setInt32(4, 1 + (bytes[5]! % 100), true);
        expect(eventsOf(transcoder, payload, 0)).toBeLessThanOrEqual(1);
      },
    ),
    { numRuns: 300 },
  );
});
