// What it costs to turn pages of the kernel's rings into CTF under LTTng's names: pages as pairs of processes make them that
// play ping-pong over pipes (switches, wake-ups, reads and writes), against the walk over the same records alone.
import {
  KernelFormats,
  KernelTranscoder,
  PageCursor,
  TaskTable,
  kernelEnvironment,
  parseEventFormat,
} from '@spoor/kernel';
import { PageBuilder, layout64 } from '../packages/kernel/src/testing/page-builder.ts';
import { sampleFormats } from '../packages/kernel/src/testing/sample-formats.ts';
import { atMost, compare, ratioAtMost } from './harness.ts';

const layout = { ...layout64, subBufferBytes: 65_536 };
const field = (declaration: string, offset: number, sizeBytes: number, signed = 0): string =>
  `\tfield:${declaration};\toffset:${offset};\tsize:${sizeBytes};\tsigned:${signed};\n`;
const head =
  field('unsigned short common_type', 0, 2) +
  field('unsigned char common_flags', 2, 1) +
  field('unsigned char common_preempt_count', 3, 1) +
  field('int common_pid', 4, 4, 1);
const text = (name: string, id: number, fields: string): string =>
  `name: ${name}\nID: ${id}\nformat:\n${head}${fields}\nprint fmt: ""\n`;
const call = (name: string, id: number): ReturnType<typeof parseEventFormat> =>
  parseEventFormat(
    text(
      `sys_enter_${name}`,
      id,
      field('int __syscall_nr', 8, 4, 1) +
        field('unsigned int fd', 16, 8) +
        field('char * buf', 24, 8) +
        field('size_t count', 32, 8),
    ),
    'syscalls',
  );
const waking = parseEventFormat(
  text(
    'sched_waking',
    375,
    field('char comm[16]', 8, 16) +
      field('pid_t pid', 24, 4, 1) +
      field('int prio', 28, 4, 1) +
      field('int target_cpu', 32, 4, 1),
  ),
  'sched',
);
const formats = new KernelFormats(layout, [
  ...sampleFormats.events,
  waking,
  call('read', 900),
  call('write', 902),
]);

function record(name: string, lengthBytes: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, formats.ofName(name)!.id, true);
  view.setInt32(4, 4711, true);
  fill(view);
  return bytes;
}

const enter = (number: number): Uint8Array =>
  record('raw_syscalls:sys_enter', 64, (view) => view.setInt32(8, number, true));
const exit = (number: number): Uint8Array =>
  record('raw_syscalls:sys_exit', 24, (view) => view.setInt32(8, number, true));
const named = (bytes: Uint8Array, offsets: readonly number[]): Uint8Array => {
  for (const offset of offsets) bytes.set(new TextEncoder().encode('ping-pong'), offset);
  return bytes;
};
const round = [
  enter(1),
  named(
    record('sched:sched_waking', 36, () => undefined),
    [8],
  ),
  exit(1),
  enter(0),
  named(
    record('sched:sched_switch', 64, () => undefined),
    [8, 40],
  ),
  exit(0),
];

const pageCount = 200;
const pages = new Uint8Array(pageCount * layout.subBufferBytes);
let eventCount = 0;
let time = 1_000_000_000n;
for (let index = 0; index < pageCount; index += 1) {
  const page = new PageBuilder(layout, time);
  while (page.freeBytes > 500) {
    for (const bytes of round) page.record(700, bytes);
    eventCount += round.length;
    time += 4200n;
  }
  pages.set(page.finish(), index * layout.subBufferBytes);
}

const transcoder = new KernelTranscoder(formats, {
  naming: 'lttng',
  machine: 'x86_64',
  wants: (name) => /sched_switch|sched_waking|raw_syscalls/.test(name),
  tasks: new TaskTable(40_000),
  facts: {
    uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2',
    clockOffsetNs: 0n,
    environment: kernelEnvironment({ hostname: '', kernelRelease: '', kernelVersion: '', machine: 'x86_64' }),
  },
});

let writtenBytes = 0;
function transcode(): void {
  writtenBytes = 0;
  const stream = transcoder.stream({
    cpu: 0,
    output: {
      packet: (_, lengthBytes) => {
        writtenBytes += lengthBytes;
      },
    },
  });
  for (let at = 0; at < pages.length; at += layout.subBufferBytes)
    stream.page(pages, at, layout.subBufferBytes);
  stream.flush();
  const { eventCount: made, damagedCount } = stream.statistics;
  if (made !== eventCount || damagedCount > 0) throw new Error(`${made} events of ${eventCount}`);
}

const cursor = new PageCursor(layout);
cursor.setBytes(pages);
function walk(): void {
  let found = 0;
  for (let at = 0; at < pages.length; at += layout.subBufferBytes) {
    cursor.open(at, layout.subBufferBytes);
    while (cursor.next()) found += 1;
  }
  if (found !== eventCount) throw new Error(`${found} records of ${eventCount}`);
}

const nsPerEvent = (work: () => void): number => {
  const before = process.cpuUsage();
  for (let turn = 0; turn < 3; turn += 1) work();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (3 * eventCount);
};

// Both are compiled before a round counts.
for (let turn = 0; turn < 6; turn += 1) {
  transcode();
  walk();
}

await compare({
  name: 'kernel-transcode',
  question: 'What does an event of the kernel cost on its way into CTF?',
  facts: { events: eventCount, 'bytes of pages per event': pages.length / eventCount },
  contenders: [
    {
      name: 'transcoder',
      run: () => ({ eventNs: nsPerEvent(transcode), bytesPerEvent: writtenBytes / eventCount }),
    },
    { name: 'walk alone', run: () => ({ eventNs: nsPerEvent(walk) }) },
  ],
  judge: [
    atMost('transcoder', 'eventNs', 30),
    atMost('transcoder', 'bytesPerEvent', 30),
    ratioAtMost('transcoder', 'walk alone', 'eventNs'),
  ],
});
