// Members of root's group record the kernel, as with LTTng: what is written is theirs, and they get nobody else's files.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelTracepoint } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterEach, expect, test } from 'vitest';
import type { Finding } from '../../packages/cli/src/doctor/finding.ts';
import { patientlyMs, until, upTo, withDaemon } from '../support/daemon.ts';
import { withMember } from '../support/member.ts';
import { command, describeNeeding, otherUsers, otherUsersRun, tracefs } from '../support/needs.ts';
import { NumberedWrites, writesIn } from '../support/numbered-writes.ts';
import { readByPeer } from '../support/recording.ts';
import { spoor } from '../support/spoor.ts';

const { one, another } = otherUsers;

/** Users of a directory and of all in it. */
function ownersBelow(path: string): ReadonlySet<number> {
  const names = ['', ...readdirSync(path, { recursive: true, encoding: 'utf8' })];
  return new Set(names.map((name) => statSync(join(path, name)).uid));
}

/** The files with names of call stacks below a path. */
function namedStacksIn(path: string): string[] {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('symbols/callstacks.json'))
    .map((name) => readFileSync(join(path, name), 'utf8'));
}

describeNeeding([tracefs(), otherUsersRun(), command('babeltrace2')], "a member of root's group", () => {
  afterEach(() => void sweepSessions(findTracefs()));

  test(
    "sees what there is to be recorded, through root's daemon alone",
    withDaemon((daemon) => {
      const home = withMember(daemon);
      const env = { ...daemon.environment, HOME: home, LTTNG_HOME: home };
      const asMember = (...words: string[]) => spoor(words, { env, user: one });
      // Probes of other tests come and go, and with them events of the same names.
      const namesIn = (text: string): string[] =>
        [...text.matchAll(/^ {6}(\w+) \(type: \w+\) ?(?:\(kernel: (?:sched|irq|ext4|block):|$)/gm)].map(
          ([, name]) => name!,
        );
      for (const words of [
        ['list', '-k'],
        ['list', '-k', '--syscall'],
      ]) {
        const own = asMember(...words);
        expect([own.status, own.stderr], words.join(' ')).toEqual([0, '']);
        expect(namesIn(own.stdout).length).toBeGreaterThan(20);
        expect(namesIn(own.stdout)).toEqual(namesIn(spoor(words).stdout));
      }
      const { events } = JSON.parse(asMember('list', '-k', '--fields', '--json').stdout) as {
        readonly events: readonly KernelTracepoint[];
      };
      const names = events.find(({ name }) => name === 'irq_softirq_entry')?.fields?.[0]?.labels?.entries;
      expect(names?.[1]).toEqual({ value: 1, label: 'TIMER' });
      const statusOfTracefs = (uid: number): unknown => {
        const done = spoor(['doctor', '-k', '--json'], { env, user: uid });
        const { findings } = JSON.parse(done.stdout) as { readonly findings: readonly Finding[] };
        return findings
          .filter(({ id }) => ['tracefs', 'capabilities'].includes(id))
          .map(({ status }) => status);
      };
      expect(statusOfTracefs(one)).toEqual(['ok', 'ok']);
      expect(statusOfTracefs(another)).toEqual(['lack', 'lack']);
      const stranger = spoor(['list', '-k'], { env, user: another });
      expect([stranger.status, stranger.stdout]).toEqual([1, '']);
      expect(stranger.stderr).toContain('/sys/kernel/tracing may not be read');
      return Promise.resolve();
    }),
    patientlyMs,
  );

  test(
    'records the kernel, rotates and takes snapshots of it, into files of its own',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const home = withMember(daemon);
      const asMember = (...words: string[]) =>
        spoor([...words, '--no-sessiond'], {
          env: { ...daemon.environment, HOME: home, LTTNG_HOME: home },
          user: one,
        });
      const works = (...words: string[]): void => {
        const done = asMember(...words);
        expect([done.status, done.stderr], words.join(' ')).toEqual([0, '']);
      };
      const rule = ['--syscall', 'write', '--filter', `count >= 20000 && $ctx.tid == ${program.child.pid}`];
      const trace = join(home, 'trace');
      works('create', 's', '-o', trace);
      works('enable-event', '-k', '-s', 's', ...rule);
      works('start', 's');
      await program.write(50);
      works('rotate', 's');
      await program.write(50);
      const client = await daemon.connect();
      const { sessions } = await client.call('list-sessions', {});
      // Another consumer repairs what it finds with the same rights.
      process.kill(daemon.consumerPid(sessions[0]!.id)!, 'SIGKILL');
      works('stop', 's');
      works('destroy', 's');
      expect(writesIn(trace).filter((number) => number < 50)).toEqual(upTo(50));
      expect([...ownersBelow(trace)]).toEqual([one]);
      for (const chunk of readdirSync(join(trace, 'archives')))
        expect(readByPeer(join(trace, 'archives', chunk, 'kernel')).stderr).toBe('');

      works('create', 'flight', '--snapshot', '-o', join(home, 'shots'));
      works('enable-event', '-k', '-s', 'flight', ...rule);
      works('add-context', '-k', '-s', 'flight', '--type=callstack-kernel', '--type=callstack-user');
      works('start', 'flight');
      await program.write(10);
      works('snapshot', 'record', '-s', 'flight');
      const shots = join(home, 'shots');
      expect(writesIn(shots)).toEqual(upTo(110).slice(100));
      // Names of call stacks are looked for and written with their rights, too.
      expect(namedStacksIn(shots)).toEqual([expect.stringContaining('syscall')]);
      expect([...ownersBelow(shots)]).toEqual([one]);

      works(
        'add-trigger',
        '--name=k',
        '--condition=event-rule-matches',
        '--type=kernel:syscall',
        '--name=getpid',
        '--action=notify',
      );
      // The kernel opens the file of such a probe with its own rights.
      for (const words of [
        ['enable-event', '-k', '-s', 'flight', '--userspace-probe=elf:/bin/sh:main', 'p'],
        [
          'add-trigger',
          '--condition=event-rule-matches',
          '--type=kernel:uprobe',
          '--location=elf:/bin/sh:main',
          '--event-name=p',
          '--action=notify',
        ],
      ]) {
        const refused = asMember(...words);
        expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('only root may ask')]);
      }
      works('destroy', 'flight');
    }),
    patientlyMs,
  );

  test(
    'has the pages of raw channels wait in files of its own, also for the next consumer',
    withDaemon(async (daemon) => {
      using program = new NumberedWrites();
      const home = withMember(daemon);
      const env = { ...daemon.environment, HOME: home, LTTNG_HOME: home };
      const works = (...words: string[]): void => {
        const done = spoor([...words, '--no-sessiond'], { env, user: one });
        expect([done.status, done.stderr], words.join(' ')).toEqual([0, '']);
      };
      const trace = join(home, 'raw');
      works('create', 's', '-o', trace);
      works('enable-channel', '-k', '-s', 's', '--raw', '--num-subbuf', '32', 'c');
      const filter = `count >= 20000 && $ctx.tid == ${program.child.pid}`;
      works('enable-event', '-k', '-s', 's', '-c', 'c', '--syscall', 'write', '--filter', filter);
      works('start', 's');
      await program.write(150_000);
      const waits = (): boolean => readdirSync(trace).some((name) => name.startsWith('.kernel-pages-'));
      await until('pages wait', waits);
      expect([...ownersBelow(trace)]).toEqual([one]);
      const client = await daemon.connect();
      const { sessions } = await client.call('list-sessions', {});
      process.kill(daemon.consumerPid(sessions[0]!.id)!, 'SIGKILL');
      await program.write(50);
      works('stop', 's');
      works('destroy', 's');
      expect(writesIn(trace)).toEqual(upTo(150_050));
      expect(waits()).toBe(false);
      expect([...ownersBelow(trace)]).toEqual([one]);
    }),
    patientlyMs,
  );
});
