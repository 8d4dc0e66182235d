// What triggers are told of the records of a page.
import { expect, test } from 'vitest';
import { TaskTable } from '../contexts/task-table.ts';
import { PageBuilder } from '../testing/page-builder.ts';
import { sampleFormats } from '../testing/sample-formats.ts';
import { RecordWatch, type RecordNotice } from './record-watch.ts';

const { layout } = sampleFormats;

function softirq(tid: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sampleFormats.ofName('irq:softirq_entry')!.id, true);
  view.setInt32(4, tid, true);
  view.setInt32(8, 9, true);
  return bytes;
}

test('events of idle processors are of the idle task of each, for filters, captures and notices', () => {
  const tasks = new TaskTable(1000);
  tasks.setName(50, new TextEncoder().encode('worker'));
  const name = 'irq_softirq_entry';
  const watch = new RecordWatch(
    sampleFormats,
    { naming: 'lttng', machine: 'x86_64', wants: (event) => event === 'irq:softirq_entry' },
    [],
    [
      {
        key: 'second',
        rules: [{ kind: 'tracepoint', name, filter: '$ctx.procname == "swapper/1" && $ctx.prio == 20' }],
        captures: [],
      },
      {
        key: 'all',
        rules: [{ kind: 'tracepoint', name }],
        captures: ['procname', 'prio'].map((context) => ({ scope: 'context', steps: [context] }) as const),
      },
    ],
    tasks,
  );
  const page = new PageBuilder(layout, 1000n);
  for (const tid of [0, 50]) page.record(1, softirq(tid));
  const bytes = page.finish();
  const notices: RecordNotice[] = [];
  for (const cpu of [0, 1]) watch.page(cpu, bytes, 0, bytes.length, (notice) => notices.push(notice));
  expect(notices.map(({ key, pid, tid, procname, contexts }) => [key, pid, tid, procname, contexts])).toEqual(
    [
      ['all', 0, 0, 'swapper/0', { procname: 'swapper/0', prio: 20 }],
      ['all', 50, 50, 'worker', { procname: 'worker', prio: 0 }],
      ['second', 0, 0, 'swapper/1', {}],
      ['all', 0, 0, 'swapper/1', { procname: 'swapper/1', prio: 20 }],
      ['all', 50, 50, 'worker', { procname: 'worker', prio: 0 }],
    ],
  );
});
