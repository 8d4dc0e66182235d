// Pages with random records of every kind of field: the packets that are made of them are read by our reader, and the
// generated code and the interpreter write the same bytes.
import { formatTsdl } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable } from '../contexts/task-table.ts';
import type { KernelEventFormat } from '../formats/event-format.ts';
import { PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder, type TranscoderOptions } from './transcoder.ts';

function options(more: Partial<TranscoderOptions> = {}): TranscoderOptions {
  return {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks: new TaskTable(40_000),
    wantsCall: (call) => /^(?:read|openat|mmap|clone)$/.test(call),
    ...more,
  };
}

/** What a page is made of: records and gaps before them. */
interface Step {
  readonly gap: bigint;
  readonly means: 'delta' | 'extend' | 'stamp' | 'discarded';
  readonly format: KernelEventFormat;
  readonly seed: number;
}

const text = ['', 'a', 'bash', 'kworker/0:1H', 'fifteen-letters', 'ümlaut'];

/** A record of a format with values that follow from `seed`; what it has, by the format's names. */
function recordOf({ format, seed }: Step): {
  readonly bytes: Uint8Array;
  readonly values: Map<string, unknown>;
} {
  const bytes = new Uint8Array(400);
  const view = new DataView(bytes.buffer);
  const values = new Map<string, unknown>();
  let random = seed >>> 0;
  const next = (limit: number): number => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return (random >>> 8) % limit;
  };
  const put = (at: number, value: bigint, sizeBytes: number): void => {
    for (let index = 0; index < sizeBytes; index += 1) {
      bytes[at + index] = Number((BigInt.asUintN(64, value) >> BigInt(8 * index)) & 255n);
    }
  };
  const putText = (at: number, content: string, room: number): void => {
    bytes.set(new TextEncoder().encode(content).subarray(0, room - 1), at);
  };
  view.setUint16(0, format.id, true);
  bytes[2] = next(8);
  bytes[3] = next(16);
  // Idle tasks are many, and strangers are met too.
  const tid = next(4) === 0 ? 0 : 1 + next(30_000);
  view.setInt32(4, tid, true);
  values.set('common_pid', tid);
  let tail =
    4 *
    Math.ceil(Math.max(...format.fields.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes)) / 4);
  for (const { name, shape, offsetBytes } of format.fields) {
    switch (shape.kind) {
      case 'integer': {
        const bits = shape.sizeBytes * 8;
        const raw = BigInt.asUintN(
          bits,
          (BigInt(next(0x1_0000)) << 48n) ^ BigInt(next(0xff_ffff)) ^ (BigInt(next(2)) << 63n),
        );
        const value = /pid/.test(name) ? BigInt(1 + next(30_000)) : name === 'id' ? BigInt(next(600)) : raw;
        put(offsetBytes, value, shape.sizeBytes);
        values.set(name, shape.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
        break;
      }
      case 'text': {
        const content =
          name === 'rwbs' ? ['WS', 'R', 'FWFS', 'DE', 'FF', 'RAM', 'N'][next(7)]! : text[next(text.length)]!;
        putText(offsetBytes, content, shape.sizeBytes);
        values.set(name, content);
        break;
      }
      case 'array': {
        const items = Array.from({ length: shape.count }, (_, index) => {
          const value = BigInt(next(200));
          put(offsetBytes + index * shape.element.sizeBytes, value, shape.element.sizeBytes);
          return value;
        });
        values.set(name, items);
        break;
      }
      case 'dynamic': {
        const { content } = shape;
        const begin = tail - (shape.relative ? offsetBytes + 4 : 0);
        let length: number;
        if (content.kind === 'text') {
          const word = text[next(text.length)]!;
          const encoded = new TextEncoder().encode(word);
          bytes.set(encoded, tail);
          length = encoded.length + 1;
          values.set(name, word);
        } else {
          const size =
            content.kind === 'array'
              ? content.element.sizeBytes
              : content.kind === 'cpumask'
                ? content.wordBytes
                : 1;
          const items = Array.from({ length: next(4) }, (_, index) => {
            const value = BigInt(next(200));
            put(tail + index * size, value, size);
            return value;
          });
          length = items.length * size;
          values.set(name, items);
        }
        view.setUint32(offsetBytes, ((length << 16) | begin) >>> 0, true);
        tail += (length + 3) & ~3;
        break;
      }
      case 'bytes':
      case 'trailing':
      default:
        throw new Error(`no sample has ${shape.kind}`);
    }
  }
  return { bytes: bytes.subarray(0, tail), values };
}

const stepOf = (formats: readonly KernelEventFormat[]): fc.Arbitrary<Step> =>
  fc.record({
    gap: fc.oneof(
      { weight: 8, arbitrary: fc.bigInt(0n, 100_000n) },
      { weight: 1, arbitrary: fc.bigInt(0n, 0x7ff_ffffn) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          2n ** 27n,
          2n ** 32n - 1n,
          2n ** 32n,
          2n ** 32n + 1n,
          2n ** 33n,
          2n ** 40n,
        ),
      },
    ),
    means: fc.constantFrom('delta', 'extend', 'stamp', 'discarded'),
    format: fc.constantFrom(...formats),
    seed: fc.nat(),
  });

interface Made {
  readonly time: bigint;
  readonly format: KernelEventFormat;
  readonly values: Map<string, unknown>;
}

/** Pages of these steps, and what is in them. */
function build(
  steps: readonly Step[],
  lost: readonly number[],
): { readonly pages: readonly Uint8Array[]; readonly made: readonly Made[] } {
  const pages: Uint8Array[] = [];
  const made: Made[] = [];
  let time = 7_000_000_123n;
  let page = new PageBuilder(sampleFormats.layout, time);
  const finish = (): void => {
    pages.push(page.finish(lost[pages.length] ?? 0));
  };
  for (const step of steps) {
    if (page.freeBytes < 600) {
      finish();
      page = new PageBuilder(sampleFormats.layout, time);
    }
    time += step.gap;
    let delta = 0;
    if (step.means === 'stamp') page.stamp(time & (2n ** 59n - 1n));
    else if (step.means === 'extend' || step.gap >= 2n ** 27n) page.extend(step.gap);
    // One without a time would be the end of the page.
    else if (step.means === 'discarded' && step.gap > 0n)
      page.discarded(Number(step.gap), (step.seed % 4) * 4);
    else delta = Number(step.gap);
    const { bytes, values } = recordOf(step);
    page.record(delta, bytes, step.seed % 3 === 0);
    made.push({ time, format: step.format, values });
  }
  finish();
  return { pages, made };
}

function transcode(
  transcoder: KernelTranscoder,
  pages: readonly Uint8Array[],
  packetBytes: number,
): {
  readonly trace: MemoryTrace;
  readonly statistics: ReturnType<KernelTranscoder['stream']>['statistics'];
} {
  const trace = new MemoryTrace();
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const file = trace.create('chan_3');
  const stream = transcoder.stream({
    cpu: 3,
    packetBytes,
    output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
  });
  const buffer = new Uint8Array(4096 * pages.length);
  for (const [index, page] of pages.entries()) {
    buffer.set(page, index * 4096);
    stream.page(buffer, index * 4096, 4096);
  }
  stream.flush();
  return { trace, statistics: stream.statistics };
}

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

/** Numbers as BigInts, enumerations as their numbers: as the records have them. */
function plain(value: unknown): unknown {
  if (typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null && 'value' in value) return plain(value.value);
  return value;
}

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
        const { pages, made } = build(steps, lost);
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
        const { pages } = build(steps, lost);
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
        const { pages } = build(steps, []);
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

function events(
  steps: readonly (readonly [name: string, fill: (view: DataView) => void])[],
  more: Partial<TranscoderOptions> = {},
): readonly unknown[] {
  const page = new PageBuilder(sampleFormats.layout, 5_000_000_000n);
  for (const [name, fill] of steps) {
    const format = sampleFormats.ofName(name)!;
    const bytes = new Uint8Array(64);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, format.id, true);
    fill(view);
    page.record(10, bytes);
  }
  const { trace } = transcode(new KernelTranscoder(sampleFormats, options(more)), [page.finish()], 262_144);
  return Array.from(trace.open().events(), (event) => {
    const payload = Object.entries(event.payload() ?? {}).map(([name, value]) => [name, plain(value)]);
    const context = Object.entries(event.commonContext() ?? {}).map(([name, value]) => [name, plain(value)]);
    return {
      event: event.name,
      ...Object.fromEntries(payload),
      context: Object.fromEntries(context),
    } as unknown;
  });
}

const putText = (view: DataView, at: number, content: string): void => {
  new Uint8Array(view.buffer).set(new TextEncoder().encode(content), at);
};

test('system calls have their names, typed arguments and labels', () => {
  const found = events([
    [
      'raw_syscalls:sys_enter',
      (view) => {
        view.setInt32(8, 257, true);
        view.setBigInt64(16, -100n, true);
        view.setBigUint64(24, 0x7fff_1234_5678n, true);
        view.setBigUint64(32, 0o2000101n, true);
        view.setBigUint64(40, 0o644n, true);
      },
    ],
    [
      'raw_syscalls:sys_exit',
      (view) => {
        view.setInt32(8, 257, true);
        view.setBigInt64(16, -2n, true);
      },
    ],
    ['raw_syscalls:sys_enter', (view) => view.setInt32(8, 999, true)],
  ]);
  expect(found[0]).toMatchObject({
    event: 'syscall_entry_openat',
    dfd: -100n,
    filename: 0x7fff_1234_5678n,
    flags: 0o2000101n,
    mode: 0o644n,
  });
  expect(found[1]).toEqual({ event: 'syscall_exit_openat', ret: -2n, context: {} });
  expect(found[2]).toMatchObject({ event: 'syscall_entry_unknown', id: 999n });
});

test('priorities, states and names are as LTTng has them', () => {
  const [found] = events([
    [
      'sched:sched_switch',
      (view) => {
        putText(view, 8, 'node');
        view.setInt32(24, 77, true);
        view.setInt32(28, 120, true);
        view.setBigInt64(32, 256n, true);
        putText(view, 40, 'swapper/1');
        view.setInt32(60, 120, true);
      },
    ],
  ]);
  expect(found).toEqual({
    event: 'sched_switch',
    prev_comm: 'node',
    prev_tid: 77n,
    prev_prio: 20n,
    prev_state: 256n,
    next_comm: 'swapper/1',
    next_tid: 0n,
    next_prio: 20n,
    context: {},
  });
});

test('the task table tells threads from processes, and gives contexts', () => {
  const tasks = new TaskTable(1000);
  tasks.set(50, 'pid', 40);
  tasks.set(50, 'pid_ns', 4_026_531);
  tasks.set(50, 'vtid', 50);
  const fork = (child: number, flags: bigint) =>
    [
      [
        'task:task_newtask',
        (view: DataView) => {
          view.setInt32(4, 50, true);
          view.setInt32(8, child, true);
          putText(view, 12, 'worker');
          view.setBigUint64(32, flags, true);
        },
      ],
      [
        'sched:sched_process_fork',
        (view: DataView) => {
          view.setInt32(4, 50, true);
          view.setInt32(12, 50, true);
          view.setInt32(20, child, true);
        },
      ],
    ] as const;
  const wants = (name: string): boolean => !name.startsWith('task:');
  const found = events(
    [
      ...fork(60, 0x1_0000n),
      ...fork(70, 0n),
      [
        'irq:softirq_entry',
        (view) => {
          view.setInt32(4, 60, true);
          view.setInt32(8, 9, true);
        },
      ],
    ],
    { tasks, wants, contexts: ['pid', 'ppid', 'procname', 'vtid'] },
  );
  expect(found).toMatchObject([
    {
      event: 'sched_process_fork',
      parent_pid: 40n,
      child_tid: 60n,
      child_pid: 40n,
      vtids: [60n],
      child_ns_inum: 4_026_531n,
    },
    { event: 'sched_process_fork', parent_pid: 40n, child_tid: 70n, child_pid: 70n },
    { event: 'irq_softirq_entry', vec: 9n, context: { pid: 40n, procname: 'worker', vtid: 60n } },
  ]);
  expect(tasks.get(70, 'ppid')).toBe(40);
});

test.each([
  [true, true],
  [false, true],
  [true, false],
])('moves between groups are told by records (compiled: %s, process gone: %s)', (compile, isGone) => {
  const tasks = new TaskTable(1000, (table, tid, why) => {
    if (why !== 'moved' || isGone) return false;
    table.setGroup(tid, 99, '');
    return true;
  });
  const move = (root: number, group: bigint, path: string) =>
    [
      'cgroup:cgroup_attach_task',
      (view: DataView) => {
        view.setInt32(4, 1, true);
        view.setInt32(8, root, true);
        view.setBigUint64(16, group, true);
        view.setInt32(24, 40, true);
        view.setUint32(28, ((path.length + 1) << 16) | 36, true);
        putText(view, 36, path);
      },
    ] as const;
  const softirq = [
    'irq:softirq_entry',
    (view: DataView) => {
      view.setInt32(4, 50, true);
      view.setInt32(8, 9, true);
    },
  ] as const;
  tasks.set(50, 'pid', 40);
  const steps = [
    softirq,
    move(0, 4_294_967_000n, '/lxc.payload.shop'),
    softirq,
    // Of version 1: its groups have numbers of their own.
    move(7, 12n, '/'),
    softirq,
    move(0, 1n, '/'),
    softirq,
  ];
  const found = events(steps, {
    tasks,
    compile,
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['cgroup_id', 'container_id'],
  });
  expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual([
    { cgroup_id: 0n, container_id: '' },
    { cgroup_id: 4_294_967_000n, container_id: 'shop' },
    isGone ? { cgroup_id: 4_294_967_000n, container_id: 'shop' } : { cgroup_id: 99n, container_id: '' },
    { cgroup_id: 1n, container_id: '' },
  ]);
});

test.each([true, false])('tasks that no record told of are looked for (compiled: %s)', (compile) => {
  const asked: string[] = [];
  const tasks = new TaskTable(1000, (table, tid, why) => {
    asked.push(`${tid} ${why}`);
    if (tid !== 60) return false;
    table.set(tid, 'vtid', 7);
    return true;
  });
  const softirq = (tid: number) =>
    [
      'irq:softirq_entry',
      (view: DataView) => {
        view.setInt32(4, tid, true);
        view.setInt32(8, 9, true);
      },
    ] as const;
  const found = events([softirq(60), softirq(61), softirq(60), softirq(61), softirq(0)], {
    tasks,
    compile,
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['vtid'],
  });
  expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual(
    [7n, 0n, 7n, 0n, 0n].map((vtid) => ({ vtid })),
  );
  expect(asked).toEqual(['60 unknown', '61 unknown']);
});

test.each([true, false])(
  'events of number 0 are of the idle task of their processor (compiled: %s)',
  (compile) => {
    const asked: number[] = [];
    const tasks = new TaskTable(1000, (_table, tid) => asked.push(tid) < 0);
    tasks.set(2, 'net_ns', 4_026_531);
    tasks.setGroup(2, 1, '');
    tasks.placeIdle(3, 2);
    const softirq = (tid: number) =>
      [
        'irq:softirq_entry',
        (view: DataView) => {
          view.setInt32(4, tid, true);
          view.setInt32(8, 9, true);
        },
      ] as const;
    const found = events([softirq(0), softirq(1000), softirq(-1)], {
      tasks,
      compile,
      wants: (name) => name === 'irq:softirq_entry',
      contexts: ['procname', 'prio', 'tid', 'pid', 'ppid', 'net_ns', 'cgroup_id', 'container_id'],
    });
    const none = { procname: '', prio: 0n, ppid: 0n, net_ns: 0n, cgroup_id: 0n };
    expect(found.map((event) => (event as { readonly context: unknown }).context)).toEqual(
      [
        { tid: 0n, procname: 'swapper/3', prio: 20n, ppid: 1n, net_ns: 4_026_531n, cgroup_id: 1n },
        // Numbers that no task has are nobody's.
        { tid: 1000n, ...none },
        { tid: -1n, ...none },
      ].map((context) => ({ ...context, pid: 0n, container_id: '' })),
    );
    expect(asked).toEqual([]);
  },
);

test('users and namespaces are looked up again after a call that has changed them', () => {
  const asked: string[] = [];
  const tasks = new TaskTable(1000, (_table, tid, why) => asked.push(`${tid} ${why}`) > 0);
  for (const tid of [50, 51, 52]) tasks.set(tid, 'pid', tid);
  const exit = (tid: number, call: number, result: bigint) =>
    [
      'raw_syscalls:sys_exit',
      (view: DataView) => {
        view.setInt32(4, tid, true);
        view.setBigInt64(8, BigInt(call), true);
        view.setBigInt64(16, result, true);
      },
    ] as const;
  const [read, unshare] = [0, 272];
  const found = events([exit(50, unshare, 0n), exit(51, unshare, -1n), exit(52, read, 0n)], {
    tasks,
    wants: (name) => name === 'raw_syscalls:sys_exit',
    wantsCall: (call) => call === 'unshare' || call === 'read',
  });
  expect(found.map((event) => (event as { readonly event: string }).event)).toEqual([
    'syscall_exit_unshare',
    'syscall_exit_unshare',
    'syscall_exit_read',
  ]);
  expect(asked).toEqual(['50 changed']);
});

test('unknown contexts are refused, with the one that was probably meant', () => {
  expect(() => new KernelTranscoder(sampleFormats, options({ contexts: ['procnam'] }))).toThrow(
    expect.objectContaining({ code: 'kernel/context', hint: 'did you mean procname?' }),
  );
});
