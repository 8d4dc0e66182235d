import { compileFunction } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RunningTasks } from '../../contexts/running-tasks.ts';
import { TaskTable } from '../../contexts/task-table.ts';
import type { ValueSource } from '../../mapping/event-mapping.ts';
import { layout64, PageBuilder, payloadOf } from '../../testing/page-builder.ts';
import { sampleFormats } from '../../testing/sample-formats.ts';
import { CallStacks } from '../call-stacks.ts';
import { CallTexts } from '../call-texts.ts';
import { emitTranscoder, stateWord, type PageWalk } from '../emit-transcoder.ts';
import { walkByPlan } from '../interpret-transcode.ts';
import { LateContexts } from '../late-contexts.ts';
import { fixedBytesOf, mostCompactClasses, noClass, type TranscodePlan } from '../transcode-plan.ts';
import { KernelTranscoder, type TranscoderOptions } from '../transcoder.ts';
import { noRecordIsLeft } from './assemble-walk.ts';
import { WasmWalk } from './wasm-walk.ts';

const sizes = fc.constantFrom(1, 2, 4, 8);
const offset = fc.integer({ min: 8, max: 40 });
const plainSource: fc.Arbitrary<ValueSource> = fc.oneof(
  fc.record({
    kind: fc.constant('integer'),
    offsetBytes: offset,
    sizeBytes: sizes,
    signed: fc.boolean(),
    lengthBytes: sizes,
    add: fc.constant(0),
  }),
  // Only numbers of 32 bits are moved.
  fc.record({
    kind: fc.constant('integer'),
    offsetBytes: offset,
    sizeBytes: fc.constant(4),
    signed: fc.boolean(),
    lengthBytes: fc.constant(4),
    add: fc.constant(-100),
  }),
  fc.record({ kind: fc.constant('bytes'), offsetBytes: offset, sizeBytes: fc.integer({ min: 1, max: 70 }) }),
  fc.record({
    kind: fc.constant('constant'),
    value: fc.constantFrom(0, 5, 0x1234_5678),
    lengthBytes: sizes,
  }),
  fc.integer({ min: 1, max: 20 }).map((sizeBytes) => ({
    kind: 'text' as const,
    from: { kind: 'fixed' as const, offsetBytes: 12, sizeBytes },
    lengthBytes: sizeBytes,
  })),
) as fc.Arbitrary<ValueSource>;
/** What needs more than its record: it is left to others. */
const otherSource: fc.Arbitrary<ValueSource> = fc.constantFrom(
  { kind: 'task', column: 'pid', tidOffsetBytes: 4 },
  { kind: 'string', from: { kind: 'trailing', offsetBytes: 8 } },
);

const anyBody = fc
  .tuple(fc.array(plainSource, { maxLength: 5 }), fc.option(otherSource, { freq: 4, nil: undefined }))
  .map(([plain, other]) => ({
    sources: other === undefined ? plain : [...plain, other],
    update: undefined,
  }));

const entryType = 40_000;
const exitType = 40_001;
const entrySlot = 65_536;
const callCount = 16;

function planOf(bodies: TranscodePlan['bodies'], header: TranscodePlan['header']): TranscodePlan {
  const exitSlot = entrySlot + callCount + 1;
  const classOfSlot = new Uint16Array(exitSlot + callCount + 1).fill(noClass);
  const bodyOfSlot = new Uint16Array(classOfSlot.length);
  const leastWordsOfSlot = new Uint16Array(classOfSlot.length);
  const known = (slot: number, id: number): void => {
    classOfSlot[slot] = id;
    bodyOfSlot[slot] = id % bodies.length;
    leastWordsOfSlot[slot] = 28;
  };
  for (const id of bodies.keys()) known(id, id);
  for (let number = 0; number <= callCount; number += 3) {
    known(entrySlot + number, number % bodies.length);
    known(exitSlot + number, number % bodies.length);
  }
  return {
    layout: layout64,
    header,
    contexts: [],
    bodies,
    classOfSlot,
    bodyOfSlot,
    leastWordsOfSlot,
    entryType,
    exitType,
    entrySlot,
    exitSlot,
    callCount,
  };
}

const anyRecord = fc.record({
  kind: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(28, 0) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 31 }) },
  ),
  delta: fc.constantFrom(0, 1, 5000, 2 ** 27 - 1),
  /** Of a long one, in bytes; a whole number of words is what kernels write. */
  length: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom(4 * 29, 4 * 40) },
    { weight: 1, arbitrary: fc.constantFrom(0, 3, 4, 8, 2 ** 31, 2 ** 32 - 4, 4 * 100) },
  ),
  type: fc.oneof(fc.nat(70), fc.constantFrom(entryType, exitType)),
  seed: fc.nat(),
});

test('WebAssembly writes what the plan says, and leaves what needs more than a record', () => {
  fc.assert(
    fc.property(
      // More than some bodies are functions of their own.
      fc.oneof(
        fc.array(anyBody, { minLength: 1, maxLength: 6 }),
        fc.array(anyBody, { minLength: 60, maxLength: 70 }),
      ),
      fc.constantFrom('compact', 'large'),
      fc.array(anyRecord, { maxLength: 25 }),
      fc.constantFrom(100, 4000),
      fc.oneof(
        fc.tuple(fc.integer(), fc.integer(), fc.integer(), fc.integer(), fc.nat(1)),
        // The last time that there is: the next one wraps.
        fc.constant([-1, -1, -1, -1, 1] as const),
      ),
      (bodies, header, records, limit, [hi, lo, writtenHi, writtenLo, check]) => {
        const plan = planOf(
          bodies,
          bodies.length > mostCompactClasses ? 'large' : (header as TranscodePlan['header']),
        );
        const wasm = WasmWalk.of(plan, 70);
        if (bodies.every(({ sources }) => sources.some(({ kind }) => kind === 'task' || kind === 'string'))) {
          expect(wasm).toBeUndefined();
          return;
        }
        const tasks = new TaskTable(1000);
        const known = {
          tasks,
          running: new RunningTasks({ ofName: () => undefined }),
          texts: new CallTexts(),
          kernelTexts: sampleFormats.texts,
          stacks: new CallStacks(),
          late: new LateContexts([], tasks),
          belief: { isSuspended: false },
        };
        const oracle = walkByPlan(plan, known);
        const script = (compileFunction('test', [], emitTranscoder(plan, known)) as () => PageWalk)();
        const content: number[] = [];
        for (const { kind, delta, length, type, seed } of records) {
          let random = seed;
          content.push((delta << 5) | kind);
          const isLong = kind === 0 || kind > 28;
          if (isLong) content.push(length);
          const count = kind > 28 ? Math.min(length / 4, 3) : isLong ? Math.min(length / 4, 100) - 1 : kind;
          for (let index = 0; index < count; index += 1) {
            random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
            // Numbers of system calls that are known come now and then.
            content.push(index === 0 ? type : random % 3 === 0 ? (random >>> 8) % 20 : random);
          }
        }
        const outBytes = limit + fixedBytesOf(plan) + 4 * 120;
        const memory = wasm!.memory(outBytes, content.length * 4)!;
        new Int32Array(memory.buffer, memory.input.byteOffset, content.length).set(content);
        const from = memory.input.byteOffset >> 2;
        const end = from + content.length;
        const views = [
          new Int32Array(memory.buffer),
          new Uint8Array(memory.buffer),
          new DataView(memory.buffer),
        ] as const;
        const begin = (state: Int32Array): void => {
          state[stateWord.hi] = hi;
          state[stateWord.lo] = lo;
          state[stateWord.writtenHi] = writtenHi;
          state[stateWord.writtenLo] = writtenLo;
          state[stateWord.check] = check;
        };

        const out = new Uint8Array(outBytes);
        const state = new Int32Array(stateWord.size);
        const used = new Uint8Array(70);
        begin(state);
        oracle(...views, from, end, new DataView(out.buffer), out, limit, state, used, 3);

        begin(memory.state);
        const outView = new DataView(memory.buffer, memory.out.byteOffset, outBytes);
        let next = from;
        for (;;) {
          const behind = memory.walk(next, end, limit);
          if (behind === noRecordIsLeft) break;
          next = memory.state[stateWord.next]!;
          script(...views, next, behind, outView, memory.out, limit, memory.state, memory.used, 3);
          expect(memory.state[stateWord.next]).toBe(behind);
          next = behind;
        }
        // Where the last record is too long, the page is over.
        for (const one of [state, memory.state])
          one[stateWord.next] = Math.min(end, one[stateWord.next]! >>> 0);
        for (const name of ['hi', 'lo', 'pos', 'next', 'eventCount', 'unknownCount', 'damaged'] as const)
          expect([name, memory.state[stateWord[name]]]).toEqual([name, state[stateWord[name]]]);
        expect(memory.used).toEqual(used);
        const length = state[stateWord.pos]!;
        expect(Buffer.compare(memory.out.subarray(0, length), out.subarray(0, length))).toBe(0);
      },
    ),
    { numRuns: 80 },
  );
});

const options = (more: Partial<TranscoderOptions>): TranscoderOptions => ({
  naming: 'lttng',
  machine: 'x86_64',
  facts: { uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2', clockOffsetNs: 0n, environment: new Map() },
  tasks: new TaskTable(40_000),
  ...more,
});

test('where most records are left, other code does whole pages, and the trace is the same', () => {
  const transcribe = (more: Partial<TranscoderOptions>, isDirect: boolean): Buffer => {
    const transcoder = new KernelTranscoder(sampleFormats, options(more));
    const packets: Uint8Array[] = [];
    const stream = transcoder.stream({
      cpu: 0,
      packetBytes: 5000,
      output: { packet: (bytes, length) => packets.push(bytes.slice(0, length)) },
    });
    expect(stream.input !== undefined).toBe(more.wasm !== false && more.compile !== false);
    for (let index = 0; index < 60; index += 1) {
      const page = new PageBuilder(sampleFormats.layout, BigInt(index) << 32n);
      // Renamed tasks are told to a table; switches are not.
      const id = sampleFormats.ofName(index % 30 < 20 ? 'task:task_rename' : 'sched:sched_switch')!.id;
      while (page.freeBytes > 100) page.record(1000, payloadOf(id, 80, true));
      const whole = page.finish();
      if (isDirect) stream.input!.set(whole);
      stream.page(isDirect ? stream.input! : whole, 0, whole.length);
    }
    stream.close();
    return Buffer.concat(packets);
  };
  const expected = transcribe({ compile: false }, false);
  expect(expected.length).toBeGreaterThan(50_000);
  expect(transcribe({ wasm: false }, false).equals(expected)).toBe(true);
  expect(transcribe({}, false).equals(expected)).toBe(true);
  expect(transcribe({}, true).equals(expected)).toBe(true);
});

test.each([{ contexts: ['pid'] }, { filter: { filtersOf: () => ['1 == 2'] } }])(
  'there is none for events that are more than their records: %o',
  (more) => {
    const transcoder = new KernelTranscoder(sampleFormats, options(more));
    expect(transcoder.stream({ cpu: 0, output: { packet: () => undefined } }).input).toBeUndefined();
  },
);
