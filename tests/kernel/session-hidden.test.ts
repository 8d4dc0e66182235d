// What sessions of the kernel leave out of their traces: those who record.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Kernel from '@spoor/kernel/node';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openTrace } from '@spoor/components/node';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { kernelFlight } from '../support/kernel-flight.ts';
import { repoRoot } from '../support/machine.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

/** As it is built, for it starts threads. */
const { findTracefs, KernelSession, RingReaders, sweepSessions } = (await import(
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

/** What the kernel is told to leave out of the channel of a session, whose directories lie below a folder. */
function hiddenThreads(folder: string): readonly string[] {
  const instances = join(findTracefs(), 'instances');
  const name = readdirSync(instances).find((each) => each.includes(encodeURIComponent(folder)));
  return readFileSync(join(instances, name!, 'set_event_notrace_pid'), 'latin1')
    .trim()
    .split('\n');
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
    const reading = favouredThreads();
    expect(reading).not.toEqual([]);
    expect(hiddenThreads(directory)).toEqual(expect.arrayContaining([...reading]));
    await session.finish();
    await readers.close();
    expect(notes).toEqual([]);
  });
});

/** What events tell of threads other than the one that makes them: who is woken, and who runs next. */
const ofOthers: Readonly<Record<string, string>> = {
  sched_switch: 'next_tid',
  sched_waking: 'tid',
  sched_wakeup: 'tid',
  sched_migrate_task: 'tid',
};

describeNeeding([tracefs()], 'a flight recorder of all that happens', () => {
  afterEach(() => void sweepSessions(findTracefs()));

  test(
    'has nothing of its daemon and consumer but what they do to others',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const target = { session: 's', domain: 'kernel' } as const;
      const { session } = await client.call('create-session', { name: 's', mode: 'snapshot' });
      await client.call('enable-event', {
        ...target,
        rule: { kind: 'kernel-syscall', name: '*', site: 'entry+exit' },
      });
      for (const name of ['sched_*', 'irq_*', 'timer_*', 'kmem_*']) {
        await client.call('enable-event', { ...target, rule: { kind: 'kernel-tracepoint', name } });
      }
      await client.call('add-context', { ...target, contexts: ['tid', 'procname'] });
      await client.call('start-session', { session: 's' });
      const recorder = [daemon.pid!, daemon.consumerPid(session.id)!];
      const threads = recorder.flatMap((pid) => readdirSync(`/proc/${pid}/task`));
      // Threads that begin later are hidden a moment later.
      const own = new Set(
        hiddenThreads(daemon.hub).flatMap((tid) => (threads.includes(tid) ? [Number(tid)] : [])),
      );
      expect([...own]).toEqual(expect.arrayContaining(recorder));
      const ofRecorder: string[] = [];
      let count = 0;
      for (let snapshot = 0; snapshot < 3; snapshot += 1) {
        spawnSync('sh', ['-c', 'for i in 1 2 3 4 5; do ls / > /dev/null; done']);
        const { snapshots } = await client.call('record-snapshot', { session: 's' });
        for (const event of openTrace(snapshots[0]!.path).events()) {
          count += 1;
          const { tid, procname } = event.commonContext() ?? {};
          if (!own.has(Number(tid))) continue;
          const other = ofOthers[event.name];
          if (other !== undefined && !own.has(Number(event.payload()[other]))) continue;
          ofRecorder.push(`${event.name} of ${procname as string}`);
        }
      }
      expect(ofRecorder).toEqual([]);
      expect(count).toBeGreaterThan(1000);
      await client.call('destroy-session', { session: 's' });
    }),
    patientlyMs,
  );
});
