// What sessions of the kernel leave out of their traces: those who record.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Kernel from '@spoor/kernel/node';
import { afterAll, expect, test } from 'vitest';
import { kernelFlight } from '../support/kernel-flight.ts';
import { repoRoot } from '../support/machine.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

/** As it is built, for it starts threads. */
const { findTracefs, KernelSession, RingReaders } = (await import(
  pathToFileURL(join(repoRoot, 'packages/kernel/dist/node.js')).href
)) as typeof Kernel;

/** Threads of this process that go before others: those that read rings. */
function favouredThreads(): readonly string[] {
  return readdirSync('/proc/self/task').filter((tid) => {
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'latin1');
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(words[16]) < 0;
  });
}

describeNeeding([tracefs()], 'the first session of a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-hidden-'));
  afterAll(() => removeTree(folder));

  test('hides the threads that read its rings before it records', async () => {
    const directory = join(folder, 'session');
    mkdirSync(directory);
    const notes: string[] = [];
    const readers = new RingReaders();
    const session = new KernelSession({
      directory,
      readers,
      hidden: [],
      onNote: (_, text) => notes.push(text),
    });
    await session.apply(
      kernelFlight(1 << 20, 16_384, [{ kind: 'syscall', name: 'read', site: 'entry+exit' }]),
      undefined,
    );
    const instances = join(findTracefs(), 'instances');
    const name = readdirSync(instances).find((each) => each.includes(encodeURIComponent(directory)));
    const hidden = readFileSync(join(instances, name!, 'set_event_notrace_pid'), 'latin1').split('\n');
    const reading = favouredThreads();
    expect(reading).not.toEqual([]);
    expect(hidden).toEqual(expect.arrayContaining([...reading]));
    await session.finish();
    await readers.close();
    expect(notes).toEqual([]);
  });
});
