// Triggers whose events are the kernel's: a real daemon, the real kernel.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import type { TriggerNotification, TriggerRequest } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { LOG_LEVELS } from '@spoor/tracer/names';
import { readTriggerArguments } from '@spoor/trigger';
import { afterEach, expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites } from '../support/numbered-writes.ts';

const context = {
  levels: LOG_LEVELS,
  resolvePath: (path: string) => path,
  resolvePlace: (text: string) => text,
};
const triggerOf = (...args: readonly string[]): TriggerRequest => readTriggerArguments(args, context);
const matches = '--condition=event-rule-matches';

function instancesOf(daemon: TestDaemon): readonly string[] {
  return readdirSync(join(findTracefs(), 'instances')).filter((name) =>
    name.includes(encodeURIComponent(daemon.runDir)),
  );
}

async function listen(daemon: TestDaemon): Promise<readonly TriggerNotification[]> {
  const told: TriggerNotification[] = [];
  const client = await daemon.connect();
  const notifications = await client.notifications('trigger');
  void (async () => {
    for await (const one of notifications) if (one.topic === 'trigger') told.push(one.notification);
  })();
  return told;
}

/** A program of another name, which nobody else runs. */
function ownProgram(daemon: TestDaemon): string {
  const path = join(daemon.home, 'own-program');
  copyFileSync('/bin/true', path);
  return path;
}

describeNeeding([tracefs()], 'triggers on events of the kernel', () => {
  // Daemons of tests are killed; what they had in the kernel belongs to directories that are gone.
  afterEach(() => void sweepSessions(findTracefs()));

  test(
    'the start of a program is told, with what is captured, and a flight recorder of the kernel is written',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const told = await listen(daemon);
      const program = ownProgram(daemon);
      const path = join(daemon.home, 'flight');
      const output = { kind: 'local', path } as const;
      await client.call('create-session', { name: 'flight', mode: 'snapshot', output });
      const rule = { kind: 'kernel-tracepoint', name: 'sched_process_exec' } as const;
      await client.call('enable-event', { session: 'flight', domain: 'kernel', rule });
      await client.call('start-session', { session: 'flight' });
      const command = `cat > ${join(daemon.home, 'heard.json')}`;
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=begun',
          matches,
          '--type=kernel:tracepoint',
          '--name=sched_process_exec',
          '--filter',
          `filename == "${program}"`,
          '--capture=filename',
          '--capture=$ctx.procname',
          '--action=notify',
          '--action=snapshot-session',
          'flight',
          '--action=exec',
          command,
        ),
      );
      expect(instancesOf(daemon)).toHaveLength(2);
      const before = Date.now();
      execFileSync('/bin/true');
      execFileSync(program);
      await until('it is told', () => told.length > 0);
      const [{ timeNs, event, captures }] = told as [TriggerNotification];
      expect(captures).toEqual([
        { expression: 'filename', value: program },
        { expression: '$ctx.procname', value: 'own-program' },
      ]);
      expect(event).toMatchObject({ name: 'sched_process_exec', procname: 'own-program' });
      // Clocks of the wall may be set meanwhile: minutes, not milliseconds.
      expect(Math.abs(Number(BigInt(timeNs) / 1_000_000n) - before)).toBeLessThan(600_000);
      await until('all is done', async () => {
        const { status } = await client.call('list-triggers', {});
        return status[0]!.actions.every(({ executionCount }) => executionCount === 1);
      });
      expect(JSON.parse(readFileSync(join(daemon.home, 'heard.json'), 'utf8'))).toMatchObject({
        trigger: 'begun',
        captures,
      });
      const [snapshot] = readdirSync(path);
      const begun: string[] = [];
      for (const one of openTrace(join(path, snapshot!)).events()) {
        if (one.name === 'sched_process_exec') begun.push(JSON.stringify(one.payload()?.['filename']));
      }
      expect(begun).toContain(JSON.stringify(program));
      expect(told).toHaveLength(1);
      await client.call('remove-trigger', { name: 'begun' });
      await until('the instance is gone', () => instancesOf(daemon).length === 1);
    }),
    patientlyMs,
  );

  test(
    'calls are told one by one in their order, counted, and measured from their entry to their exit',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const told = await listen(daemon);
      const own = `count >= 20000 && $ctx.tid == ${program.child.pid}`;
      await client.call('create-session', { name: 's', mode: 'no-output' });
      const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
      await client.call('enable-event', { session: 's', domain: 'user', rule });
      await client.call('add-map', {
        session: 's',
        name: 'm',
        ownership: 'user',
        valueType: 'signed-int-64',
        maxKeys: 10,
        updatePolicy: 'per-event',
        deadProcessPolicy: 'sum-into-shared',
      });
      await client.call('start-session', { session: 's' });
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=each',
          matches,
          '--type=kernel:syscall:entry',
          '--name=write',
          '--filter',
          own,
          '--capture=count',
          '--action=notify',
          '--action=incr-map-value',
          '--session=s',
          '--channel=m',
          '--key={event_name}',
        ),
      );
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=rate',
          '--condition=event-rate-ge',
          '--type=syscall:entry',
          '--name=write',
          '--filter',
          own,
          '--threshold-count=150',
          '--period=10m',
          '--action=notify',
        ),
      );
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=long',
          '--condition=span-duration-ge',
          '--threshold-time=0.01us',
          '--scope=thread',
          '--begin-type=syscall:entry',
          '--begin-name=write',
          '--begin-filter',
          own,
          '--end-type=syscall:exit',
          '--end-name=write',
          '--end-filter',
          `ret >= 20000 && $ctx.tid == ${program.child.pid}`,
          '--capture=ret',
          '--action=notify',
        ),
      );
      await program.write(200);
      const of = (name: string): readonly TriggerNotification[] =>
        told.filter(({ trigger }) => trigger === name);
      await until('all are told', () => of('each').length === 200 && of('rate').length === 1);
      expect(of('each').map(({ captures }) => captures[0]?.value)).toEqual(
        Array.from({ length: 200 }, (_, index) => 20_000 + index),
      );
      const { values } = await client.call('get-map-values', { session: 's' });
      expect(values).toMatchObject([{ key: 'syscall_entry_write', value: 200 }]);
      await until('all calls were that long', () => of('long').length === 200);
      for (const { measured, event, end } of of('long')) {
        expect(Number(measured['durationNs'])).toBeGreaterThanOrEqual(10);
        expect([event?.name, end?.name]).toEqual(['syscall_entry_write', 'syscall_exit_write']);
      }
    }),
    patientlyMs,
  );

  test(
    'nothing is forgotten by who takes the place of a killed daemon',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=each',
          matches,
          '--type=kernel:syscall:entry',
          '--name=write',
          '--filter',
          `count >= 20000 && $ctx.tid == ${program.child.pid}`,
          '--action=notify',
        ),
      );
      await daemon.kill();
      await program.write(50);
      const next = await daemon.start();
      await until('all are looked at', async () => {
        const { status } = await next.call('list-triggers', {});
        return status[0]!.firedCount === 50;
      });
      await next.call('remove-trigger', { name: 'each' });
      await until('the instance is gone', () => instancesOf(daemon).length === 0);
    }),
    patientlyMs,
  );

  test(
    'what the kernel does not have is refused, and leaves nothing behind',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const add = (...args: readonly string[]) =>
        client.call('add-trigger', triggerOf(...args, '--action=notify'));
      const type = ['--type=kernel', '--name=sched_process_exec'];
      await expect(add(matches, '--type=kernel', '--name=sched_process_exek')).rejects.toMatchObject({
        code: 'kernel/no-event',
      });
      await expect(add(matches, ...type, '--filter=nothing == 5')).rejects.toMatchObject({
        code: 'kernel/filter',
      });
      await expect(add(matches, ...type, '--capture=nothing')).rejects.toMatchObject({
        code: 'trigger/capture',
      });
      await expect(add(matches, ...type, '--capture=$ctx.nothing')).rejects.toMatchObject({
        code: 'kernel/context',
      });
      await expect(
        add(
          '--condition=span-duration-ge',
          '--threshold-time=1s',
          '--begin-name=a:b',
          '--end-type=kernel',
          '--end-name=x',
        ),
      ).rejects.toMatchObject({ code: 'trigger/domain' });
      expect((await client.call('list-triggers', {})).triggers).toEqual([]);
      expect(instancesOf(daemon)).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'rings of the kernel that are full enough, and what a session of the kernel has written',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const client = await daemon.start();
      const told = await listen(daemon);
      const rule = { kind: 'kernel-syscall', name: 'write', site: 'entry' } as const;
      for (const [session, mode] of [
        ['full', 'no-output'],
        ['long', 'local'],
      ] as const) {
        const output = { kind: 'local', path: join(daemon.home, session) } as const;
        await client.call('create-session', { name: session, mode, ...(mode === 'local' ? { output } : {}) });
        await client.call('enable-event', { session, domain: 'kernel', channel: 'c', rule });
        await client.call('start-session', { session });
      }
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=used',
          '--condition=channel-buffer-usage-ge',
          '--session=full',
          '--channel=c',
          '--domain=kernel',
          '--threshold-size=4k',
          '--action=notify',
          '--action=stop-session',
          'full',
        ),
      );
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=other',
          '--condition=channel-buffer-usage-ge',
          '--session=full',
          '--channel=c',
          '--domain=user',
          '--threshold-size=0',
          '--action=notify',
        ),
      );
      await client.call(
        'add-trigger',
        triggerOf(
          '--name=written',
          '--condition=session-consumed-size-ge',
          '--session=long',
          '--threshold-size=4k',
          '--action=notify',
          '--action=rotate-session',
          'long',
        ),
      );
      await program.write(3000);
      await until('both are told', () => told.length >= 2);
      expect(told.map(({ trigger }) => trigger).sort()).toEqual(['used', 'written']);
      await until('it is rotated and stopped', async () => {
        const { sessions } = await client.call('list-sessions', {});
        const isStopped = sessions.some(({ name, isActive }) => name === 'full' && !isActive);
        return isStopped && existsSync(join(daemon.home, 'long', 'archives'));
      });
    }),
    patientlyMs,
  );
});
