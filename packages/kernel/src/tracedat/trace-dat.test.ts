import { deflateSync, inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { MemorySource, formatTsdl } from '@spoor/ctf';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { convertRecording } from '../recording/convert-recording.ts';
import { RingPages, scanRing, type KernelRecording } from '../recording/kernel-recording.ts';
import { PageCursor } from '../pages/page-cursor.ts';
import { layout32BigEndian, layout64, PageBuilder, payloadOf } from '../testing/page-builder.ts';
import { buildVersion6, buildVersion7, type TraceDatContent } from '../testing/trace-dat-builder.ts';
import { isTraceDat, openTraceDat } from './open-trace-dat.ts';

const format = (name: string, id: number): string => `name: ${name}
ID: ${id}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:u32 value;\toffset:8;\tsize:4;\tsigned:0;

print fmt: "%u", REC->value
`;

const text = (content: string): Uint8Array => new TextEncoder().encode(`${content}\0`);

function pagesOf(layout: typeof layout64, beginNs: bigint, counts: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(layout.subBufferBytes * counts.length);
  for (const [index, count] of counts.entries()) {
    const builder = new PageBuilder(layout, beginNs + BigInt(index) * 1_000_000n);
    for (let event = 0; event < count; event++) {
      builder.record(10, payloadOf(event % 2 === 0 ? 300 : 5, 12, layout.littleEndian));
    }
    bytes.set(builder.finish(), index * layout.subBufferBytes);
  }
  return bytes;
}

function contentOf(layout: typeof layout64): TraceDatContent {
  const long = layout.longBytes;
  return {
    littleEndian: layout.littleEndian,
    longBytes: long,
    pageBytes: layout.subBufferBytes,
    headerPage: `\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:${long};\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:${8 + long};\tsize:${layout.subBufferBytes - 8 - long};\tsigned:0;
`,
    formats: [
      { system: 'ftrace', text: format('print', 5) },
      { system: 'sched', text: format('sched_one', 300) },
      { system: 'sched', text: format('sched_two', 301) },
      { system: 'irq', text: format('irq_one', 400) },
    ],
    commands: '77 thread\n',
    buffers: [
      { name: '', rings: [pagesOf(layout, 10n ** 15n, [3, 100, 2]), pagesOf(layout, 10n ** 15n + 5n, [1])] },
      { name: 'inner', rings: [new Uint8Array(0), pagesOf(layout, 10n ** 15n, [7])] },
    ],
    options: [
      { id: 1, content: text('0x10') },
      { id: 7, content: text('-1000') },
      { id: 4, content: text('local global [mono] boot') },
      { id: 5, content: text('Linux host 6.1.0 #1 SMP x86_64') },
      { id: 99, content: text('unknown') },
      { id: 2, content: text('CPU: 1\nentries: 0\noverrun: 4\ncommit overrun: 0\ndropped events: 3\n') },
      { id: 2, content: text('\nBuffer: inner\n\n') },
      { id: 2, content: text('CPU: 1\nentries: 0\noverrun: 1\n') },
    ],
  };
}

const sourceOf = (bytes: Uint8Array): MemorySource => new MemorySource('trace.dat', bytes);

const unpack = (algorithm: string, packed: Uint8Array, sizeBytes: number): Uint8Array => {
  if (algorithm !== 'zlib') throw new SpoorError('trace-dat/packed', algorithm);
  try {
    return inflateSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (cause) {
    throw new SpoorError('trace-dat/damaged', 'zlib', { cause });
  }
};

const open = (bytes: Uint8Array): readonly KernelRecording[] => openTraceDat(sourceOf(bytes), unpack);

const zlib = { algorithm: 'zlib', pack: (bytes: Uint8Array) => new Uint8Array(deflateSync(bytes)) };

describe.each([
  ['version 6', (content: TraceDatContent) => buildVersion6(content)],
  ['version 7', (content: TraceDatContent) => buildVersion7(content)],
  ['version 7, packed', (content: TraceDatContent) => buildVersion7(content, zlib)],
])('%s', (name, build) => {
  test.each([
    ['64 bits', layout64],
    ['32 bits, big endian', layout32BigEndian],
  ])('instances and their pages, of %s', (_, layout) => {
    const bytes = build(contentOf(layout));
    expect(isTraceDat(bytes)).toBe(true);
    const recordings = open(bytes);
    expect(recordings.map((one) => one.name)).toEqual(['trace.dat', 'trace.dat:inner']);
    const [main, inner] = recordings;
    expect(main!.identity).toEqual({
      hostname: 'host',
      kernelRelease: '6.1.0',
      kernelVersion: '#1 SMP',
      machine: 'x86_64',
    });
    expect([main!.clock, main!.clockOffsetNs, main!.commands]).toEqual(['mono', 15_000n, '77 thread\n']);
    expect(main!.formats.events.map(({ system, name: event }) => `${system}:${event}`)).toEqual([
      'ftrace:print',
      'sched:sched_one',
      'sched:sched_two',
      'irq:irq_one',
    ]);
    expect(main!.formats.layout).toEqual(layout);
    expect(main!.rings.map(({ cpu, lostCount }) => [cpu, lostCount])).toEqual([
      [0, undefined],
      [1, 7],
    ]);
    expect(inner!.rings.map(({ cpu, lostCount }) => [cpu, lostCount])).toEqual([[1, 1]]);
    const counts = recordings.map((one) =>
      one.rings.map((ring) => scanRing(ring, one.formats.layout).eventCount),
    );
    expect(counts).toEqual([[105, 1], [7]]);
    expect(main!.uuid).not.toBe(inner!.uuid);
  });

  test('becomes packets', () => {
    const packets: { readonly cpu: number; readonly lost: bigint }[] = [];
    const warnings: string[] = [];
    const traceClass = convertRecording(
      open(build(contentOf(layout64)))[0]!,
      (cpu) => ({ packet: (_, __, facts) => packets.push({ cpu, lost: facts.discardedEvents ?? 0n }) }),
      { naming: 'native', warn: (line) => warnings.push(line) },
    );
    expect(warnings).toEqual([]);
    expect(traceClass.streamClasses[0]!.eventClasses.map((event) => event.name)).toEqual([
      'print',
      'sched_one',
    ]);
    expect(packets.filter(({ cpu }) => cpu === 0).length).toBeGreaterThan(0);
    expect(packets.filter(({ cpu }) => cpu === 1).at(-1)).toEqual({ cpu: 1, lost: 7n });
  });

  test.each([
    ['6.1.0 #1 SMP', 'swapper/0', 'swapper/1'],
    ['5.10.0 #1 PREEMPT', 'swapper', 'swapper'],
  ])('events of idle processors are of their idle tasks, of Linux %s', (kernel, first, second) => {
    const content = contentOf(layout64);
    const ofTasks = (beginNs: bigint, tids: readonly number[]): Uint8Array => {
      const page = new PageBuilder(layout64, beginNs);
      for (const tid of tids) {
        const payload = payloadOf(300, 12, true);
        new DataView(payload.buffer).setInt32(4, tid, true);
        page.record(10, payload);
      }
      const bytes = new Uint8Array(layout64.subBufferBytes);
      bytes.set(page.finish());
      return bytes;
    };
    const bytes = build({
      ...content,
      // As trace-cmd calls them all.
      commands: '0 <idle>\n77 thread\n',
      buffers: [{ name: '', rings: [ofTasks(10n ** 15n, [0, 77]), ofTasks(2n * 10n ** 15n, [77, 0, 78])] }],
      options: content.options.map((option) =>
        option.id === 5 ? { id: 5, content: text(`Linux host ${kernel} x86_64`) } : option,
      ),
    });
    const trace = new MemoryTrace();
    const files = [0, 1].map((cpu) => trace.create(`channel0_${cpu}`));
    const traceClass = convertRecording(
      open(bytes)[0]!,
      (cpu) => ({ packet: (packet, lengthBytes) => files[cpu]!.write(packet, lengthBytes) }),
      { naming: 'lttng', contexts: ['procname', 'prio', 'tid', 'cpu_id', 'ppid'], warn: () => {} },
    );
    const metadata = new TextEncoder().encode(formatTsdl(traceClass));
    trace.create('metadata').write(metadata, metadata.length);
    const seen = Array.from(trace.open().events(), (event) => Object.values(event.commonContext() ?? {}));
    expect(seen.map((values) => values.map(String).join(' '))).toEqual([
      `${first} 20 0 0 0`,
      'thread 0 77 0 0',
      'thread 0 77 1 0',
      `${second} 20 0 1 1`,
      ' 0 78 1 0',
    ]);
  });

  test('a damaged file ends in a typed error, or in what is whole', () => {
    const whole = build(contentOf(layout64));
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(whole.length - 1), fc.nat(2000)),
        fc.nat(255),
        fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
        (at, value, length) => {
          const damaged = whole.slice(0, length);
          if (at < length) damaged[at] = value;
          try {
            for (const { rings, formats } of open(damaged)) {
              for (const ring of rings) scanRing(ring, formats.layout);
            }
          } catch (error) {
            expect(error, `${name}, byte ${at}`).toBeInstanceOf(SpoorError);
          }
        },
      ),
      { numRuns: 120 },
    );
  });
});

test('pages of a ring, of which the last one was cut off', () => {
  const source = sourceOf(pagesOf(layout64, 7n, [3, 4, 5]).subarray(0, 4096 * 2 + 70));
  const pages = new RingPages({ cpu: 0, source, form: 'whole', lostCount: undefined }, layout64);
  const cursor = new PageCursor(layout64);
  cursor.setBytes(pages.bytes);
  const counts: number[] = [];
  while (pages.next()) {
    cursor.open(pages.at, pages.lengthBytes);
    let count = 0;
    while (cursor.next()) count += 1;
    counts.push(count);
  }
  expect(counts).toEqual([3, 4]);
  expect(pages.restBytes).toBe(70);
});

describe('what is refused', () => {
  test.each([
    ['another file', new Uint8Array(100), 'trace-dat/not-one'],
    [
      'another version',
      Uint8Array.from([0x17, 8, 0x44, ...text('tracing8').subarray(0, 8), 0, 0, 8, 0, 16, 0, 0]),
      'trace-dat/version',
    ],
    [
      'pages of no bytes',
      Uint8Array.from([0x17, 8, 0x44, ...text('tracing6').subarray(0, 8), 0, 0, 8, 0, 0, 0, 0]),
      'trace-dat/damaged',
    ],
    ['another packer', buildVersion7(contentOf(layout64), { ...zlib, algorithm: 'lz4' }), 'trace-dat/packed'],
  ])('%s', (_, bytes, code) => {
    expect(() => open(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('a clock that counts no nanoseconds', () => {
    const [recording] = open(buildVersion6(contentOf(layout64)));
    const output = (): never => {
      throw new Error('nothing is converted');
    };
    expect(() =>
      convertRecording({ ...recording!, clock: 'x86-tsc' }, output, { naming: 'native', warn: () => {} }),
    ).toThrow(expect.objectContaining({ code: 'kernel/clock' }));
  });
});
