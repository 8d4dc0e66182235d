// Containers in sessions of the kernel: a control group with the name of a container and a PID namespace, made by hand.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterEach, expect, test } from 'vitest';
import { controlGroups, hierarchyWith } from '../support/control-groups.ts';
import { patientlyMs, type TestDaemon, until, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { NumberedWrites, writesIn } from '../support/numbered-writes.ts';
import { spoor } from '../support/spoor.ts';

/** A hierarchy that groups can be made in: the one of version 2, or one of version 1. */
const hierarchy = hierarchyWith('/sys/fs/cgroup/cgroup.controllers', '/sys/fs/cgroup/freezer/cgroup.procs');

/** A process in a container, as far as Spoor can tell. */
class Contained {
  readonly id: string = randomBytes(32).toString('hex');
  readonly writes: NumberedWrites;
  private readonly group: string;

  constructor(parent: string) {
    this.group = join(parent, `docker-${this.id}.scope`);
    mkdirSync(this.group);
    const enter = `echo $$ > ${this.group}/cgroup.procs && exec unshare --pid --fork --kill-child "$@"`;
    this.writes = new NumberedWrites(['sh', '-c', enter, 'container']);
  }

  /** The first process in its PID namespace, as the host numbers it. */
  get firstPid(): number {
    const { pid } = this.writes.child;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1'));
  }

  async end(): Promise<void> {
    this.writes.child.kill('SIGKILL');
    await until(
      'the container is over',
      () => readFileSync(join(this.group, 'cgroup.procs'), 'latin1') === '',
    );
    rmdirSync(this.group);
  }
}

async function create(client: ControlClient): Promise<string> {
  const { session } = await client.call('create-session', { name: 's', mode: 'local' });
  if (session.output?.kind !== 'local') throw new Error('no output');
  return join(session.output.path, 'kernel');
}

async function check(daemon: TestDaemon, container: Contained): Promise<void> {
  const { id, writes: inside } = container;
  using outside = new NumberedWrites();
  await inside.write(0);
  const client = await daemon.start();
  const run = (...line: readonly string[]): string => {
    const { status, stdout, stderr } = spoor(line, { env: daemon.environment });
    expect(status, stderr).toBe(0);
    return stdout;
  };
  const refused = (...line: readonly string[]): string => spoor(line, { env: daemon.environment }).stderr;
  const enable = (...more: readonly string[]): string => {
    const rule = ['--syscall', 'write', '--site', 'entry', '--filter', 'count >= 20000'];
    return run('enable-event', '-k', '-s', 's', ...rule, ...more);
  };
  const inSession = (verb: string, ...more: readonly string[]): string => run(verb, '-k', '-s', 's', ...more);

  const kernel = await create(client);
  enable('--container', id.slice(0, 12));
  await client.call('start-session', { session: 's' });
  await outside.write(30);
  await inside.write(20);
  await client.call('destroy-session', { session: 's' });
  expect(writesIn(kernel)).toEqual(upTo(20));

  const second = await create(client);
  enable();
  expect(inSession('track', '--container', id)).toMatch(
    /^Added \d+ to the PID namespace tracker inclusion set\n$/,
  );
  expect(run('list', 's')).toMatch(/PID namespaces: +\d+\n/);
  await client.call('start-session', { session: 's' });
  await outside.write(10);
  await inside.write(40);
  inSession('untrack', '--container', id);
  await inside.write(3);
  inSession('track', '--pid-ns', '--all');
  await outside.write(5);
  await client.call('destroy-session', { session: 's' });
  // When all is tracked, large calls of others are taken as well.
  expect(writesIn(second).filter((number) => number < 1000)).toEqual([
    ...upTo(60).slice(20),
    ...upTo(45).slice(40),
  ]);

  await create(client);
  expect(refused('track', '-k', '-s', 's', '--container', 'none')).toContain('no container "none"');
  expect(refused('track', '-u', '-s', 's', '--container', id)).toContain('--cgroup');
  expect(refused('track', '-u', '-s', 's', '--pid-ns', '7')).toContain('in the kernel alone');
  expect(refused('enable-event', '-u', '-s', 's', 'x', '--container', id)).toContain('--cgroup');
}

/** Has a shell enter the container, and have writes done by a child; both are over before anybody looks. */
async function checkEntering(daemon: TestDaemon, container: Contained): Promise<void> {
  await container.writes.write(0);
  const client = await daemon.start();
  const kernel = await create(client);
  const filter = `count >= 20000 && $ctx.pid_ns == ${namespaceOf(container.firstPid)}`;
  await client.call('enable-event', {
    session: 's',
    domain: 'kernel',
    rule: { kind: 'kernel-syscall', name: 'write', site: 'entry', filter },
  });
  await client.call('start-session', { session: 's' });
  const script = 'read line; dd if=/dev/zero of=/dev/null bs=20007 count=1 status=none; true';
  const words = ['-t', String(container.firstPid), '-p', 'sh', '-c', script];
  const entering = spawn('nsenter', words, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(entering, 'exit');
  const instances = join(findTracefs(), 'instances');
  await until('who entered is recorded', () => {
    const name = readdirSync(instances).find((entry) => entry.includes(encodeURIComponent(daemon.runDir)))!;
    const recorded = readFileSync(join(instances, name, 'set_event_pid'), 'latin1').split('\n');
    const { pid } = entering;
    const inside = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    return inside !== '' && recorded.includes(inside);
  });
  entering.stdin.end('go\n');
  await ended;
  await client.call('destroy-session', { session: 's' });
  expect(writesIn(kernel)).toEqual([7]);
}

function namespaceOf(pid: number): number {
  return statSync(`/proc/${pid}/ns/pid`).ino;
}

const needs = [
  tracefs(),
  controlGroups(hierarchy, 'control groups cannot be made here'),
  command('unshare'),
  command('nsenter'),
];

describeNeeding(needs, 'containers in sessions', () => {
  afterEach(() => void sweepSessions(findTracefs()));

  const inContainer = (look: typeof check): (() => Promise<void>) =>
    withDaemon(async (daemon) => {
      const container = new Contained(hierarchy!);
      try {
        await look(daemon, container);
      } finally {
        await container.end();
      }
    });

  test('are chosen by their ids, for a rule and for a session', inContainer(check), patientlyMs);

  test(
    'who enters is recorded, with children that are over at once',
    inContainer(checkEntering),
    patientlyMs,
  );
});
