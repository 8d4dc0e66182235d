import type { TraceSummary } from '@spoor/server/protocol';
import { expect, test } from 'vitest';
import { layOut, rowAt } from './rows.ts';

const summary: TraceSummary = {
  protocol: 1,
  title: 't',
  paths: [],
  baseNs: '0',
  absolute: false,
  firstNs: 0,
  lastNs: 1,
  eventCount: 30,
  spanCount: 12,
  progress: 1,
  complete: true,
  revision: 0,
  indexSizeBytes: 0,
  types: [],
  processes: [
    { name: 'a', pid: 1 },
    { name: 'silent', pid: 2 },
    { name: 'b', pid: 3 },
  ],
  lanes: [
    { process: 0, name: 'main', tid: 1, eventCount: 20 },
    { process: 2, name: 'main', tid: 3, eventCount: 10 },
    { process: 1, name: 'main', tid: 2, eventCount: 0 },
  ],
  tracks: [
    { lane: 0, name: 'gc', isCalls: false, depth: 1, spanCount: 2, openCount: 0 },
    { lane: 0, name: 'request', isCalls: false, depth: 12, spanCount: 10, openCount: 1 },
  ],
  losses: [],
  warnings: [],
  failure: undefined,
};

test('every process, thread and depth has its row, none overlap, silent ones are left out', () => {
  const layout = layOut(summary, new Set());
  expect(layout.rows.map(({ name }) => name)).toEqual([
    'p0',
    'l0',
    ...Array.from({ length: 12 }, (_, depth) => `s1.${depth}`),
    's0.0',
    'p2',
    'l1',
  ]);
  layout.rows.forEach((row, i) => {
    expect(rowAt(layout, row.topPx + row.heightPx / 2)).toBe(i);
    const next = layout.rows[i + 1];
    if (next !== undefined) expect(next.topPx).toBeGreaterThan(row.topPx + row.heightPx - 1);
  });
  expect(rowAt(layout, layout.heightPx + 50)).toBe(-1);
  expect(layout.labels.map(({ text }) => text)).toEqual(['a', 'main', 'request', 'gc', 'b', 'main']);
});

test('lanes of CPUs stand by number, threads as they came', () => {
  const named = (names: readonly string[], tid?: number): readonly string[] => {
    const lanes = names.map((name) => ({ process: 0, name, tid, eventCount: 1 }));
    return layOut({ ...summary, lanes, tracks: [] }, new Set())
      .labels.slice(1)
      .map(({ text }) => text);
  };
  expect(named(['CPU 11', 'CPU 2', 'CPU 10'])).toEqual(['CPU 2', 'CPU 10', 'CPU 11']);
  expect(named(['w2', 'w1'], 5)).toEqual(['w2', 'w1']);
});

test('folding leaves one row for what is folded', () => {
  expect(layOut(summary, new Set(['p0'])).rows.map(({ name }) => name)).toEqual(['p0', 'p2', 'l1']);
  expect(layOut(summary, new Set(['l0'])).rows.map(({ name }) => name)).toEqual(['p0', 'a0', 'p2', 'l1']);
  expect(layOut(summary, new Set(['t1'])).rows.map(({ name }) => name)).toContain('t1');
});

test('calls stand first, and have room for labels far down', () => {
  const calls = { lane: 0, name: 'functions', isCalls: true, depth: 40, spanCount: 1, openCount: 0 };
  const { rows, labels } = layOut({ ...summary, tracks: [...summary.tracks, calls] }, new Set());
  expect(labels.map(({ text }) => text).slice(2, 5)).toEqual(['functions', 'request', 'gc']);
  const own = rows.filter(({ name }) => name.startsWith('s2.'));
  expect(own.map(({ isCalls }) => isCalls)).toEqual(own.map(() => true));
  expect([own[0], own[31], own[32]].map((row) => row!.heightPx)).toEqual([16, 16, 3]);
});
