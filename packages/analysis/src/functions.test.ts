// Calls as they lie in each other, with and without all of their events.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceEvent } from './event.ts';
import { FunctionCalls, type FunctionSummary } from './functions.ts';
import { asTraceEvents, type PlainEvent } from './testing/events.ts';

const label = (value: number, text: string): unknown => ({ value, labels: [text] });
const enter = (timeNs: number, fn: string, value = fn.charCodeAt(0)): PlainEvent => ({
  name: 'js:func_entry',
  timeNs,
  fields: { func: label(value, `${fn} (src/${fn}.js:1:2)`) },
});
const leave = (timeNs: number, fn: string, outcome = 'returned', value = fn.charCodeAt(0)): PlainEvent => ({
  name: 'js:func_exit',
  timeNs,
  fields: { func: label(value, `${fn} (src/${fn}.js:1:2)`), outcome: label(0, outcome) },
});
const coroutine = (edge: string, timeNs: number, fn: string, id: number): PlainEvent => ({
  name: `js:coroutine_${edge}`,
  timeNs,
  fields: {
    func: label(fn.charCodeAt(0), `${fn} (a.js:1:1)`),
    id,
    ...(edge === 'exit' ? { outcome: label(0, 'returned') } : {}),
  },
});

function summaryOf(events: Iterable<TraceEvent>): FunctionSummary {
  const calls = new FunctionCalls();
  for (const event of events) calls.observe(event);
  return calls.finish();
}

function figures(events: readonly PlainEvent[]): Readonly<Record<string, readonly number[]>> {
  const { functions } = summaryOf(asTraceEvents(events));
  return Object.fromEntries(
    functions.map((one) => [one.name, [one.calls, one.totalNs, one.selfNs, one.minNs, one.maxNs]]),
  );
}

describe('calls', () => {
  test('lie in each other', () => {
    const events = [
      enter(0, 'a'),
      enter(10, 'b'),
      leave(30, 'b'),
      enter(40, 'b'),
      leave(45, 'b'),
      leave(100, 'a'),
    ];
    expect(figures(events)).toEqual({ a: [1, 100, 75, 100, 100], b: [2, 25, 25, 5, 20] });
  });

  test('of a function within itself are in its time once', () => {
    const events = [
      enter(0, 'a'),
      enter(10, 'a'),
      enter(20, 'b'),
      leave(25, 'b'),
      leave(40, 'a'),
      leave(100, 'a'),
    ];
    expect(figures(events)).toEqual({ a: [2, 100, 95, 30, 100], b: [1, 5, 5, 5, 5] });
  });

  test('have name and place, and how they ended', () => {
    const { functions } = summaryOf(asTraceEvents([enter(0, 'a'), leave(1, 'a', 'threw'), enter(2, 'a')]));
    expect(functions).toMatchObject([
      { name: 'a', source: 'src/a.js:1:2', isCoroutine: false, calls: 1, threw: 1, unfinished: 1 },
    ]);
  });

  test('whose ends are missing are cut, exits alone are counted', () => {
    const events = [
      leave(1, 'b'),
      enter(2, 'a'),
      enter(3, 'b'),
      enter(4, 'c'),
      leave(10, 'a'),
      leave(11, 'c'),
    ];
    const { functions, unmatchedExits } = summaryOf(asTraceEvents(events));
    expect(unmatchedExits).toBe(2);
    expect(functions.map(({ name, calls, unfinished, selfNs }) => [name, calls, unfinished, selfNs])).toEqual(
      [
        // What `b` took until it was cut is not its caller's own time.
        ['a', 1, 0, 1],
        ['b', 0, 1, 0],
        ['c', 0, 1, 0],
      ],
    );
  });

  test('that were open when events were lost are given up', () => {
    function* events(): Generator<TraceEvent> {
      let lossCount = 0;
      for (const event of asTraceEvents([enter(0, 'a'), enter(10, 'b'), leave(15, 'b'), leave(40, 'a')])) {
        if (event.timeNs === 10) lossCount = 1;
        yield {
          name: event.name,
          eventClass: event.eventClass,
          timeNs: event.timeNs,
          thread: 0,
          lossCount,
          field: event.field,
        };
      }
    }
    const { functions, unmatchedExits } = summaryOf(events());
    expect(unmatchedExits).toBe(1);
    expect(functions.map(({ name, calls, unfinished }) => [name, calls, unfinished])).toEqual([
      ['b', 1, 0],
      ['a', 0, 1],
    ]);
  });

  test('of threads have nothing to do with each other', () => {
    const other = (event: PlainEvent): PlainEvent => ({ ...event, thread: 1 });
    expect(figures([enter(0, 'a'), other(enter(5, 'b')), leave(10, 'a'), other(leave(20, 'b'))])).toEqual({
      a: [1, 10, 10, 10, 10],
      b: [1, 15, 15, 15, 15],
    });
  });

  test('of addresses are of the functions that lie there, as soon as that is known', () => {
    const known = new Map([[0x10n, { name: 'main', source: 'main.c:1' }]]);
    let isTold = false;
    function* events(): Generator<TraceEvent> {
      const plain = [
        ['entry', 0, 0x10],
        ['entry', 1, 0x20],
        ['exit', 2],
        ['exit', 9],
        ['entry', 10, 0x10],
        ['exit', 30],
      ] as const;
      for (const event of asTraceEvents(
        plain.map(([edge, timeNs, addr]) => ({
          name: `lttng_ust_cyg_profile_fast:func_${edge}`,
          timeNs,
          fields: addr === undefined ? {} : { addr },
        })),
      )) {
        isTold ||= event.timeNs === 10;
        yield {
          name: event.name,
          eventClass: event.eventClass,
          timeNs: event.timeNs,
          thread: 0,
          field: event.field,
          placeOf: (address) => (isTold ? known.get(address) : undefined),
        };
      }
    }
    const { functions } = summaryOf(events());
    expect(functions.map(({ name, source, calls, selfNs }) => [name, source, calls, selfNs])).toEqual([
      ['main', 'main.c:1', 2, 28],
      ['0x20', '', 1, 1],
    ]);
  });
});

test('runs of coroutines wait, and their stretches are calls', () => {
  const events = [
    coroutine('entry', 0, 'a', 1),
    enter(2, 'f'),
    leave(5, 'f'),
    coroutine('suspend', 10, 'a', 1),
    coroutine('entry', 20, 'a', 2),
    coroutine('suspend', 25, 'a', 2),
    coroutine('resume', 50, 'a', 1),
    coroutine('exit', 60, 'a', 1),
    coroutine('resume', 70, 'a', 9),
    coroutine('suspend', 71, 'a', 9),
  ];
  const { functions, unmatchedExits } = summaryOf(asTraceEvents(events));
  expect(unmatchedExits).toBe(0);
  expect(functions).toMatchObject([
    {
      name: 'a',
      isCoroutine: true,
      calls: 1,
      unfinished: 1,
      totalNs: 26,
      selfNs: 23,
      waitingNs: 40,
      maxNs: 60,
    },
    { name: 'f', isCoroutine: false, calls: 1, totalNs: 3 },
  ]);
});

interface Tree {
  readonly fn: number;
  readonly beforeNs: number;
  readonly callees: readonly Tree[];
}

const treeOf: (depth: number) => fc.Arbitrary<Tree> = fc.memo((depth): fc.Arbitrary<Tree> =>
  fc.record({
    fn: fc.nat({ max: 3 }),
    beforeNs: fc.nat({ max: 9 }),
    callees: depth <= 1 ? fc.constant([]) : fc.array(treeOf(depth - 1), { maxLength: 3 }),
  }),
);
const tree = treeOf(5);

/** The events of a tree of calls, and what each function takes, found by walking the tree. */
function walk(root: Tree): {
  readonly events: PlainEvent[];
  readonly selfNs: number[];
  readonly totalNs: number[];
} {
  const events: PlainEvent[] = [];
  const selfNs = [0, 0, 0, 0];
  const totalNs = [0, 0, 0, 0];
  let nowNs = 0;
  const call = ({ fn, beforeNs, callees }: Tree, around: ReadonlySet<number>): void => {
    const name = 'abcd'[fn]!;
    const beganNs = nowNs;
    events.push(enter(nowNs, name));
    for (const callee of callees) {
      selfNs[fn]! += beforeNs;
      nowNs += beforeNs;
      call(callee, new Set([...around, fn]));
    }
    selfNs[fn]! += beforeNs;
    nowNs += beforeNs;
    events.push(leave(nowNs, name));
    if (!around.has(fn)) totalNs[fn]! += nowNs - beganNs;
  };
  call(root, new Set());
  return { events, selfNs, totalNs };
}

test('any tree of calls is measured as a walk through it does', () => {
  fc.assert(
    fc.property(tree, (root) => {
      const { events, selfNs, totalNs } = walk(root);
      const found = figures(events);
      for (const [fn, name] of ['a', 'b', 'c', 'd'].entries()) {
        expect(found[name]?.slice(1, 3) ?? [0, 0]).toEqual([totalNs[fn], selfNs[fn]]);
      }
    }),
    { numRuns: 200 },
  );
});

test('whatever is missing, no time is negative or counted twice, and every call is told of', () => {
  fc.assert(
    fc.property(tree, fc.infiniteStream(fc.boolean()), (root, kept) => {
      const { events } = walk(root);
      const some = events.filter(() => kept.next().value);
      const { functions, unmatchedExits } = summaryOf(asTraceEvents(some));
      const entries = some.filter(({ name }) => name === 'js:func_entry').length;
      const ended = functions.reduce((sum, { calls }) => sum + calls, 0);
      expect(ended + functions.reduce((sum, { unfinished }) => sum + unfinished, 0)).toBe(entries);
      expect(ended + unmatchedExits).toBe(some.length - entries);
      for (const { selfNs, totalNs } of functions) {
        expect(selfNs).toBeGreaterThanOrEqual(0);
        expect(totalNs).toBeGreaterThanOrEqual(0);
      }
      const wholeNs = some.length === 0 ? 0 : some.at(-1)!.timeNs - some[0]!.timeNs;
      expect(functions.reduce((sum, { selfNs }) => sum + selfNs, 0)).toBeLessThanOrEqual(wholeNs);
    }),
    { numRuns: 300 },
  );
});
