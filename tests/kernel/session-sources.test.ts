// What channels of the kernel record beside what their rings hold: its log, counters, texts of system calls.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterEach, expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, withDaemon } from '../support/daemon.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { isOfStateDump, readEvents, type ReadEvent } from '../support/read-events.ts';
import { readByPeer } from '../support/recording.ts';

const target = { session: 's', domain: 'kernel', channel: 'c' } as const;

function eventsIn(path: string): readonly ReadEvent[] {
  expect(readByPeer(path).stderr).toBe('');
  // Its text tells of packets that seem to be missing, which its counter does not.
  expect(babeltrace2([path]).stderr).toBe('');
  return readEvents(path).filter((event) => !isOfStateDump(event));
}

/** Lines of the log that tests wrote, in their order. */
const linesOf = (events: readonly ReadEvent[], mark: string): readonly string[] =>
  events
    .filter(({ name, fields }) => name === 'kmsg' && String(fields['text']).startsWith(mark))
    .map(({ fields }) => String(fields['text']));

const log = (text: string): void => writeFileSync('/dev/kmsg', `<6>${text}\n`);

async function create(daemon: TestDaemon) {
  const client = await daemon.start();
  const { session } = await client.call('create-session', { name: 's', mode: 'local' });
  if (session.output?.kind !== 'local') throw new Error('no output');
  return { client, path: session.output.path };
}

describeNeeding([tracefs(), command('babeltrace2')], 'what channels of the kernel record beside', () => {
  afterEach(() => void sweepSessions(findTracefs()));

  test(
    'the log and counters, over a rotation and a pause',
    withDaemon(async (daemon) => {
      const mark = `spoor test ${process.pid} ${Date.now()}`;
      const { client, path } = await create(daemon);
      const attributes = {
        kernelLog: true,
        counters: ['context-switches', 'softirqs'],
        countersIntervalMs: 10,
      };
      await client.call('enable-channel', { ...target, attributes });
      await client.call('enable-event', {
        ...target,
        rule: { kind: 'kernel-tracepoint', name: 'sched_process_exec' },
      });
      log(`${mark} before`);
      await client.call('start-session', { session: 's' });
      log(`${mark} one`);
      spawnSync('true');
      await client.call('rotate-session', { session: 's', wait: true });
      log(`${mark} two`);
      await client.call('stop-session', { session: 's' });
      log(`${mark} paused`);
      await client.call('start-session', { session: 's' });
      log(`${mark} three`);
      await client.call('destroy-session', { session: 's' });
      const events = eventsIn(path);
      expect(linesOf(events, mark)).toEqual(['one', 'two', 'three'].map((text) => `${mark} ${text}`));
      const names = new Set(events.map(({ name }) => name));
      expect(names).toContain('sched_process_exec');
      expect(names).toContain('softirq_counters');
      const switches = events.filter(({ name }) => name === 'perf_counters_cpu');
      expect(switches.length).toBeGreaterThan(1);
      for (const { ownContext } of switches)
        expect(Number(ownContext['perf_cpu_context_switches'])).toBeGreaterThanOrEqual(0);
    }),
    patientlyMs,
  );

  test(
    'texts of system calls, and filters on them',
    withDaemon(async (daemon) => {
      const { client, path } = await create(daemon);
      await client.call('enable-channel', { ...target, attributes: { syscallStrings: true } });
      const wanted = join(daemon.runDir, 'no-such-file');
      await client.call('enable-event', {
        ...target,
        rule: { kind: 'kernel-syscall', name: 'openat', site: 'entry', filter: `filename == "${wanted}"` },
      });
      await client.call('start-session', { session: 's' });
      for (const name of [wanted, '/dev/null', wanted]) spawnSync('cat', [name]);
      await client.call('destroy-session', { session: 's' });
      const texts = eventsIn(path).map(({ fields }) => fields['filename']);
      // A thread that changes processors between probe and call has none.
      expect(texts.length).toBeGreaterThan(0);
      expect(new Set(texts)).toEqual(new Set([wanted]));
    }),
    patientlyMs,
  );

  test(
    'what cannot be is refused, and changes nothing',
    withDaemon(async (daemon) => {
      const { client } = await create(daemon);
      const make = (attributes: object, domain: 'user' | 'kernel' = 'kernel') =>
        client.call('enable-channel', { ...target, domain, attributes });
      await expect(make({ kernelLog: true }, 'user')).rejects.toThrow('are of the kernel: -k');
      await expect(make({ counters: ['no-such-counter'] })).rejects.toThrow('there is no counter');
      await expect(make({ countersIntervalMs: 5 })).rejects.toThrow('needs counters');
      await client.call('create-session', { name: 'm', mode: 'snapshot' });
      const inMemory = { ...target, session: 'm', attributes: { kernelLog: true } };
      await expect(client.call('enable-channel', inMemory)).rejects.toThrow('in memory');
      const { session } = await client.call('get-session', { session: 's' });
      expect(session.channels).toEqual([]);
    }),
    patientlyMs,
  );
});
