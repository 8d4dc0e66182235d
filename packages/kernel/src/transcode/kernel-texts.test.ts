// Texts of the kernel itself, which records tell by address.
import { formatTsdl } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { MemoryTrace } from '../../../components/src/testing/memory-trace.ts';
import { TaskTable } from '../contexts/task-table.ts';
import { KernelFormats } from '../formats/kernel-formats.ts';
import { layout64, PageBuilder } from '../testing/page-builder.ts';
import { sampleFacts } from '../testing/sample-facts.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { KernelTranscoder } from './transcoder.ts';

const printkFormats = `0xffffffff8281a591 : "End context switch"
0xffffffff8281a5a4 : "Start \\"it\\"\\n"
0x8281a591 : "of another upper half"
`;

/** The field of records with these addresses. */
function textsOf(
  addresses: readonly bigint[],
  options: { readonly texts?: string; readonly compile?: boolean; readonly filter?: string } = {},
): readonly unknown[] {
  const { texts = printkFormats, compile = true, filter } = options;
  const transcoder = new KernelTranscoder(new KernelFormats(layout64, sampleFormats.events, () => texts), {
    naming: 'lttng',
    machine: 'x86_64',
    facts: sampleFacts,
    tasks: new TaskTable(100),
    compile,
    wants: (name) => name === 'rcu:rcu_utilization',
    ...(filter === undefined ? {} : { filter: { filtersOf: () => [filter] } }),
  });
  const page = new PageBuilder(layout64, 1_000_000_000n);
  for (const address of addresses) {
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 424, true);
    view.setInt32(4, 10, true);
    view.setBigUint64(8, address, true);
    page.record(1000, bytes);
  }
  const trace = new MemoryTrace();
  const metadata = new TextEncoder().encode(formatTsdl(transcoder.traceClass));
  trace.create('metadata').write(metadata, metadata.length);
  const file = trace.create('channel0_0');
  const stream = transcoder.stream({
    cpu: 0,
    output: { packet: (bytes, lengthBytes) => file.write(bytes, lengthBytes) },
  });
  stream.page(page.finish(), 0, 4096);
  stream.flush();
  return Array.from(trace.open().events(), (event) => event.payload()?.['s']);
}

const known = [0xffff_ffff_8281_a591n, 0xffff_ffff_8281_a5a4n, 0x8281_a591n];

test.each([true, false])(
  'stand in the trace, and an address where there is none (compiled: %s)',
  (compile) => {
    const addresses = [...known, 0xffff_ffff_8000_0001n, known[0]!, 0n];
    expect(textsOf(addresses, { compile })).toEqual([
      'End context switch',
      'Start "it"\n',
      'of another upper half',
      '0xffffffff80000001',
      'End context switch',
      '0x0',
    ]);
  },
);

test.each([true, false])('are seen by filters (compiled: %s)', (compile) => {
  expect(textsOf(known, { compile, filter: 's == "End*"' })).toEqual(['End context switch']);
});

test('are addresses where the kernel tells no texts', () => {
  expect(textsOf(known, { texts: '' }).map((value) => BigInt(value as number))).toEqual(known);
});

test('are asked for by events that have some alone', () => {
  const asked: string[] = [];
  const formatsOf = (name: string): KernelFormats =>
    new KernelFormats(
      layout64,
      sampleFormats.events.filter((event) => event.name === name),
      () => {
        asked.push(name);
        return printkFormats;
      },
    );
  // Arguments of system calls are addresses in programs.
  for (const name of ['sys_enter_openat', 'softirq_entry']) expect(formatsOf(name).neededTexts).toBe('');
  expect(asked).toEqual([]);
  expect(formatsOf('rcu_utilization').neededTexts).toBe(printkFormats);
});
