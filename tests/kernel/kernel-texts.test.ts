// Events that tell a text of the kernel by its address have the text, in a recording and of pages that were kept.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, expect, test } from 'vitest';
import { findTracefs, RawRecording, TracefsInstance } from '../../packages/kernel/dist/node.js';
import { patientlyMs } from '../support/daemon.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** What processors that have something to do tell of read-copy-update. */
const load = ['sh', '-c', 'i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i+1)); done'] as const;

function textsIn(path: string): ReadonlySet<unknown> {
  const texts = new Set<unknown>();
  for (const event of openTrace(path).events())
    if (event.name === 'rcu_utilization') texts.add(event.payload()?.['s']);
  return texts;
}

describeNeeding([tracefs()], 'texts of the kernel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-texts-'));
  const root = findTracefs();
  afterAll(() => removeTree(folder));

  function expectTexts(texts: ReadonlySet<unknown>): void {
    const known = readFileSync(join(root, 'printk_formats'), 'latin1');
    expect(texts.size).toBeGreaterThan(1);
    for (const text of texts) expect(known).toContain(` : "${String(text)}"`);
  }

  test('are in recordings, and their filters', { timeout: patientlyMs }, () => {
    const record = (name: string, ...filter: readonly string[]): ReadonlySet<unknown> => {
      const path = join(folder, name);
      const wanted = ['--no-auto', '--all-processes', '--kernel-events=rcu_utilization', ...filter];
      const done = spoor(['record', ...wanted, '-o', path, '--', ...load]);
      expect(done.status, done.stderr).toBe(0);
      return textsIn(join(path, 'kernel'));
    };
    expectTexts(record('all'));
    expect(record('ends', '--kernel-filter=s == "End context*"')).toEqual(new Set(['End context switch']));
  });

  test('are in what is converted of pages', { timeout: patientlyMs }, async () => {
    const pages = join(folder, 'pages');
    {
      using instance = TracefsInstance.create(root, 'texts', 'spoortest');
      instance.configure({ clock: 'mono', ringBytes: 4 << 20, overwrite: false });
      const events = instance.enable(['rcu:rcu_utilization']);
      const recording = await RawRecording.start(instance, pages, { events, kallsyms: false });
      instance.start();
      expect(spawnSync(load[0], load.slice(1)).status).toBe(0);
      await recording.stop();
    }
    const path = join(folder, 'converted');
    const parameters = `inputs=[${JSON.stringify(pages)}]`;
    const done = spoor(['-c', 'source.ftrace.raw', '-p', parameters, '-o', 'ctf', '-w', path]);
    expect(done.status, done.stderr).toBe(0);
    expectTexts(textsIn(path));
  });
});
