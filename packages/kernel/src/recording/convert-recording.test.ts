// Recordings as traces: what records tell of tasks, in whatever page it stands.
import { MemorySource, formatTsdl } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { convertRecording, type ConversionOptions } from './convert-recording.ts';

/** A page of records, at these times. */
function pageOf(
  beginNs: bigint,
  records: readonly (readonly [atNs: number, name: string, tid: number, fill?: (view: DataView) => void])[],
): Uint8Array {
  const page = new PageBuilder(layout64, beginNs);
  let beforeNs = Number(beginNs);
  for (const [atNs, name, tid, fill] of records) {
    const bytes = new Uint8Array(48);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, sampleFormats.events.find((event) => event.name === name)!.id, true);
    view.setInt32(4, tid, true);
    fill?.(view);
    page.record(atNs - beforeNs, bytes);
    beforeNs = atNs;
  }
  return page.finish();
}

const made = (atNs: number, maker: number, tid: number, comm: string) =>
  [
    atNs,
    'task_newtask',
    maker,
    (view: DataView) => {
      view.setInt32(8, tid, true);
      new Uint8Array(view.buffer).set(Buffer.from(comm), 12);
    },
  ] as const;

/** Contexts of the soft interrupts of a recording of two processors. */
function contextsOf(rings: readonly Uint8Array[], more: Partial<ConversionOptions>): readonly string[] {
  const trace = new MemoryTrace();
  const files = rings.map((_, cpu) => trace.create(`channel0_${cpu}`));
  const traceClass = convertRecording(
    {
      name: 'recording',
      formats: sampleFormats,
      identity: { hostname: '', kernelRelease: '', kernelVersion: '', machine: 'x86_64' },
      uuid: '6f180b0c-b242-c148-ab44-6cbf960a58b2',
      clock: 'mono',
      clockOffsetNs: 0n,
      rings: rings.map((pages, cpu) => ({
        cpu,
        source: new MemorySource(`cpu${cpu}`, pages),
        form: 'whole',
        lostCount: undefined,
      })),
      // Names that tasks had in the end.
      commands: '20 last\n',
      symbols: () => '',
      printkFormats: '',
      constants: new Map(),
    },
    (cpu) => ({ packet: (bytes, lengthBytes) => files[cpu]!.write(bytes, lengthBytes) }),
    { naming: 'lttng', contexts: ['procname', 'tid', 'pid', 'ppid'], warn: () => {}, ...more },
  );
  const metadata = new TextEncoder().encode(formatTsdl(traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const seen: string[] = [];
  for (const event of trace.open().events()) {
    if (event.name !== 'irq_softirq_entry') continue;
    seen.push(
      Object.values(event.commonContext() ?? {})
        .map(String)
        .join(' '),
    );
  }
  return seen;
}

// The page of the first processor begins before the tasks of its events are made, on the second one.
const rings = [
  pageOf(1_000_000n, [
    [1_000_000, 'softirq_entry', 20],
    [3_000_000, 'softirq_entry', 20],
    [5_000_000, 'softirq_entry', 20],
  ]),
  pageOf(1_500_000n, [
    made(2_000_000, 10, 11, 'maker'),
    made(2_500_000, 11, 20, 'before'),
    made(4_000_000, 11, 20, 'after'),
  ]),
];

test('events are of the tasks that were made before them, though a page that begins later tells it', () => {
  expect(contextsOf(rings, {})).toEqual([' 20 0 0', 'before 20 20 11', 'after 20 20 11']);
});

test('filters see them', () => {
  const filter = { filtersOf: () => ['$ctx.procname == "before"'] };
  expect(contextsOf(rings, { filter })).toEqual(['before 20 20 11']);
});
