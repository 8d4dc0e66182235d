import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  TileMaker,
  TraceStore,
  bin,
  histogramOf,
  lowerBound,
  gallop,
  noEvent,
  pointAt,
  pointMarks,
  selectionOf,
  spanAt,
  spanMarks,
  tileBins,
  tileStartNs,
} from './index.ts';

/** One thing that happens in a lane; `wait` is the time since the one before. */
interface Step {
  readonly wait: number;
  readonly lane: number;
  readonly what: 'point' | 'other' | 'begin' | 'end' | 'complete';
  readonly id: number;
}

interface PlainSpan {
  readonly lane: number;
  readonly name: string;
  readonly startNs: number;
  endNs: number;
}

interface PlainEvent {
  readonly timeNs: number;
  readonly lane: number;
  readonly type: number;
  readonly use: 'point' | 'span' | 'stray';
}

/** Fills a store, and plain lists beside it that the store's answers are compared with. */
function build(steps: readonly Step[]): { store: TraceStore; events: PlainEvent[]; spans: PlainSpan[] } {
  const store = new TraceStore();
  for (let p = 0; p < 2; p++) store.addProcess(`p${p}`, 100 + p);
  for (let l = 0; l < 3; l++) store.addLane(l >> 1, `lane${l}`, l);
  const types = {
    point: store.addType('point', 'point', 'point'),
    other: store.addType('other', 'point', 'other'),
    begin: store.addType('req_begin', 'begin', 'req'),
    end: store.addType('req_end', 'end', 'req'),
    complete: store.addType('gc', 'complete', 'gc'),
  };
  const events: PlainEvent[] = [];
  const spans: PlainSpan[] = [];
  const open = new Map<string, PlainSpan>();
  let timeNs = 0;
  for (const { wait, lane, what, id } of steps) {
    timeNs += wait;
    const key = `${lane}/${id}`;
    const stray = what === 'end' && !open.has(key);
    const use = what === 'point' || what === 'other' ? 'point' : stray ? 'stray' : 'span';
    const event = store.append(store.seriesFor(lane, types[what], use), timeNs, lane, events.length);
    events.push({ timeNs, lane, type: types[what], use });
    if (what === 'begin') {
      store.trackFor(lane, 'req').begin(id, timeNs, event);
      const span = { lane, name: 'req', startNs: timeNs, endNs: Infinity };
      spans.push(span);
      open.set(key, span);
    } else if (what === 'end') {
      expect(store.trackFor(lane, 'req').end(id, timeNs, event)).toBe(!stray);
      if (!stray) open.get(key)!.endNs = timeNs;
      open.delete(key);
    } else if (what === 'complete') {
      store.trackFor(lane, 'gc').complete(timeNs - id * 3, timeNs, event);
      spans.push({ lane, name: 'gc', startNs: timeNs - id * 3, endNs: timeNs });
    }
  }
  store.finish();
  return { store, events, spans };
}

const steps = fc.array(
  fc.record<Step>({
    wait: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5000 })),
    lane: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom('point', 'other', 'begin', 'end', 'complete'),
    id: fc.integer({ min: 0, max: 6 }),
  }),
  { maxLength: 200 },
);

test('lower bounds, plain and galloping, are the first index that is not below', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 })),
      fc.integer({ min: -1, max: 51 }),
      (list, bound) => {
        const sorted = Uint32Array.from(list).sort();
        const expected = sorted.findIndex((one) => one >= bound);
        const first = expected < 0 ? sorted.length : expected;
        expect(lowerBound(sorted, bound, 0, sorted.length)).toBe(first);
        for (let from = 0; from <= first; from++)
          expect(gallop(sorted, bound, from, sorted.length)).toBe(first);
      },
    ),
  );
});

test('tiles of events hold exact counts and the commonest type at every level', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 14 }), (plan, level) => {
      const { store, events } = build(plan);
      const maker = new TileMaker(store);
      const width = 2 ** level;
      for (const index of [0, 1, Math.floor(store.lastNs / (width * tileBins))]) {
        const address = { level, index };
        const words = maker.make(address, [
          { kind: 'process', process: 0 },
          { kind: 'lane', lane: 1 },
          { kind: 'points', lane: 2 },
        ]);
        const wanted = [
          (one: PlainEvent) => one.lane < 2,
          (one: PlainEvent) => one.lane === 1,
          (one: PlainEvent) => one.lane === 2 && one.use !== 'span',
        ];
        wanted.forEach((includes, row) => {
          const counts = Array.from({ length: tileBins }, () => new Map<number, number>());
          for (const one of events) {
            const at = Math.floor((one.timeNs - tileStartNs(address)) / width);
            if (at < 0 || at >= tileBins || !includes(one)) continue;
            counts[at]!.set(one.type, (counts[at]!.get(one.type) ?? 0) + 1);
          }
          counts.forEach((byKey, at) => {
            const word = words[row * tileBins + at]!;
            expect(bin.countOf(word)).toBe([...byKey.values()].reduce((a, b) => a + b, 0));
            if (byKey.size > 0) {
              const most = Math.max(...byKey.values());
              const types = [...byKey].filter(([, n]) => n === most).map(([type]) => type);
              expect(types).toContain(bin.typeOf(word));
            }
          });
        });
      }
    }),
    { numRuns: 40 },
  );
});

test('rows of spans do not overlap, hold every span, and tiles show their exact share', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 14 }), (plan, level) => {
      const { store, spans } = build(plan);
      const maker = new TileMaker(store);
      const width = 2 ** level;
      const held: PlainSpan[] = [];
      for (const track of store.tracks) {
        track.rows.forEach((row, depth) => {
          for (let i = 0; i < row.count; i++) {
            const startNs = row.startNs.values[i]!;
            const endNs = row.endNs.values[i]!;
            if (i > 0) expect(startNs).toBeGreaterThanOrEqual(row.endNs.values[i - 1]!);
            expect(row.endEvent.values[i] === noEvent).toBe(endNs === Infinity);
            held.push({ lane: track.lane, name: track.name, startNs, endNs });
          }
          const words = maker.make({ level, index: 0 }, [{ kind: 'depth', track: track.index, depth }]);
          for (let b = 0; b < tileBins; b++) {
            let busy = 0;
            let starts = 0;
            for (let i = 0; i < row.count; i++) {
              const from = Math.max(b * width, row.startNs.values[i]!);
              const to = Math.min((b + 1) * width, row.endNs.values[i]!, store.lastNs);
              busy += Math.max(0, to - from);
              if (row.startNs.values[i]! >= b * width && row.startNs.values[i]! < (b + 1) * width) starts++;
            }
            const share = busy + starts === 0 ? 0 : Math.max(1, Math.round((busy / width) * 255));
            expect(bin.shareOf(words[b]!)).toBe(Math.min(255, share));
            expect(bin.startsOf(words[b]!)).toBe(Math.min(255, starts));
          }
        });
      }
      const plain = (list: readonly PlainSpan[]): string[] =>
        list.map((one) => `${one.lane} ${one.name} ${one.startNs} ${one.endNs}`).sort();
      expect(plain(held)).toEqual(plain(spans));
    }),
    { numRuns: 40 },
  );
});

test('marks and picks of spans and events are those of a search through all', () => {
  fc.assert(
    fc.property(steps, fc.nat(20_000), fc.nat(20_000), fc.nat(400), (plan, a, b, tolerance) => {
      const { store, events, spans } = build(plan);
      const [fromNs, toNs] = a < b ? [a, b] : [b, a + 1];
      const points = events.flatMap((one, k) =>
        one.lane === 1 && one.use !== 'span' && one.timeNs >= fromNs && one.timeNs < toNs ? [k] : [],
      );
      expect(pointMarks(store, { kind: 'points', lane: 1 }, fromNs, toNs, 10_000)).toEqual(points);
      if (points.length > 0) {
        expect(
          pointMarks(store, { kind: 'points', lane: 1 }, fromNs, toNs, points.length - 1),
        ).toBeUndefined();
      }
      const gaps = events.filter((one) => one.lane === 0).map((one) => Math.abs(one.timeNs - a));
      const nearest = Math.min(Infinity, ...gaps);
      const picked = pointAt(store, { kind: 'lane', lane: 0 }, a, tolerance);
      if (nearest > tolerance) expect(picked).toBeUndefined();
      else expect(Math.abs(events[picked!]!.timeNs - a)).toBe(nearest);

      const shown: string[] = [];
      let covering = 0;
      for (const track of store.tracks) {
        track.rows.forEach((_, depth) => {
          const range = { fromNs, toNs, minNs: 3, limit: 10_000 };
          for (const mark of spanMarks(store, track.index, depth, range)) {
            shown.push(`${track.lane} ${track.name} ${mark.startNs} ${mark.endNs}`);
          }
          if (spanAt(store, track.index, depth, a, 0) !== undefined) covering += 1;
        });
      }
      const visible = spans.filter((one) => {
        const endNs = Math.min(one.endNs, store.lastNs);
        return one.startNs < toNs && endNs >= fromNs && endNs - one.startNs >= 3;
      });
      expect(shown.sort()).toEqual(
        visible.map((one) => `${one.lane} ${one.name} ${one.startNs} ${one.endNs}`).sort(),
      );
      const strictly = spans.filter((one) => one.startNs < a && a < one.endNs).length;
      expect(covering).toBeGreaterThanOrEqual(strictly);
    }),
    { numRuns: 100 },
  );
});

test('histogram and selection count what a search through all counts', () => {
  fc.assert(
    fc.property(
      steps,
      fc.nat(20_000),
      fc.nat(20_000),
      fc.integer({ min: 1, max: 40 }),
      (plan, a, b, bins) => {
        const { store, events, spans } = build(plan);
        const [fromNs, toNs] = a < b ? [a, b] : [b, a + 1];
        const inside = events.filter((one) => one.timeNs >= fromNs && one.timeNs < toNs);
        const picture = histogramOf(store, fromNs, toNs, bins, 2);
        expect(picture.counts.reduce((sum, one) => sum + one, 0)).toBe(inside.length);
        picture.types.forEach((type, plane) => {
          for (let i = 0; i < bins; i++) {
            const from = fromNs + ((toNs - fromNs) * i) / bins;
            const to = fromNs + ((toNs - fromNs) * (i + 1)) / bins;
            const count = inside.filter(
              (one) => one.type === type && one.timeNs >= from && one.timeNs < to,
            ).length;
            expect(picture.counts[plane * bins + i]).toBe(count);
          }
        });

        const selection = selectionOf(store, fromNs, toNs);
        expect(selection.eventCount).toBe(inside.length);
        for (const { type, count } of selection.types) {
          expect(count).toBe(inside.filter((one) => one.type === type).length);
        }
        for (const sum of selection.spans) {
          const within = spans.filter(
            (one) => one.name === sum.name && one.startNs >= fromNs && one.startNs < toNs,
          );
          const closed = within.filter((one) => one.endNs !== Infinity).map((one) => one.endNs - one.startNs);
          expect(sum.count).toBe(closed.length);
          expect(sum.openCount).toBe(within.length - closed.length);
          expect(sum.totalNs).toBe(closed.reduce((x, y) => x + y, 0));
          if (closed.length > 0)
            expect([sum.minNs, sum.maxNs]).toEqual([Math.min(...closed), Math.max(...closed)]);
          const busy = spans
            .filter((one) => one.name === sum.name)
            .reduce(
              (total, one) =>
                total + Math.max(0, Math.min(one.endNs, toNs, store.lastNs) - Math.max(one.startNs, fromNs)),
              0,
            );
          expect(sum.busyNs).toBe(busy);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a span whose end may be lost gives up its row only when that is wanted', () => {
  const store = new TraceStore();
  const lane = store.addLane(store.addProcess('p', 1), 'main', 1);
  const type = store.addType('req_begin', 'begin', 'req');
  const track = store.trackFor(lane, 'req');
  const begin = (id: number, timeNs: number): void =>
    track.begin(id, timeNs, store.append(store.seriesFor(lane, type, 'span'), timeNs, 0, 0));
  begin(1, 100);
  begin(2, 110);
  store.addLoss({ lane, fromNs: 200, toNs: 300, count: 5 });
  begin(3, 310);
  expect(track.rows).toHaveLength(2);
  expect(track.rows[0]!.endNs.values[0]).toBe(200);
  expect(track.rows[0]!.endEvent.values[0]).toBe(noEvent);
  expect(track.end(2, 400, 7)).toBe(true);
  expect(track.rows[1]!.endNs.values[0]).toBe(400);
  expect(track.end(1, 410, 8)).toBe(false);
  begin(4, 420);
  begin(5, 430);
  expect(track.rows).toHaveLength(3);
});
