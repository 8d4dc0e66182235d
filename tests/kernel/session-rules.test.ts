// What sessions record of the kernel: rules that come while it records, filters, trackers, namespaces, probes.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  rmdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlClient, EventRule } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterEach, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { type TestDaemon, patientlyMs, until, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, numberedRule, writesIn } from '../support/numbered-writes.ts';
import { isOfStateDump, readEvents, type ReadEvent } from '../support/read-events.ts';
import { readByPeer } from '../support/recording.ts';
import { spoor } from '../support/spoor.ts';

const target = { session: 's', domain: 'kernel' } as const;

async function create(client: ControlClient): Promise<string> {
  const { session } = await client.call('create-session', { name: 's', mode: 'local' });
  if (session.output?.kind !== 'local') throw new Error('no output');
  return join(session.output.path, 'kernel');
}

const enable = (client: ControlClient, rule: EventRule) => client.call('enable-event', { ...target, rule });
const start = (client: ControlClient) => client.call('start-session', { session: 's' });
const destroy = (client: ControlClient) => client.call('destroy-session', { session: 's' });

/** Events of a trace, but for those of the state dump. */
function eventsIn(path: string): readonly ReadEvent[] {
  expect(readByPeer(path).stderr).toBe('');
  return readEvents(path).filter((event) => !isOfStateDump(event));
}

function instancesOf(daemon: TestDaemon): readonly string[] {
  return readdirSync(join(findTracefs(), 'instances')).filter((name) =>
    name.includes(encodeURIComponent(daemon.runDir)),
  );
}

describeNeeding(
  [tracefs(), command('babeltrace2'), command('gcc')],
  'what sessions record of the kernel',
  () => {
    afterEach(() => void sweepSessions(findTracefs()));

    test(
      'what is enabled again of the kernel is warned of, and the rest of the command is done',
      withDaemon(async (daemon) => {
        const client = await daemon.start();
        await create(client);
        const run = (...words: readonly string[]) =>
          spoor(['enable-event', '-k', '-s', 's', ...words], { env: daemon.environment });
        const created = 'kernel event * created in channel channel0\n';
        const warned = (what: string): string =>
          `spoor: kernel ${what} * is enabled already: channel channel0, session s\n`;
        expect(run('--syscall', '--all')).toMatchObject({ status: 0, stdout: created, stderr: '' });
        expect(run('--all')).toMatchObject({ status: 4, stdout: created, stderr: warned('system call') });
        const again = warned('event') + warned('system call');
        expect(run('--all')).toMatchObject({ status: 4, stdout: '', stderr: again });
        expect(run('--syscall', '--all')).toMatchObject({
          status: 4,
          stdout: '',
          stderr: warned('system call'),
        });
        await destroy(client);
      }),
      patientlyMs,
    );

    test(
      'rules and contexts that come while it records count from then on, and what was before stays',
      withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const kernel = await create(client);
        await enable(client, numberedRule(program));
        await start(client);
        await program.write(100);
        const filter = `$ctx.tid == ${program.child.pid}`;
        await enable(client, { kind: 'kernel-syscall', name: 'newfstat', site: 'exit', filter });
        await client.call('add-context', {
          ...target,
          contexts: ['procname', 'tid', 'callstack-kernel', 'callstack-user'],
        });
        await program.write(50);
        await client.call('disable-event', { ...target, name: 'write' });
        await program.write(9);
        await destroy(client);
        expect(writesIn(kernel)).toEqual(upTo(150));
        const late = eventsIn(kernel).filter(({ context }) => 'tid' in context);
        const writes = late.filter(({ name }) => name === 'syscall_entry_write');
        expect(writes).toHaveLength(50);
        for (const { context } of writes) {
          expect((context['callstack_kernel'] as unknown[]).length).toBeGreaterThan(2);
          expect((context['callstack_user'] as unknown[]).length).toBeGreaterThan(0);
        }
        expect(new Set(late.map(({ context }) => Number(context['tid'])))).toEqual(
          new Set([program.child.pid]),
        );
        expect(new Set(late.map(({ context }) => context['procname']))).toEqual(new Set(['node']));
      }),
      patientlyMs,
    );

    test(
      'what is refused is refused with a reason, before it records and while it does; nothing changes by it',
      withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const kernel = await create(client);
        const refused = async (): Promise<void> => {
          const sched = { kind: 'kernel-tracepoint', name: 'sched_swich' } as const;
          await expect(enable(client, sched)).rejects.toMatchObject({
            code: 'kernel/no-event',
            hint: 'did you mean sched_switch?',
          });
          await expect(
            client.call('add-context', { ...target, contexts: ['procnam'] }),
          ).rejects.toMatchObject({
            code: 'kernel/context',
          });
          const probe = { kind: 'kernel-uprobe', name: 'p', location: 'elf:/nowhere:main' } as const;
          await expect(enable(client, probe)).rejects.toMatchObject({ code: 'kernel/probe' });
          if (!existsSync(join(findTracefs(), 'kprobe_events'))) {
            const kprobe = { kind: 'kernel-kprobe', name: 'k', location: 'vfs_read' } as const;
            await expect(enable(client, kprobe)).rejects.toMatchObject({ code: 'kernel/no-probes' });
          }
          for (const rule of [
            { kind: 'kernel-tracepoint', name: 'sched_switch', filter: 'nothing_of_the_kind == 1' },
            { kind: 'kernel-tracepoint', name: 'sched_*', filter: 'prev_tid == "text"' },
            { kind: 'kernel-syscall', name: '*', site: 'exit', filter: 'fd == 1' },
          ] as const) {
            await expect(enable(client, rule)).rejects.toMatchObject({ code: 'kernel/filter' });
          }
        };
        await enable(client, numberedRule(program));
        await refused();
        await start(client);
        await program.write(10);
        await refused();
        await program.write(10);
        await destroy(client);
        expect(writesIn(kernel)).toEqual(upTo(20));
      }),
      patientlyMs,
    );

    test(
      'of a tracked process everything is there, of others nothing',
      withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        using other = new NumberedWrites();
        const client = await daemon.start();
        const kernel = await create(client);
        await enable(client, { kind: 'kernel-syscall', name: 'write', site: 'entry+exit' });
        await client.call('add-context', { ...target, contexts: ['pid', 'vpid'] });
        await client.call('track', { ...target, attribute: 'pid', values: [program.child.pid!] });
        await start(client);
        await other.write(20);
        await program.write(200);
        await destroy(client);
        const events = eventsIn(kernel);
        expect(new Set(events.map(({ context }) => Number(context['pid'])))).toEqual(
          new Set([program.child.pid]),
        );
        expect(writesIn(kernel).filter((number) => number >= 0)).toEqual(upTo(200));
        const count = (name: string): number => events.filter((event) => event.name === name).length;
        expect(Math.abs(count('syscall_entry_write') - count('syscall_exit_write'))).toBeLessThanOrEqual(1);
      }),
      patientlyMs,
    );

    test(
      'a filter over a PID namespace takes what happens in there, of processes that come later, too',
      withDaemon(async (daemon) => {
        using inside = new NumberedWrites(['unshare', '--pid', '--fork']);
        using outside = new NumberedWrites();
        await inside.write(0);
        const pid = inside.child.pid!;
        const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
        const namespace = /\d+/.exec(readlinkSync(`/proc/${child}/ns/pid`))![0];
        const client = await daemon.start();
        const kernel = await create(client);
        const filter = `$ctx.pid_ns == ${namespace} && count >= 20000`;
        await enable(client, { kind: 'kernel-syscall', name: 'write', site: 'entry', filter });
        await client.call('add-context', { ...target, contexts: ['pid_ns', 'vpid'] });
        await start(client);
        await outside.write(30);
        await inside.write(70);
        await destroy(client);
        expect(writesIn(kernel)).toEqual(upTo(70));
        for (const { context } of eventsIn(kernel)) {
          expect([Number(context['pid_ns']), Number(context['vpid'])]).toEqual([Number(namespace), 1]);
        }
      }),
      patientlyMs,
    );

    test(
      'a function of a program is probed, and the probe goes with the session',
      withDaemon(async (daemon) => {
        const folder = mkdtempSync(join(tmpdir(), 'spoor-session-probe-'));
        try {
          const path = join(folder, 'program');
          const text = `__attribute__((noinline)) int turn(int n) { __asm__ volatile("" ::: "memory"); return n * 3; }
int main(void) { int sum = 0; for (int n = 0; n < 7; n++) sum += turn(n); return sum == 63 ? 0 : 1; }`;
          compileC(path, text, '-O1');
          const client = await daemon.start();
          const kernel = await create(client);
          // Definitions are split at white space; it is said before the session is to start.
          const spaced = join(folder, 'my program');
          copyFileSync(path, spaced);
          await expect(
            enable(client, { kind: 'kernel-uprobe', name: 'spaced', location: `elf:${spaced}:turn` }),
          ).rejects.toMatchObject({ code: 'kernel/probe' });
          await enable(client, { kind: 'kernel-uprobe', name: 'my_turn', location: `elf:${path}:turn` });
          await start(client);
          const probes = (): string => readFileSync(join(findTracefs(), 'uprobe_events'), 'latin1');
          expect(probes()).toContain(path);
          expect(spawnSync(path).status).toBe(0);
          await destroy(client);
          const events = eventsIn(kernel);
          expect(events.map(({ name }) => name)).toEqual(Array.from({ length: 7 }, () => 'my_turn'));
          expect(Object.keys(events[0]!.fields)).toEqual(['ip']);
          expect(probes()).not.toContain(path);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      patientlyMs,
    );

    test(
      'sessions do not see each other; what a dead daemon left is swept, and nothing else',
      withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const first = await create(client);
        await enable(client, numberedRule(program));
        await start(client);
        await program.write(10);
        const { session } = await client.call('create-session', { name: 't', mode: 'local' });
        await client.call('enable-event', { session: 't', domain: 'kernel', rule: numberedRule(program) });
        await client.call('start-session', { session: 't' });
        await program.write(10);
        await destroy(client);
        await program.write(10);
        await client.call('stop-session', { session: 't' });
        if (session.output?.kind !== 'local') throw new Error('no output');
        expect(writesIn(first)).toEqual(upTo(20));
        expect(writesIn(join(session.output.path, 'kernel'))).toEqual(upTo(30).slice(10));
        const [left = ''] = instancesOf(daemon);
        const foreign = join(findTracefs(), 'instances', `spoortest-foreign-${process.pid}`);
        mkdirSync(foreign);
        try {
          expect(sweepSessions(findTracefs())).not.toContain(left);
          const consumer = daemon.consumerPid(session.id)!;
          await daemon.kill();
          process.kill(consumer, 'SIGKILL');
          rmSync(join(daemon.hub, 'sessions', String(session.id)), { recursive: true });
          await until('it is swept', () => {
            try {
              return sweepSessions(findTracefs()).includes(left);
            } catch {
              return false; // The killed consumer holds it for a moment.
            }
          });
          expect(instancesOf(daemon)).toEqual([]);
          expect(readdirSync(join(findTracefs(), 'instances'))).toContain(`spoortest-foreign-${process.pid}`);
        } finally {
          rmdirSync(foreign);
        }
      }),
      patientlyMs,
    );
  },
);
