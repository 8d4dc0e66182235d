// Rings of the running kernel are emptied by the built package: what is in the files is what the kernel counted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeNeeding, tracefs } from '../support/needs.ts';
import {
  KernelFormats,
  PageCursor,
  parseDescription,
  parsePageHeader,
  storedPageAt,
  unpackFormats,
} from '@spoor/kernel';
import {
  findTracefs,
  KernelDrain,
  RawRecording,
  readFormats,
  TracefsInstance,
} from '../../packages/kernel/dist/node.js';
import { removeTree } from '../support/removal.ts';

const prefix = 'spoortest';

/** Names of the events in a recording, with how often each is there, by thread. */
function countEvents(directory: string): { readonly total: number; readonly byThread: Map<string, number> } {
  const read = (name: string): Buffer => readFileSync(join(directory, name));
  const { littleEndian, subBufferBytes, pageForm, cpus } = parseDescription(
    read('ftrace.json').toString(),
    'ftrace.json',
  );
  const layout = parsePageHeader(read('header_page').toString(), littleEndian, subBufferBytes);
  const formats = new KernelFormats(layout, unpackFormats(read('formats'), layout, 'formats'));
  const cursor = new PageCursor(layout);
  const byThread = new Map<string, number>();
  let total = 0;
  for (const cpu of cpus) {
    const bytes = new Uint8Array(read(`cpu${cpu}`));
    cursor.setBytes(bytes);
    let at = 0;
    let lastNs = -Infinity;
    for (;;) {
      const page = storedPageAt(cursor.view, at, bytes.length, layout);
      if (page === undefined) break;
      cursor.open(page.startByte, page.usedBytes);
      expect(cursor.beginNs).toBeGreaterThanOrEqual(lastNs);
      while (cursor.next()) {
        total += 1;
        expect(cursor.timeNs).toBeGreaterThanOrEqual(lastNs);
        lastNs = cursor.timeNs;
        const key = `${formats.ofId(cursor.typeId)?.name} ${cursor.view.getInt32(cursor.at + 4, true)}`;
        byThread.set(key, (byThread.get(key) ?? 0) + 1);
      }
      expect(cursor.damage).toBe(undefined);
      at = pageForm === 'whole' ? at + subBufferBytes : page.endByte;
    }
    expect(at).toBe(bytes.length);
  }
  return { total, byThread };
}

describeNeeding([tracefs()], 'emptying rings', () => {
  const root = findTracefs();
  const folder = mkdtempSync(join(tmpdir(), 'spoor-drain-'));
  afterAll(() => removeTree(folder));

  test.each([
    [4096, 'whole'],
    [65_536, 'whole'],
    [65_536, 'stored'],
  ] as const)(
    'every event is written, with sub-buffers of %d bytes, %s',
    async (subBufferBytes, pageForm) => {
      using instance = TracefsInstance.create(root, 'drain', prefix);
      // Rings that hold all of it, so that nothing can be lost however slow this machine is.
      instance.configure({ clock: 'mono', subBufferBytes, ringBytes: 8 << 20, overwrite: false });
      const events = instance.enable(['raw_syscalls:sys_enter']);
      instance.setFilter('raw_syscalls:sys_enter', 'COMM == "sh"');
      const directory = join(folder, `raw-${subBufferBytes}-${pageForm}`);
      const recording = await RawRecording.start(instance, directory, {
        events,
        kallsyms: false,
        pageForm,
      });
      instance.start();
      const done = spawnSync('sh', [
        '-c',
        'echo $$; i=0; while [ $i -lt 2000 ]; do i=$((i+1)); umask >/dev/null; done',
      ]);
      const shell = Number(done.stdout.toString());
      await recording.flush();
      const { rings, statistics } = await recording.stop();
      expect(rings.map(({ failure }) => failure)).toEqual(rings.map(() => undefined));
      const { total, byThread } = countEvents(directory);
      expect(total).toBe(statistics.reduce((sum, { read }) => sum + read, 0));
      expect(statistics.every(({ entries, dropped, overrun }) => entries + dropped + overrun === 0)).toBe(
        true,
      );
      // Each turn of the loop makes more than one system call: it opens, duplicates and closes.
      expect(byThread.get(`sys_enter ${shell}`)).toBeGreaterThan(2000);
      expect(byThread.get(`sys_enter ${process.pid}`)).toBe(undefined);
      expect(parseDescription(readFileSync(join(directory, 'ftrace.json'), 'utf8'), '').statistics).toEqual(
        statistics,
      );
      await expect(RawRecording.start(instance, directory, { events })).rejects.toThrow('must be empty');
    },
  );

  test('a sink that fails is told of, and does not hold up the end', async () => {
    using instance = TracefsInstance.create(root, 'failing', prefix);
    const module = new URL(
      `data:text/javascript,${encodeURIComponent(`export const createPageSink = (data, { cpu }) => ({
        page() { throw new Error(data + cpu); }, flush() {}, close() { return 'closed'; } });`)}`,
    );
    const failures: string[] = [];
    const drain = await KernelDrain.start(instance, {
      sink: { module, data: 'full ' },
      layout: readFormats(root, { wants: () => false, subBufferBytes: instance.geometry().subBufferBytes })
        .layout,
      onFailure: (error) => failures.push(error.message),
    });
    instance.enable(['sched:*', 'raw_syscalls:*']);
    instance.start();
    spawnSync('sh', ['-c', 'ls / >/dev/null']);
    await drain.flush();
    instance.stop();
    const results = await drain.stop();
    expect(results.map(({ result }) => result)).toEqual(instance.cpus.map(() => 'closed'));
    expect(results.some(({ cpu, failure }) => failure === `full ${cpu}`)).toBe(true);
    expect(failures[0]).toMatch(/^a ring is no longer read: processor \d+: full \d+$/);
  });

  test('a sink that cannot be loaded is an error of the start', async () => {
    using instance = TracefsInstance.create(root, 'missing', prefix);
    await expect(
      KernelDrain.start(instance, {
        sink: { module: new URL('file:///nowhere/sink.js'), data: undefined },
        layout: readFormats(root, { wants: () => false }).layout,
      }),
    ).rejects.toMatchObject({ code: 'kernel/drain' });
  });
});
