import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  CallStack,
  KnownFunctions,
  TileMaker,
  TraceStore,
  bin,
  callRuleOf,
  noEvent,
  spanAt,
  spanMarks,
  spanRuleOf,
} from './index.ts';

test('events of calls are known by name and fields', () => {
  const rule = (name: string, ...fields: string[]): unknown => callRuleOf(name, new Set(fields));
  expect(rule('js:func_entry', 'func')).toMatchObject({
    edge: 'enter',
    isCoroutine: false,
    functionField: 'func',
  });
  expect(rule('js:coroutine_resume', 'func', 'id')).toMatchObject({ edge: 'enter', isCoroutine: true });
  expect(rule('js:coroutine_exit', 'func', 'id', 'outcome')).toMatchObject({ edge: 'leave', run: 'end' });
  expect(rule('lttng_ust_cyg_profile:func_exit', 'addr', 'call_site')).toMatchObject({
    functionField: 'addr',
  });
  expect(rule('lttng_ust_cyg_profile_fast:func_exit')).toEqual({
    edge: 'leave',
    isCoroutine: false,
    functionField: undefined,
  });
  for (const [name, ...fields] of [
    ['js:func_entry'],
    ['js:func_exit', 'outcome'],
    ['js:coroutine_entry', 'func'],
    ['lttng_ust_cyg_profile_fast:func_entry'],
    ['shop:func_entry', 'func'],
    ['toString', 'func', 'id'],
  ] as const) {
    expect(rule(name, ...fields), name).toBeUndefined();
    expect(spanRuleOf(name, new Set(fields)).role).toBe('point');
  }
  expect(spanRuleOf('js:coroutine_entry', new Set(['func', 'id']))).toMatchObject({
    role: 'begin',
    spanName: 'async functions',
    call: { edge: 'enter' },
  });
});

test('functions have a number each, by label or address', () => {
  const known = new KnownFunctions();
  expect(known.ofLabel('f (a.js:1:2)')).toMatchObject({ index: 0, place: { name: 'f', source: 'a.js:1:2' } });
  expect(known.ofLabel('get x (y) (a b/c.js:3:4)').place).toEqual({
    name: 'get x (y)',
    source: 'a b/c.js:3:4',
  });
  expect(known.ofLabel('odd').place).toEqual({ name: 'odd', source: '' });
  expect(known.ofLabel('f (a.js:1:2)').index).toBe(0);
  let asked = 0;
  const nothing = (): undefined => {
    asked += 1;
    return undefined;
  };
  for (let call = 0; call < 1000; call++) known.ofAddress(0, 0x1234, nothing);
  expect(asked).toBe(11);
  expect(known.ofAddress(0, 0x1234, nothing)).toMatchObject({
    index: 3,
    place: { name: '0x1234', source: '' },
  });
  expect(known.ofAddress(0, -1n, nothing).place.name).toBe('0xffffffffffffffff');
  const main = { name: 'main', source: 'm.c:1' };
  expect(known.ofAddress(1, 0x1234, () => main)).toEqual({ index: 5, place: main, attempts: -1 });
  expect(known.ofAddress(1, 0x1234, nothing).place).toBe(main);
});

test('a stack does what a plain list does', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.option(fc.nat({ max: 4 }), { nil: undefined }))),
      (steps) => {
        const cut: number[] = [];
        const stack = new CallStack<number>((call, depth) => {
          expect(depth).toBe(stack.depth);
          cut.push(call);
        });
        let plain: { readonly fn: number; readonly call: number }[] = [];
        const expectedCut: number[] = [];
        steps.forEach(([isEntry, fn], call) => {
          if (isEntry) {
            stack.enter(fn ?? 0, call);
            plain.push({ fn: fn ?? 0, call });
          } else {
            const at = fn === undefined ? plain.length - 1 : plain.findLastIndex((one) => one.fn === fn);
            const left = stack.leave(fn);
            expect(left).toEqual(at < 0 ? undefined : { call: plain[at]!.call, depth: at });
            if (at >= 0) {
              expectedCut.push(
                ...plain
                  .slice(at + 1)
                  .map((one) => one.call)
                  .reverse(),
              );
              plain = plain.slice(0, at);
            }
          }
          expect(stack.depth).toBe(plain.length);
          expect(stack.top).toBe(plain.at(-1)?.call);
          for (let one = 0; one < 5; one++)
            expect(stack.openOf(one)).toBe(plain.filter(({ fn: of }) => of === one).length);
        });
        stack.clear();
        expect(cut).toEqual([...expectedCut, ...plain.map((one) => one.call).reverse()]);
      },
    ),
  );
});

test('calls are drawn at their depths, with the hues of their functions', () => {
  const store = new TraceStore();
  const lane = store.addLane(store.addProcess('p', 1), 'main', 1);
  const series = store.addSeries(lane, store.addType('js:func_entry', 'enter', 'functions'), 'span');
  const track = store.trackFor(lane, 'functions', true);
  const at = (timeNs: number): number => store.append(series, timeNs, 0, 0);
  track.enter(0, 7, 100, at(100));
  track.enter(1, 8, 110, at(110));
  track.leave(1, 130, at(130));
  track.enter(1, 0x1_0009, 140, at(140));
  expect(track.openCount).toBe(2);
  track.leave(1, 150, noEvent);
  track.leave(0, 200, at(200));
  expect([track.count, track.openCount, track.rows.length]).toEqual([3, 0, 2]);

  expect(spanAt(store, 0, 1, 120, 0)).toMatchObject({ startNs: 110, endNs: 130, hue: 8 });
  const marks = spanMarks(store, 0, 1, { fromNs: 0, toNs: 1000, minNs: 0, limit: 9 });
  expect(marks.map(({ startNs, endNs, hue, endEvent }) => [startNs, endNs, hue, endEvent])).toEqual([
    [110, 130, 8, 2],
    [140, 150, 9, noEvent],
  ]);
  const depth = (number: number): Uint32Array =>
    new TileMaker(store).make({ level: 0, index: 0 }, [{ kind: 'depth', track: 0, depth: number }]);
  const inner = depth(1);
  expect([105, 110, 129, 130, 145].map((ns) => bin.shareOf(inner[ns]!))).toEqual([0, 255, 255, 0, 255]);
  expect([110, 129, 145].map((ns) => bin.typeOf(inner[ns]!))).toEqual([8, 8, 9]);
  // Folded, the outermost calls tell when anything ran.
  expect(new TileMaker(store).make({ level: 0, index: 0 }, [{ kind: 'track', track: 0 }])).toEqual(depth(0));
});
