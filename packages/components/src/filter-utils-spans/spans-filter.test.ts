import { createTraceWriter, describeTrace, type IntegerFieldClass, type WritableStructure } from '@spoor/ctf';
import { OutputPort, parseParameters } from '@spoor/graph';
import { expect, test } from 'vitest';
import type { EventFlow } from '../event-flow.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { TraceSet } from '../source-ctf-fs/trace-set.ts';
import { MemoryTrace } from '../testing/memory-trace.ts';
import { SpansFilter, spansParametersOf, type SpansParameters } from './spans-filter.ts';

type Written = readonly [ticks: number, name: string, fields?: WritableStructure, cpu?: number];

/** Functions by number. */
const func: IntegerFieldClass = {
  kind: 'integer',
  lengthBits: 8,
  alignmentBits: 8,
  byteOrder: 'le',
  signed: false,
  displayBase: 10,
  roles: [],
  mappings: [
    { label: 'pay (shop.js:1:1)', ranges: [{ lower: 1n, upper: 1n }] },
    { label: 'price (shop.js:2:1)', ranges: [{ lower: 2n, upper: 2n }] },
  ],
};

function traceOf(events: readonly Written[]): TraceSet {
  const traceClass = describeTrace({
    clock: { offsetSeconds: 1_700_000_000n },
    streams: [
      {
        packetContext: { cpu_id: 'u32' },
        events: [
          { name: 'irq_handler_entry', fields: { irq: 'i32', name: 'string' } },
          { name: 'irq_handler_exit', fields: { irq: 'i32', ret: 'i32' } },
          { name: 'sched_switch', fields: { next_tid: 'i32' } },
          { name: 'syscall_entry_read', fields: { fd: 'u64' } },
          { name: 'syscall_exit_read', fields: { ret: 'i64' } },
          { name: 'syscall_entry_exit', fields: {} },
          { name: 'work_begin', fields: { id: 'u32', text: 'string', share: 'f64' } },
          { name: 'work_end', fields: { id: 'u32' } },
          { name: 'call_entry', fields: { func } },
          { name: 'call_exit', fields: { func } },
        ],
      },
    ],
  });
  const output = new MemoryTrace();
  const writer = createTraceWriter(traceClass, output);
  const streams = [0, 1].map((cpu) => writer.stream({ packet: { context: { cpu_id: cpu } } }));
  for (const [ticks, name, fields = {}, cpu = 0] of events) streams[cpu]!.append(name, BigInt(ticks), fields);
  writer.close();
  return output.open();
}

/** Events of a flow as plain objects, times as in the trace. */
function eventsOf(flow: EventFlow): readonly Readonly<Record<string, unknown>>[] {
  const view = new EventView(flow.batch, flow.streams, flow.eventClasses);
  const events = [];
  while (flow.next()) {
    for (let row = 0; row < flow.batch.count; row++) {
      const event = view.moveTo(row);
      const { begin_ns: begin, state, ...payload } = event.payload();
      const at = Number(flow.baseNs + BigInt(event.timeNs) - 1_700_000_000n * 1_000_000_000n);
      events.push({
        at,
        name: event.name,
        ...payload,
        ...(begin === undefined
          ? {}
          : { begin: Number((begin as bigint) - 1_700_000_000n * 1_000_000_000n) }),
        ...(state === undefined ? {} : { state: (state as unknown as { labels: string[] }).labels[0] }),
      });
    }
  }
  return events;
}

function spansOf(events: readonly Written[], parameters: SpansParameters | string, told: string[] = []) {
  const set = traceOf(events);
  const read = typeof parameters === 'string' ? spansParametersOf(parseParameters(parameters)) : parameters;
  const filter = new SpansFilter({ ...read, messages: (line) => told.push(line) });
  filter.input.connect(new OutputPort('events', () => set.read()));
  return eventsOf(filter.output.open());
}

test('a span has its times, its keys and what was captured', () => {
  const told: string[] = [];
  const spans = spansOf(
    [
      [10, 'irq_handler_entry', { irq: 5, name: 'disk' }],
      [12, 'irq_handler_entry', { irq: 5, name: 'net' }, 1],
      [15, 'irq_handler_exit', { irq: 5, ret: 1 }],
      [16, 'irq_handler_exit', { irq: 6, ret: 1 }],
      [30, 'irq_handler_exit', { irq: 5, ret: 0 }, 1],
    ],
    'presets=["irqs"]',
    told,
  );
  const common = { name: 'irq', span: 'irq', depth: 0, state: 'complete', irq: 5 };
  expect(spans).toEqual([
    { ...common, at: 15, begin: 10, duration_ns: 5, cpu_id: 0, name: 'disk', ret: 1 },
    { ...common, at: 30, begin: 12, duration_ns: 18, cpu_id: 1, name: 'net', ret: 0 },
  ]);
  expect(told).toEqual(['filter.utils.spans: irq: 2 spans, 1 ends without a beginning']);
});

test('the thread is the one that the kernel switched to', () => {
  const spans = spansOf(
    [
      [1, 'sched_switch', { next_tid: 7 }],
      [2, 'syscall_entry_read', { fd: 3 }],
      [3, 'sched_switch', { next_tid: 8 }],
      [4, 'syscall_entry_read', { fd: 4 }],
      [5, 'sched_switch', { next_tid: 7 }, 1],
      [6, 'syscall_exit_read', { ret: 100 }, 1],
      [7, 'syscall_exit_read', { ret: -4 }],
      [8, 'syscall_entry_exit', {}],
      [9, 'syscall_entry_read', { fd: 9 }, 1],
    ],
    'presets=["syscalls"]',
  );
  const common = { name: 'syscall', span: 'read', depth: 0 };
  expect(spans).toEqual([
    { ...common, state: 'complete', at: 6, begin: 2, duration_ns: 4, thread: 7, ret: 100 },
    { ...common, state: 'complete', at: 7, begin: 4, duration_ns: 3, thread: 8, ret: -4 },
    { ...common, state: 'unfinished', at: 9, begin: 9, duration_ns: 0, thread: 7, ret: 0 },
  ]);
});

const work = 'begin=["*_begin"],end=["*_end"],same-name=yes';

test('spans of one key lie in each other, or the later takes the place of the earlier', () => {
  const events: readonly Written[] = [
    [1, 'work_begin', { id: 1, text: 'outer', share: 0.5 }],
    [2, 'work_begin', { id: 1, text: 'inner', share: 1 }],
    [3, 'work_end', { id: 1 }],
    [4, 'work_end', { id: 1 }],
  ];
  const spans = spansOf(events, `${work},key=["id"],nested=yes,capture=["text","share"]`);
  expect(spans).toMatchObject([
    { span: 'work', begin: 2, depth: 1, id: 1, text: 'inner', share: 1 },
    { span: 'work', begin: 1, depth: 0, id: 1, text: 'outer', share: 0.5 },
  ]);
  const told: string[] = [];
  expect(spansOf(events, `${work},key=["id"],capture=["text"]`, told)).toMatchObject([
    { begin: 2, depth: 0, text: 'inner' },
  ]);
  expect(told).toEqual([
    'filter.utils.spans: span: 1 spans, 1 ends without a beginning, 1 beginnings without an end',
  ]);
});

test('an enumeration is its label as a capture, its number as a key', () => {
  const events: readonly Written[] = [
    [1, 'call_entry', { func: 1 }],
    [2, 'call_entry', { func: 2 }],
    [3, 'call_exit', { func: 2 }],
    [4, 'call_exit', { func: 1 }],
    [5, 'call_entry', { func: 9 }],
    [6, 'call_exit', { func: 9 }],
  ];
  const calls = 'begin=["call_entry"],end=["call_exit"],nested=yes';
  expect(spansOf(events, `${calls},key=["$thread"],capture=["func"]`).map((span) => span['func'])).toEqual([
    'price (shop.js:2:1)',
    'pay (shop.js:1:1)',
    '9',
  ]);
  expect(spansOf(events, `${calls},key=["func"]`).map((span) => span['func'])).toEqual([2, 1, 9]);
});

test('filters choose beginnings and ends; long and surplus spans are given up', () => {
  const events = Array.from({ length: 50 }, (_, id): Written => [
    id,
    'work_begin',
    { id, text: '', share: 0 },
  ]);
  const ends = Array.from({ length: 50 }, (_, id): Written => [100 + id, 'work_end', { id }]);
  const some = spansOf(
    [...events, ...ends],
    `${work},key=["id"],begin-filter="id % 10 == 0",end-filter="id < 30"`,
  );
  expect(some.map(({ id, state }) => `${String(id)} ${String(state)}`)).toEqual([
    '0 complete',
    '10 complete',
    '20 complete',
    '30 unfinished',
    '40 unfinished',
  ]);
  const told: string[] = [];
  expect(spansOf([...events, ...ends], `${work},key=["id"],most-open=+8`, told)).toHaveLength(8);
  expect(told[0]).toContain('8 spans, 42 ends without a beginning, 42 given up');
  expect(
    spansOf(events, `${work},key=["id"],timeout-ns=+10,finished-only=yes`).map(({ state }) => state),
  ).toEqual(Array.from({ length: 39 }, () => 'timed_out'));
});

test('what comes in is kept in its place, and what is longer than a packet goes into several', () => {
  const text = 'x'.repeat(4000);
  const events = Array.from({ length: 300 }, (_, id): readonly Written[] => [
    [2 * id, 'work_begin', { id, text, share: 0 }],
    [2 * id + 1, 'work_end', { id }],
  ]).flat();
  const kept = spansOf(events, `${work},key=["id"],capture=["text"],keep=yes`);
  expect(kept.map(({ at, name }) => `${String(at)} ${String(name)}`)).toEqual(
    events.flatMap(([ticks, name]) =>
      name === 'work_end' ? [`${ticks} work_end`, `${ticks} span`] : [`${ticks} work_begin`],
    ),
  );
  expect(kept.filter(({ name }) => name === 'span').every((span) => span['text'] === text)).toBe(true);
});

test('what is wrong in itself is refused in words', () => {
  for (const [parameters, problem] of [
    ['presets=["irq"]', 'no kind of spans "irq"'],
    ['begin=["a"]', 'needs events that begin and events that end'],
    [`${work},key=["id + 1"]`, '"id + 1" is no field'],
    [`${work},begin-filter="id +"`, 'expect'],
  ] as const) {
    expect(() => spansOf([], parameters), parameters).toThrow(problem);
  }
});
