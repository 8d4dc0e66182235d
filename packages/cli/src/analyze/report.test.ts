import { summarise, type TraceEvent } from '@spoor/analysis';
import { expect, test } from 'vitest';
import type { TraceFacts } from './facts.ts';
import { jsonReport } from './json-report.ts';
import { plainPainter } from './layout.ts';
import { reportLines } from './report.ts';

type Row = readonly [name: string, timeNs: number, fields?: Readonly<Record<string, unknown>>];

const rows: readonly Row[] = [
  ['nodejs:thread_begin', 0, { id: 0, name: 'main' }],
  ['nodejs:process_start', 1, { script: '/srv/\u001B[2Jshop.mjs' }],
  ['http_server:request_begin', 1e6, { id: 1, method: 'GET', url: '/a/1\u001B[31m' }],
  ['http_client:request_begin', 2e6, { id: 9, request: 1 }],
  ['http_client:request_end', 5e6, { id: 9, request: 1 }],
  ['http_server:request_end', 6e6, { id: 1, status: 500, aborted: 0, loop_idle_ns: 2e6 }],
  [
    'nodejs:gc',
    7e6,
    { start_ns: 3_000_000n, duration_ns: 500_000n, kind: { value: 1, labels: ['scavenge'] } },
  ],
  ['nodejs:event_loop_delay', 8e6, { samples: 9, max_ns: 40e6, p50_ns: 1e6, utilization: 0.25 }],
  ['a:b_end', 9e6, { id: 4 }],
];

function* read(): Generator<TraceEvent> {
  const classes = new Map<string, object>();
  for (const [name, timeNs, fields = {}] of rows) {
    const eventClass = classes.get(name) ?? {};
    classes.set(name, eventClass);
    yield { name, timeNs, thread: 0, eventClass, field: (key) => fields[key] };
  }
}

const facts: TraceFacts = {
  paths: ['/tmp/trace'],
  sizeBytes: 4096,
  baseNs: 1_790_000_000_000_000_000n,
  processes: [{ name: 'node', pid: 4711 }],
  threads: [{ process: 0, tid: 4711 }],
  losses: [{ stream: '/tmp/trace/ch0_0', discardedEvents: 12, discardedPackets: 0 }],
  warnings: ['the last packet is cut short'],
};

const summary = summarise(read, { monotonicOffsetNs: () => 0n });

test('the report tells all that matters, within its width and without control characters', () => {
  const lines = reportLines(summary, facts, { paint: plainPainter, width: 80 });
  const text = lines.join('\n');
  for (const line of lines) {
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line).toMatch(/^\P{Cc}*$/u);
  }
  expect(text).toContain('9 events');
  expect(text).toContain('12 lost');
  expect(text).toContain('GET /a/1 → 500');
  expect(text).toContain('main of shop.mjs 4711');
  expect(text).toMatch(/http_client:request +2\.50 ms +50\.0 %/);
  expect(text).toMatch(/garbage collection +500 µs +10\.0 %/);
  expect(text).toMatch(/1 pause, 500 µs in all/);
  expect(text).toMatch(/40\.0 ms +8\.00 ms +1\.00 ms +25\.0 %/);
  expect(text).toContain('1 end of a span without its begin');
  expect(text).toContain('the last packet is cut short');
});

test('the JSON has the same, as plain data', () => {
  const parsed = JSON.parse(JSON.stringify(jsonReport({ summary, facts }))) as Record<string, unknown>;
  expect(parsed).toMatchObject({
    version: 1,
    base_ns: '1790000000000000000',
    events: 9,
    requests: {
      count: 1,
      failed: 1,
      slowest: [{ method: 'GET', status: 500, duration_ns: 5e6, thread: { pid: 4711, tid: 4711 } }],
    },
    gc: { count: 1, total_ns: 500_000 },
    lost: [{ events: 12 }],
  });
});

test('traces that are not of a process each have streams; what began before the first event says so', () => {
  function* late(): Generator<TraceEvent> {
    const fields: Record<string, unknown> = {
      start_ns: 1_000_000n,
      duration_ns: 500_000n,
      kind: { labels: [] },
    };
    yield { name: 'nodejs:gc', timeNs: 4e6, thread: 0, eventClass: {}, field: (key) => fields[key] };
  }
  const lines = reportLines(
    summarise(late, { monotonicOffsetNs: () => 0n }),
    { ...facts, processes: [{ name: 'lager', pid: 0 }], threads: [{ process: 0, tid: 0 }] },
    { paint: plainPainter, width: 80 },
  );
  expect(lines.join('\n')).toContain('; 1 trace, 1 stream');
  expect(lines.join('\n')).toContain('3.00 ms before the first event');
});

test('system calls are told by name, with what they waited, and the slowest one by one', () => {
  function* calls(hasSwitches: boolean): Generator<TraceEvent> {
    const of = (name: string, timeNs: number, fields: Readonly<Record<string, unknown>> = {}): TraceEvent => {
      return { name, timeNs, thread: 0, cpu: 0, eventClass: { name }, field: (key) => fields[key] };
    };
    const to = (next: number) => ({ prev_tid: 9, prev_comm: 'a', next_tid: next, next_comm: 'b\u001B[2J' });
    if (hasSwitches) yield of('sched_switch', 0, to(7));
    yield of('syscall_entry_openat', 1e6);
    yield of('syscall_exit_openat', 3e6, { ret: -2 });
    yield of('syscall_exit_read', 4e6, { ret: 0 });
  }
  const textOf = (hasSwitches: boolean): string =>
    reportLines(
      summarise(() => calls(hasSwitches)),
      facts,
      { paint: plainPainter, width: 80 },
    ).join('\n');
  const text = textOf(true);
  expect(text).toMatch(/System calls.*\n.*waiting\n {2}openat +1 +1( +2\.00 ms){4} +0 ns\n/);
  expect(text).toContain('1 exit without an entry in the trace');
  expect(text).toMatch(/Slowest system calls\n.*\n {2}openat +b 7 +1\.00 ms +2\.00 ms +0 ns +-2\n/);
  expect(textOf(false)).toMatch(/System calls.*\n.*in all\n {2}openat +1 +1( +2\.00 ms){4}\n/);
  expect(textOf(false)).toMatch(/ {2}openat +not known +0 ns +2\.00 ms +-2\n/);
});

test('a trace without events still has a report', () => {
  const lines = reportLines(
    summarise(() => []),
    { ...facts, losses: [], warnings: [], threads: [], processes: [] },
    { paint: plainPainter, width: 80 },
  );
  expect(lines.join('\n')).toContain('0 events, 4.1 kB, none lost');
  expect(lines.join('\n')).not.toMatch(/from \d/);
});
