// Call stacks: records that the kernel writes behind events become contexts of these events, whatever lies between, also
// where a page ends between the two.
import { formatTsdl } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { parseEventFormat } from '../formats/parse-format.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder, type TranscoderOptions } from './transcoder.ts';

const common = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;
const kernelType = 4;
const userType = 13;
const formats = new KernelFormats(layout64, [
  ...sampleFormats.events,
  parseEventFormat(
    `name: kernel_stack\nID: ${kernelType}\nformat:\n${common}\n	field:int size;	offset:8;	size:4;	signed:1;\n	field:unsigned long caller[8];	offset:16;	size:64;	signed:0;\n\nprint fmt: ""\n`,
    'ftrace',
  ),
  parseEventFormat(
    `name: user_stack\nID: ${userType}\nformat:\n${common}\n	field:unsigned int tgid;	offset:8;	size:4;	signed:0;\n	field:unsigned long caller[8];	offset:16;	size:64;	signed:0;\n\nprint fmt: ""\n`,
    'ftrace',
  ),
]);

const hardInterrupt = 8;

function recordOf(
  type: number,
  tid: number,
  flags: number,
  lengthBytes: number,
): readonly [Uint8Array, DataView] {
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  bytes[2] = flags;
  view.setInt32(4, tid, true);
  return [bytes, view];
}

/** `softirq_entry`, whose only field tells one from another. */
function eventRecord(tid: number, flags: number, vec: number): Uint8Array {
  const [bytes, view] = recordOf(151, tid, flags, 12);
  view.setUint32(8, vec, true);
  return bytes;
}

function kernelStack(tid: number, flags: number, frames: readonly bigint[]): Uint8Array {
  const [bytes, view] = recordOf(kernelType, tid, flags, 16 + frames.length * 8);
  view.setInt32(8, frames.length, true);
  frames.forEach((frame, index) => view.setBigUint64(16 + index * 8, frame, true));
  return bytes;
}

function userStack(tid: number, flags: number, frames: readonly bigint[]): Uint8Array {
  const [bytes, view] = recordOf(userType, tid, flags, 16 + 8 * 8);
  frames.forEach((frame, index) => view.setBigUint64(16 + index * 8, frame, true));
  return bytes;
}

interface Made {
  readonly vec: number;
  readonly timeNs: bigint;
  readonly kernel: readonly bigint[];
  readonly user: readonly bigint[];
}

interface Part {
  readonly records: readonly (readonly [delta: number, record: Uint8Array])[];
  readonly lost?: number;
}

function transcribe(
  parts: readonly Part[],
  more: Partial<TranscoderOptions> = {},
): { readonly made: readonly Made[]; readonly lost: number; readonly bytes: string } {
  const transcoder = new KernelTranscoder(formats, {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks: new TaskTable(1000),
    wants: (name) => name === 'irq:softirq_entry',
    contexts: ['callstack-kernel', 'tid', 'callstack_user'],
    ...more,
  });
  const trace = new MemoryTrace();
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const file = trace.create('channel0_0');
  const stream = transcoder.stream({
    cpu: 0,
    packetBytes: 400,
    output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
  });
  // One buffer for all pages, as readers have it: what waits must have been copied.
  const buffer = new Uint8Array(layout64.subBufferBytes);
  let time = 1_000_000_000_000n;
  for (const { records, lost } of parts) {
    const page = new PageBuilder(layout64, time);
    for (const [delta, record] of records) {
      if (delta >= 1 << 27) page.extend(BigInt(delta));
      page.record(delta >= 1 << 27 ? 0 : delta, record);
      time += BigInt(delta);
    }
    buffer.set(page.finish(lost));
    stream.page(buffer, 0, buffer.length);
    stream.flush();
  }
  stream.close();
  const set = trace.open();
  const made = Array.from(set.events(), (event): Made => {
    const context = event.commonContext() as { callstack_kernel: bigint[]; callstack_user: bigint[] };
    const { vec } = event.payload() as { vec: { value: bigint } | number };
    return {
      vec: Number(typeof vec === 'object' ? vec.value : vec),
      timeNs: set.baseNs + BigInt(event.timeNs),
      kernel: context.callstack_kernel.map(BigInt),
      user: context.callstack_user.map(BigInt),
    };
  });
  return {
    made,
    lost: stream.statistics.lostCount,
    bytes: Buffer.from(trace.files.get('channel0_0')!).toString('hex'),
  };
}

function bothWays(...[parts, more]: Parameters<typeof transcribe>): ReturnType<typeof transcribe> {
  const compiled = transcribe(parts, more);
  expect(transcribe(parts, { ...more, compile: false }).bytes).toBe(compiled.bytes);
  return compiled;
}

const shown = ({ vec, kernel, user }: Made): string => `${vec}: ${kernel.join(' ')} | ${user.join(' ')}`;
const at = (record: Uint8Array): readonly [number, Uint8Array] => [1, record];

test('each event has its own stacks, those of an interrupt that came between as well', () => {
  const records = [
    eventRecord(7, 0, 1),
    kernelStack(7, 0, [0xffff_ffff_8100_0001n, 2n]),
    userStack(7, 0, [0x7f00n]),
    eventRecord(7, 0, 2),
    eventRecord(7, hardInterrupt, 3),
    kernelStack(7, hardInterrupt, [3n]),
    kernelStack(7, 0, [4n]),
    // None came.
    eventRecord(7, 0, 4),
    eventRecord(7, 0, 5),
    kernelStack(7, 0, [5n]),
    // Of nobody.
    kernelStack(9, 0, [6n]),
    eventRecord(7, 0, 6),
  ].map(at);
  expect(bothWays([{ records }]).made.map(shown)).toEqual([
    '1: 18446744071578845185 2 | 32512',
    '2: 4 | ',
    '3: 3 | ',
    '4:  | ',
    '5: 5 | ',
    '6:  | ',
  ]);
});

test('an event waits for the next page, unless events were lost', () => {
  const first = { records: [at(eventRecord(7, 0, 1)), at(eventRecord(7, hardInterrupt, 2))] };
  const second = { records: [at(kernelStack(7, hardInterrupt, [2n])), at(kernelStack(7, 0, [1n]))] };
  expect(bothWays([first, second]).made.map(shown)).toEqual(['1: 1 | ', '2: 2 | ']);
  const torn = bothWays([first, { ...second, lost: 9 }]);
  expect(torn.made.map(shown)).toEqual(['1:  | ', '2:  | ']);
  expect(torn.lost).toBe(9);
});

test('what is left out takes its stack along', () => {
  const records = [1, 2, 3].flatMap((vec) => [
    at(eventRecord(7, 0, vec)),
    at(kernelStack(7, 0, [BigInt(vec)])),
  ]);
  const filter = { filtersOf: () => ['vec != 2'] };
  expect(bothWays([{ records }], { filter }).made.map(shown)).toEqual(['1: 1 | ', '3: 3 | ']);
});

test('programs with interrupts at random, pages that end anywhere: times and stacks are those of each event', () => {
  /** What happens: an event, perhaps an interrupt before its stack is written, its stacks, and how long it takes. */
  const step = fc.record({
    tid: fc.integer({ min: 1, max: 3 }),
    interrupt: fc.boolean(),
    frames: fc.array(fc.bigInt({ min: 1n, max: 2n ** 64n - 2n }), { maxLength: 40 }),
    user: fc.option(fc.array(fc.bigInt({ min: 1n, max: 2n ** 47n }), { minLength: 1, maxLength: 8 }), {
      nil: undefined,
    }),
    delta: fc.constantFrom(0, 1, 1000, (1 << 27) - 1, 1 << 27, 5_000_000_000),
  });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 25 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60, maxLength: 60 }),
      (steps, sizes) => {
        const records: (readonly [number, Uint8Array])[] = [];
        const expected: Made[] = [];
        let time = 1_000_000_000_000n;
        const put = (delta: number, record: Uint8Array): void => {
          records.push([delta, record]);
          time += BigInt(delta);
        };
        steps.forEach(({ tid, interrupt, frames, user, delta }, index) => {
          put(delta, eventRecord(tid, 0, index));
          expected.push({ vec: index, timeNs: time, kernel: frames, user: user ?? [] });
          if (interrupt) {
            put(3, eventRecord(tid, hardInterrupt, index + 100));
            expected.push({ vec: index + 100, timeNs: time, kernel: [BigInt(index) + 1n], user: [] });
            put(2, kernelStack(tid, hardInterrupt, [BigInt(index) + 1n]));
          }
          put(1, kernelStack(tid, 0, frames));
          if (user !== undefined) put(1, userStack(tid, 0, user));
        });
        const parts: Part[] = [];
        for (let next = 0, page = 0; next < records.length; page += 1) {
          const size = sizes[page % sizes.length]!;
          parts.push({ records: records.slice(next, next + size) });
          next += size;
        }
        expect(bothWays(parts).made).toEqual(expected);
      },
    ),
    { numRuns: 25 },
  );
});

test('pages of random bytes come to an end', () => {
  const transcoder = new KernelTranscoder(formats, {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    contexts: ['callstack_kernel', 'callstack_user'],
  });
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 4096, maxLength: 4096 }), { minLength: 1, maxLength: 3 }),
      (pages) => {
        const stream = transcoder.stream({ cpu: 0, output: { packet: () => undefined } });
        for (const page of pages) stream.page(page.slice(), 0, page.length);
        stream.close();
        expect(stream.statistics.pageCount).toBeLessThanOrEqual(2 * pages.length);
      },
    ),
    { numRuns: 100 },
  );
});
