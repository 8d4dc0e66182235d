import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { bin, tileBins, tileEndNs, tileStartNs } from '@spoor/store';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSmallTrace, type SmallTrace } from './testing/index.ts';
import { TraceView } from './trace-view.ts';
import { traceSetSource } from './trace-set-source.ts';

let directory = '';
let written: SmallTrace;
let view: TraceView;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'spoor-view-'));
  written = writeSmallTrace(directory, 6000);
  view = new TraceView(traceSetSource(openTrace(directory), [directory]));
  await view.index();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('the index holds every event at its time, in its lane, and decodes it again', () => {
  const summary = view.summary();
  expect(summary.eventCount).toBe(written.events.length);
  expect(summary.complete).toBe(true);
  expect(summary.failure).toBeUndefined();
  expect(summary.processes).toEqual([{ name: 'small', pid: 700 }]);
  expect(summary.lanes.map(({ name, tid }) => `${name} ${tid}`).sort()).toEqual(['main 700', 'thread 701']);
  const offset = Number(written.baseNs - BigInt(summary.baseNs));
  written.events.forEach((event, k) => {
    const detail = view.detail(k)!;
    expect(detail.timeNs - offset).toBe(event.timeNs);
    expect(summary.lanes[detail.lane]!.tid).toBe(700 + event.thread);
    expect(summary.types[detail.type]!.name).toBe(event.name);
    const payload = detail.sections.find(({ title }) => title === 'Payload')!;
    expect(payload.fields[0]!.text).toBe(String(event.number));
    expect(detail.sections.map(({ title }) => title)).toContain('Packet context');
  });
});

test('begin and end of a span find each other', () => {
  const ends = new Map<number, number>();
  written.events.forEach(({ name, number }, k) => {
    if (name === 'http_server:request_end') ends.set(number, k);
  });
  written.events.forEach(({ name, number }, k) => {
    if (name === 'app:tick') {
      expect(view.detail(k)!.span).toBeUndefined();
      return;
    }
    const span = view.detail(k)!.span!;
    expect(span.name).toBe('http_server:request');
    expect(span.endEvent).toBe(ends.get(number));
    expect(span.label).toBe(`GET /orders/${number % 97}`);
  });
});

test('lost events are an interval of the lane that lost them', () => {
  const { losses, lanes } = view.summary();
  expect(losses).toHaveLength(1);
  expect(lanes[losses[0]!.lane]!.tid).toBe(701);
  expect(losses[0]!.count).toBe(written.lostCount);
  expect(losses[0]!.toNs).toBeGreaterThan(losses[0]!.fromNs);
});

test('tiles of a lane add up to its events', () => {
  const { lanes, lastNs } = view.summary();
  for (const level of [8, 14, 20]) {
    let count = 0;
    for (let index = 0; tileStartNs({ level, index }) <= lastNs; index++) {
      const words = view.tile({ level, index }, [{ kind: 'lane', lane: 0 }]);
      expect(words).toHaveLength(tileBins);
      expect(tileEndNs({ level, index })).toBe(tileStartNs({ level, index: index + 1 }));
      for (const word of words) count += bin.countOf(word);
    }
    expect(count).toBe(lanes[0]!.eventCount);
  }
});

test('a filter leaves what a search through all events finds, and searches stop at each', () => {
  const none = { process: '', thread: '', event: '', fields: '' };
  const cases = [
    { patterns: { ...none, event: 'TICK' }, wanted: (k: number) => written.events[k]!.name === 'app:tick' },
    { patterns: { ...none, thread: '701' }, wanted: (k: number) => written.events[k]!.thread === 1 },
    {
      patterns: { ...none, fields: '/status = 5\\d\\d$/' },
      wanted: (k: number) =>
        written.events[k]!.name === 'http_server:request_end' && written.events[k]!.number % 41 === 0,
    },
    { patterns: { ...none, process: 'nobody' }, wanted: () => false },
  ];
  for (const { patterns, wanted } of cases) {
    const expected = [...written.events.keys()].filter(wanted);
    let answer = view.table.rows(0, 5, patterns);
    while (!answer.complete) answer = view.table.rows(0, 5, patterns);
    expect(answer.total).toBe(expected.length);
    expect(answer.rows.map(({ event }) => event)).toEqual(expected.slice(0, 5));
    const found: number[] = [];
    for (let from: number | undefined = 0; from !== undefined && found.length < 5;) {
      const hit: { found: number | undefined; next: number | undefined } = view.table.search(
        from,
        true,
        patterns,
      );
      if (hit.found === undefined) from = hit.next;
      else {
        found.push(hit.found);
        from = hit.found + 1;
      }
    }
    expect(found).toEqual(expected.slice(0, 5));
    let back = view.table.search(written.events.length - 1, false, patterns);
    while (back.next !== undefined) back = view.table.search(back.next, false, patterns);
    expect(back.found).toBe(expected.at(-1));
    if (expected.length > 2) {
      const middle = expected[expected.length >> 1]!;
      expect(view.table.rowOfEvent(middle, patterns)).toEqual({ row: expected.length >> 1, event: middle });
    }
  }
});

test('a trace that ends in the middle of a packet shows what is whole, and a warning', async () => {
  const cut = mkdtempSync(join(tmpdir(), 'spoor-view-'));
  try {
    writeSmallTrace(cut, 3000);
    const file = join(cut, 'ch0_0');
    truncateSync(file, statSync(file).size - 1000);
    const damaged = new TraceView(traceSetSource(openTrace(cut), [cut]));
    await damaged.index();
    const { eventCount, warnings, complete } = damaged.summary();
    expect(complete).toBe(true);
    expect(eventCount).toBeGreaterThan(2900);
    expect(eventCount).toBeLessThan(3000);
    expect(warnings.join()).toContain('truncated');
    expect(damaged.detail(eventCount - 1)!.sections.length).toBeGreaterThan(0);
  } finally {
    rmSync(cut, { recursive: true, force: true });
  }
});
