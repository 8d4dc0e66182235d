// `spoor report`: lines that generated code writes are those of the interpreter of print formats, whatever the records
// are, and however many threads write them.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  KernelFormats,
  parseCommands,
  parseEventFormat,
  RingPages,
  PageCursor,
  traceLine,
  type KernelRecording,
} from '@spoor/kernel';
import { LineBuffer, openRecordings, RecordingReport } from '@spoor/components/ftrace';
import { findTracefs, RawRecording, TracefsInstance } from '../../packages/kernel/dist/node.js';
import { layout64, PageBuilder } from '../../packages/kernel/dist/testing/page-builder.js';
import { storedPageBytes, commitWord } from '../../packages/kernel/dist/recording/stored-page.js';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-report-'));
afterAll(() => removeTree(folder));

/** All kinds of numbers and texts that a record can have; `when` is behind a hole, as the compiler leaves them. */
const fields = [
  'char comm[16];\toffset:8;\tsize:16;\tsigned:0;',
  'u8 small;\toffset:24;\tsize:1;\tsigned:0;',
  's8 tiny;\toffset:25;\tsize:1;\tsigned:1;',
  's16 two;\toffset:26;\tsize:2;\tsigned:1;',
  'int four;\toffset:28;\tsize:4;\tsigned:1;',
  'unsigned int plain;\toffset:32;\tsize:4;\tsigned:0;',
  '__data_loc char[] name;\toffset:36;\tsize:4;\tsigned:0;',
  'u64 when;\toffset:40;\tsize:8;\tsigned:0;',
  's64 delta;\toffset:48;\tsize:8;\tsigned:1;',
  'void * where;\toffset:56;\tsize:8;\tsigned:0;',
  'unsigned long args[2];\toffset:64;\tsize:16;\tsigned:0;',
  'char odd[7];\toffset:80;\tsize:7;\tsigned:0;',
  'bool flag;\toffset:87;\tsize:1;\tsigned:0;',
];
const recordBytes = 88;

const prints = [
  '"comm=%s four=%d plain=%u tiny=%d two=%hd", REC->comm, REC->four, REC->plain, REC->tiny, REC->two',
  '"%x %#x %lx %#llx %08x|%-8x|%5d|%3llu|", REC->four, REC->plain, REC->when, REC->delta, REC->four, REC->plain, REC->tiny, REC->when',
  '"%llu %lld %lu %ld %d", REC->when, REC->delta, REC->four, REC->plain, REC->delta',
  '"%p %px %pS %s", REC->where, REC->where, REC->where, __get_str(name)',
  '"%lx, %lx %s %d", REC->args[0], REC->args[1], REC->odd, REC->flag',
  '"state=%s%s", __print_flags(REC->four & 15, "|", { 1, "A" }, { 2, "B" }, { 8, "D" }), REC->plain & 1 ? "+" : ""',
  '"vec=%u [action=%s]", REC->small, __print_symbolic(REC->small, { 0, "HI" }, { 1, "TIMER" })',
  '"%d:%d %s %c %%", ((unsigned int) ((REC->plain) >> 20)), REC->plain & 7, __print_array(REC->args, 2, 8), REC->small',
  '"%*d %.3s|%10s|%llu", 6, REC->four, REC->comm, REC->comm, REC->when * 3',
  '"%d %s", REC->four, REC->missing',
  '"%d", REC->comm',
  '"%d %d", REC->four',
  '"%*d", REC->four, REC->plain',
];

const formatText = (name: string, id: number, print: string): string => `name: ${name}
ID: ${id}
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

${fields.map((field) => `\tfield:${field}`).join('\n')}

print fmt: ${print}
`;

const callText = (name: string, id: number, rest: readonly string[]): string =>
  formatText(name, id, '""').replace(
    /\tfield:char comm[^]*?\n\n/,
    `${rest.map((one) => `\tfield:${one}\n`).join('')}\n`,
  );

const formats = new KernelFormats(layout64, [
  ...prints.map((print, index) => parseEventFormat(formatText(`event${index}`, index + 1, print), 'test')),
  parseEventFormat(
    callText('sys_enter_read', 50, [
      'int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;',
      'unsigned long fd;\toffset:16;\tsize:8;\tsigned:0;',
      'char * buf;\toffset:24;\tsize:8;\tsigned:0;',
    ]),
    'syscalls',
  ),
  parseEventFormat(callText('sys_exit_read', 51, ['long ret;\toffset:16;\tsize:8;\tsigned:1;']), 'syscalls'),
]);

/** Numbers as they are in records: small ones, all ones, addresses, any. */
const word = fc.oneof(
  fc.nat(20),
  fc.constantFrom(0xffff_ffff, 0xffff_8880, 0x8000_0000, 999_999_999, 1_000_000_000),
  fc.nat({ max: 0x7fff_ffff }),
);
const letters = fc.string({ unit: 'binary-ascii', maxLength: 20 });

interface MadeRecord {
  readonly id: number;
  readonly deltaNs: number;
  readonly tid: number;
  readonly flags: number;
  readonly words: readonly number[];
  readonly comm: string;
  readonly name: string;
  /** So many bytes at the end are missing: the record is damaged. */
  readonly cut: number;
}

const records = fc.array(
  fc.record<MadeRecord>({
    id: fc.constantFrom(...formats.events.map(({ id }) => id), 99),
    deltaNs: fc.nat(900_000),
    tid: fc.oneof(fc.nat(5), fc.constantFrom(1_234_567, 4_194_303, -1, 123_456_789)),
    flags: fc.nat(0xffff),
    words: fc.array(word, { minLength: 20, maxLength: 20 }),
    comm: letters,
    name: letters,
    cut: fc.constantFrom(0, 0, 0, 0, 0, 0, 4, 60),
  }),
  { maxLength: 30 },
);

function payloadOf({ id, tid, flags, words, comm, name, cut }: MadeRecord): Uint8Array {
  const text = new TextEncoder().encode(`${name}\0`);
  const bytes = new Uint8Array(recordBytes + text.length);
  const view = new DataView(bytes.buffer);
  for (const [index, one] of words.entries()) view.setUint32(8 + index * 4, one, true);
  view.setUint16(0, id, true);
  view.setUint16(2, flags, true);
  view.setInt32(4, tid, true);
  bytes.set(new TextEncoder().encode(comm.padEnd(16, '\0')).subarray(0, 16), 8);
  view.setUint32(36, recordBytes | (text.length << 16), true);
  bytes.set(text, recordBytes);
  return bytes.subarray(0, bytes.length - cut);
}

const source = (bytes: Uint8Array): KernelRecording['rings'][number]['source'] => ({
  name: 'ring',
  sizeBytes: bytes.length,
  read: (into, length, position) => {
    const part = bytes.subarray(position, position + length);
    into.set(part);
    return part.length;
  },
});

/** Pages of which each has some of the records. @param perPage so few that there are several. */
function ringOf(made: readonly MadeRecord[], beginNs: bigint, perPage: number, lost: number): Uint8Array {
  const pages: Uint8Array[] = [];
  let timeNs = beginNs;
  for (let at = 0; at < made.length; at += perPage) {
    const page = new PageBuilder(layout64, timeNs);
    for (const record of made.slice(at, at + perPage)) {
      page.record(record.deltaNs, payloadOf(record));
      timeNs += BigInt(record.deltaNs);
    }
    pages.push(page.finish(at === 0 ? 0 : lost));
  }
  return Buffer.concat(pages);
}

/** Pages as far as they are used. */
function storedPages(ring: Uint8Array): Uint8Array {
  const pages: Uint8Array[] = [];
  for (let at = 0; at < ring.length; at += layout64.subBufferBytes) {
    const page = ring.subarray(at, at + layout64.subBufferBytes);
    const commit = commitWord(new DataView(page.buffer, page.byteOffset, page.byteLength), 0, layout64);
    pages.push(page.subarray(0, storedPageBytes(commit, layout64)));
  }
  return Buffer.concat(pages);
}

function recordingOf(rings: readonly Uint8Array[]): KernelRecording {
  return {
    name: 'made',
    formats,
    identity: { hostname: 'h', kernelRelease: '6', kernelVersion: '#1', machine: 'x86_64' },
    uuid: '00000000-0000-4000-8000-000000000000',
    clock: 'mono',
    clockOffsetNs: 0n,
    rings: rings.map((bytes, cpu) => ({ cpu, source: source(bytes), form: 'whole', lostCount: undefined })),
    commands: '1 init\n3 a name with spaces\n1234567 fifteen-letters\n',
    symbols: () => 'ffffffff81000000 T first\nffffffffffffff00 T last\n',
    printkFormats: '',
    constants: new Map(),
  };
}

function textOf(recording: KernelRecording, compile: boolean): string {
  const report = new RecordingReport([recording], { compile });
  const buffer = new LineBuffer();
  for (let slice = 0; slice < report.sliceCount; slice++) report.write(slice, buffer);
  return Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString();
}

/** The lines of all records, one by one: by the text that each has alone, in the order of their times. */
function linesOf(recording: KernelRecording): readonly string[] {
  const commands = parseCommands(recording.commands);
  const { layout } = recording.formats;
  const context = { layout };
  const lines: { readonly timeNs: bigint; readonly line: string }[] = [];
  for (const ring of recording.rings) {
    const pages = new RingPages(ring, layout);
    const cursor = new PageCursor(layout);
    cursor.setBytes(pages.bytes);
    while (pages.next()) {
      cursor.open(pages.at, pages.lengthBytes);
      while (cursor.next()) {
        const format = recording.formats.ofId(cursor.typeId);
        if (format === undefined) continue;
        const { view, at, lengthBytes } = cursor;
        const timeNs =
          (BigInt(cursor.beginHi) << 32n) + BigInt(cursor.beginLo) + BigInt(cursor.timeNs - cursor.beginNs);
        const record = { view, at, lengthBytes, littleEndian: true };
        lines.push({ timeNs, line: traceLine(format, record, { cpu: ring.cpu, timeNs, commands }, context) });
      }
    }
  }
  // Rings are in order of their processors, and sorting leaves those of one time as they are.
  return lines.sort((a, b) => Number(a.timeNs - b.timeNs)).map(({ line }) => line);
}

describe('lines of records', () => {
  test('are the same by generated code and by the interpreter', () => {
    fc.assert(
      fc.property(
        records,
        records,
        fc.nat(2 ** 40),
        fc.integer({ min: 1, max: 9 }),
        (left, right, begin, perPage) => {
          const recording = recordingOf([
            ringOf(left, BigInt(begin), perPage, -1),
            ringOf(right, BigInt(begin) + 1000n, perPage, 7),
          ]);
          expect(textOf(recording, true)).toBe(textOf(recording, false));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('are those of the kernel, in the order of their times, with what was lost', () => {
    const one = (id: number, deltaNs: number, tid: number): MadeRecord => ({
      id,
      deltaNs,
      tid,
      flags: 0x0201,
      words: Array.from({ length: 20 }, (_, index) => index),
      comm: 'made',
      name: 'dynamic',
      cut: 0,
    });
    const made = Array.from({ length: 8 }, (_, index) => one(index + 1, 1000 * index, index));
    const recording = recordingOf([ringOf(made, 5_000_000_000n, 3, 0), ringOf(made, 5_000_002_000n, 3, 4)]);
    const lines = textOf(recording, true).split('\n');
    expect(lines.pop()).toBe('');
    const losses = lines.filter((line) => line === 'CPU:1 [LOST 4 EVENTS]');
    expect(losses.length).toBe(2);
    const events = lines.filter((line) => !line.startsWith('CPU:'));
    const symbol = /pointer|first|last/;
    expect(events.filter((line) => !symbol.test(line))).toEqual(
      linesOf(recording).filter((line) => !symbol.test(line)),
    );
    expect(events[0]).toBe(
      '          <idle>-0       [000] d..2.     5.000000: event0: comm=made four=5 plain=6 tiny=0 two=0',
    );
  });

  test.each(['whole', 'stored'] as const)(
    'are the same in slices, by themselves, of rings that are not alike (%s pages)',
    (form) => {
      const made = (count: number, deltaNs: number): readonly MadeRecord[] =>
        Array.from({ length: count }, (_, index) => ({
          id: (index % 6) + 1,
          // Some are at one time, some are far from the next.
          deltaNs: index % 7 === 0 ? 0 : index % 1000 === 999 ? 90_000_000 : deltaNs,
          tid: index % 900,
          flags: index % 300,
          // The last are a text, in which no line is to end.
          words: Array.from({ length: 20 }, (__, at) => (at < 18 ? index * at : index % 9)),
          comm: 'made',
          name: 'dynamic',
          cut: 0,
        }));
      const perPage = 25;
      const whole = [
        ringOf(made(9000, 1000), 5_000_000_000n, perPage, 0),
        ringOf(made(300, 40_000), 5_000_500_000n, perPage, 2),
        ringOf(made(11_000, 600), 5_900_000_000n, perPage, 0),
      ];
      const rings = form === 'whole' ? whole : whole.map((ring) => storedPages(ring));
      const recording = recordingOf(rings);
      const stored = { ...recording, rings: recording.rings.map((ring) => ({ ...ring, form })) };
      const report = new RecordingReport([stored]);
      // Another one is given the cut, and writes backwards.
      const { cut } = report;
      const other = new RecordingReport([stored], { cut });
      expect(report.sliceCount).toBeGreaterThan(2);
      const texts = Array.from({ length: report.sliceCount }, (_, index) => {
        const buffer = new LineBuffer();
        other.write(report.sliceCount - 1 - index, buffer);
        // However unlike the rings are, no slice has much more than another.
        expect(buffer.length).toBeLessThan(4 << 20);
        return Buffer.from(buffer.bytes.subarray(0, buffer.length)).toString();
      });
      const text = texts.reverse().join('');
      expect(text === textOf(stored, true)).toBe(true);
      const events = text.split('\n').filter((line) => line !== '' && !line.startsWith('CPU:'));
      const symbol = /pointer|first|last/;
      expect(events.length).toBe(20_300);
      expect(events.filter((line) => !symbol.test(line))).toEqual(
        linesOf(stored).filter((line) => !symbol.test(line)),
      );
      expect(() => new RecordingReport([recordingOf([whole[0]!])], { cut })).toThrow('has changed');
    },
  );

  test('of bytes that are no pages end, and never fail', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9000 }), records, fc.nat(4095), (noise, made, at) => {
        const ring = new Uint8Array(Buffer.concat([ringOf(made, 1n, 5, 3), noise]));
        ring.set(noise.subarray(0, Math.max(0, ring.length - at)).subarray(0, 40), Math.min(at, ring.length));
        const text = textOf(recordingOf([ring, noise]), true);
        expect(text === '' || text.endsWith('\n')).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describeNeeding([tracefs()], 'spoor report', () => {
  test('a recording of this kernel is the same text by one thread, by two, and by the interpreter', async () => {
    const directory = join(folder, 'raw');
    {
      using instance = TracefsInstance.create(findTracefs(), 'report', 'spoortest');
      instance.configure({ clock: 'mono', ringBytes: 8 << 20, overwrite: false });
      const events = instance.enable(['sched:*', 'syscalls:*', 'irq:*']);
      const recording = await RawRecording.start(instance, directory, { events, pageForm: 'stored' });
      instance.start();
      spawnSync('sh', ['-c', 'ls -l /etc | sort | wc -l']);
      await recording.stop();
    }
    const one = join(folder, 'one.txt');
    expect(spoor(['report', '--workers', '1', '-w', one, directory])).toMatchObject({
      status: 0,
      stderr: '',
    });
    const two = join(folder, 'two.txt');
    expect(spoor(['report', '--workers', '2', '-w', two, directory])).toMatchObject({
      status: 0,
      stderr: '',
    });
    const text = readFileSync(one, 'utf8');
    expect(readFileSync(two, 'utf8') === text).toBe(true);
    const [recording] = openRecordings(directory, 'raw');
    expect(textOf(recording!, false) === text).toBe(true);
    expect(text.split('\n').length).toBeGreaterThan(500);
  });

  test('what is no recording is refused, and a reader that has enough ends it', () => {
    const path = join(folder, 'none.dat');
    writeFileSync(path, 'nothing of the kind');
    expect(spoor(['report', path])).toMatchObject({ status: 1, stdout: '' });
    expect(spoor(['report', join(folder, 'absent')]).stderr).toContain('no such file or directory');
    expect(spoor(['report', '--workers', '3', path]).stderr).toContain('--workers is 1 or 2');
  });
});
