// Texts of system calls: records of probes and of calls are put together, by generated code and by the interpreter alike.
import { formatTsdl } from '@spoor/ctf';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { parseEventFormat } from '../formats/parse-format.ts';
import { mapEvents } from '../mapping/map-events.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder, type TranscoderOptions } from './transcoder.ts';

const common = `	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:unsigned char common_preempt_count;	offset:3;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;
`;

const probe = parseEventFormat(
  `name: call_text
ID: 2100
format:
${common}
	field:unsigned long __probe_ip;	offset:8;	size:8;	signed:0;
	field:u64 at;	offset:16;	size:8;	signed:0;
	field:__data_loc char[] text;	offset:24;	size:4;	signed:1;

print fmt: ""
`,
  'spoor_1',
);

const rename = parseEventFormat(
  `name: sys_enter_rename
ID: 700
format:
${common}
	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:const char * oldname;	offset:16;	size:8;	signed:0;
	field:const char * newname;	offset:24;	size:8;	signed:0;

print fmt: ""
`,
  'syscalls',
);

const formats = new KernelFormats(layout64, [...sampleFormats.events, probe, rename]);

function recordOf(
  type: number,
  tid: number,
  lengthBytes: number,
  words: readonly (readonly [number, bigint])[],
): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setInt32(4, tid, true);
  for (const [at, value] of words) view.setBigUint64(at, value, true);
  return bytes;
}

/** Undefined for a text that the kernel could not read. */
function textRecord(tid: number, address: bigint, text: string | undefined): Uint8Array {
  const encoded = text === undefined ? new Uint8Array(0) : new TextEncoder().encode(`${text}\0`);
  const bytes = recordOf(2100, tid, 28 + encoded.length, [[16, address]]);
  new DataView(bytes.buffer).setUint32(24, (encoded.length << 16) | 28, true);
  bytes.set(encoded, 28);
  return bytes;
}

const openat = (tid: number, address: bigint): Uint8Array =>
  recordOf(443, tid, 64, [
    [8, 257n],
    [16, 5n],
    [24, address],
  ]);
const renamed = (tid: number, from: bigint, to: bigint): Uint8Array =>
  recordOf(443, tid, 64, [
    [8, 82n],
    [16, from],
    [24, to],
  ]);

function transcribe(
  pages: readonly { readonly records: readonly Uint8Array[]; readonly lost?: number }[],
  more: Partial<TranscoderOptions> = {},
): { readonly texts: unknown[]; readonly missing: number; readonly bytes: string } {
  const transcoder = new KernelTranscoder(formats, {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks: new TaskTable(40_000),
    wants: (name) => name === 'raw_syscalls:sys_enter',
    wantsCall: (call) => call === 'openat' || call === 'rename',
    textEvents: ['spoor_1:call_text'],
    ...more,
  });
  const trace = new MemoryTrace();
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const file = trace.create('channel0_0');
  const stream = transcoder.stream({
    cpu: 0,
    output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
  });
  pages.forEach(({ records, lost }, index) => {
    const page = new PageBuilder(layout64, BigInt(1000 + index * 1000));
    for (const record of records) page.record(1, record);
    stream.page(page.finish(lost), 0, layout64.subBufferBytes);
  });
  stream.close();
  const texts = Array.from(trace.open().events(), (event) => {
    const { filename, oldname, newname } = event.payload() as Record<string, unknown>;
    return filename ?? [oldname, newname];
  });
  return {
    texts,
    missing: stream.statistics.missingTextCount,
    bytes: Buffer.from(trace.files.get('channel0_0')!).toString('hex'),
  };
}

/** By generated code, which must write what the interpreter writes. */
function bothWays(...given: Parameters<typeof transcribe>): Omit<ReturnType<typeof transcribe>, 'bytes'> {
  const [pages, more] = given;
  const { bytes, ...compiled } = transcribe(pages, more);
  expect(transcribe(pages, { ...more, compile: false }).bytes).toBe(bytes);
  return compiled;
}

test('a call has the text that its thread was about to give it', () => {
  const records = [
    textRecord(7, 0x1000n, '/etc/passwd'),
    textRecord(8, 0x1000n, '/other'),
    openat(7, 0x1000n),
    openat(8, 0x1000n),
    textRecord(7, 0xffff_0000_1000n, '/a'),
    textRecord(7, 0xffff_0000_2000n, '/b'),
    renamed(7, 0xffff_0000_1000n, 0xffff_0000_2000n),
    textRecord(7, 0x1000n, ''),
    openat(7, 0x1000n),
  ];
  expect(bothWays([{ records }])).toEqual({ texts: ['/etc/passwd', '/other', ['/a', '/b'], ''], missing: 0 });
});

test('what no probe has read is empty and counted: calls made otherwise, other addresses, unreadable text', () => {
  const records = [
    openat(7, 0x1000n),
    textRecord(7, 0x2000n, '/wrong'),
    openat(7, 0x1000n),
    textRecord(7, 0x1000n, undefined),
    openat(7, 0x1000n),
    // Nothing was given.
    openat(7, 0n),
    textRecord(7, 0x1000n, '/once'),
    openat(7, 0x1000n),
    openat(7, 0x1000n),
  ];
  expect(bothWays([{ records }])).toEqual({ texts: ['', '', '', '', '/once', ''], missing: 4 });
});

test('texts wait beyond the end of a page, and are forgotten where events were lost', () => {
  const first = { records: [textRecord(7, 0x1000n, '/a')] };
  const second = { records: [openat(7, 0x1000n)] };
  expect(bothWays([first, second])).toEqual({ texts: ['/a'], missing: 0 });
  expect(bothWays([first, { ...second, lost: 3 }])).toEqual({ texts: [''], missing: 1 });
});

test('filters see the texts', () => {
  const records = ['/a', '/b', '/a'].flatMap((path) => [textRecord(7, 0x1000n, path), openat(7, 0x1000n)]);
  const filter = { filtersOf: () => ['filename == "/a*"'] };
  expect(bothWays([{ records }], { filter }).texts).toEqual(['/a', '/a']);
});

test('whatever comes, a text is never that of another thread or address', () => {
  const tid = fc.integer({ min: 1, max: 3 });
  const address = fc.constantFrom(0x1000n, 0x2000n);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), tid, address }),
    fc.record({ kind: fc.constant('call' as const), tid, address }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const records = steps.map(({ kind, tid: of, address: at }, index) =>
        kind === 'text' ? textRecord(of, at, `${of} ${at} ${index}`) : openat(of, at),
      );
      const calls = steps.filter(({ kind }) => kind === 'call');
      const { texts } = bothWays([{ records }]);
      texts.forEach((text, index) => {
        const { tid: of, address: at } = calls[index]!;
        if (text !== '') expect(text).toMatch(new RegExp(`^${of} ${at} `));
      });
    }),
    { numRuns: 40 },
  );
});

test('newer kernels put texts behind the arguments', () => {
  const own = parseEventFormat(
    `name: sys_enter_openat
ID: 782
format:
${common}
	field:int __syscall_nr;	offset:8;	size:4;	signed:1;
	field:int dfd;	offset:16;	size:8;	signed:0;
	field:const char * filename;	offset:24;	size:8;	signed:0;
	field:int flags;	offset:32;	size:8;	signed:0;
	field:umode_t mode;	offset:40;	size:8;	signed:0;
	field:__data_loc char[] __filename_val;	offset:48;	size:4;	signed:0;

print fmt: ""
`,
    'syscalls',
  );
  const others = formats.events.filter(({ name }) => name !== 'sys_enter_openat');
  const all = new KernelFormats(layout64, [...others, own]);
  const kinds = (wanted: string): unknown =>
    mapEvents(all, { naming: 'lttng', machine: 'x86_64', wants: (name) => name === wanted })
      .find(({ name }) => name === 'syscall_entry_openat')
      ?.fields.map(({ name, source }) => `${name} ${source.kind}`);
  expect(kinds('syscalls:sys_enter_openat')).toEqual([
    'dfd integer',
    'filename string',
    'flags integer',
    'mode integer',
  ]);
  // Records of all calls together have the arguments alone.
  expect(kinds('raw_syscalls:sys_enter')).toEqual([
    'dfd integer',
    'filename integer',
    'flags integer',
    'mode integer',
  ]);
});
