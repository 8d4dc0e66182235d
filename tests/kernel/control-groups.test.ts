// Control groups and containers in contexts: processes that move between groups of their own, held against their folders.
import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, expect, test } from 'vitest';
import { controlGroups, hierarchyWith } from '../support/control-groups.ts';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { describeNeeding, tracefs } from '../support/needs.ts';
import { until } from '../support/recording.ts';
import { removeTree } from '../support/removal.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';

/** Where groups of version 2 can be made. */
const hierarchy = hierarchyWith(
  '/sys/fs/cgroup/cgroup.controllers',
  '/sys/fs/cgroup/unified/cgroup.controllers',
);

/**
 * A call with a number of its own, again and again, in each phase: in a group, in a child of who is in the container's, in
 * a program that this executes, and in the first group again. Each ends when its file is there.
 */
const program = `
folder=$1; plain=$2; container=$3
phase() { while [ ! -e "$folder/go$1" ]; do umask "00$1"; sleep 0.05; done; }
if [ -n "$4" ]; then phase "$4"; exit; fi
echo $$ > "$plain/cgroup.procs"
phase 1
echo $$ > "$container/cgroup.procs"
( phase 2 )
sh "$0" "$folder" "$plain" "$container" 3
echo $$ > "$plain/cgroup.procs"
phase 4
`;

/** What the contexts of the events of each phase say, in order. */
function seen(trace: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  if (!existsSync(join(trace, 'metadata'))) return found;
  try {
    for (const event of openTrace(trace).events()) {
      if (event.name !== 'syscall_entry_umask') continue;
      const phase = Number(event.field('mask'));
      const { cgroup_id: group, container_id: container } = (event.commonContext() ?? {}) as Record<
        string,
        unknown
      >;
      const of = found.get(phase) ?? [];
      found.set(phase, of);
      of.push(`${String(group)} ${String(container)}`);
    }
  } catch (error) {
    // What is half written tells nothing yet.
    if (!(error instanceof SpoorError)) throw error;
  }
  return found;
}

const needs = [tracefs(), controlGroups(hierarchy, 'control groups of version 2 cannot be made here')];

describeNeeding(needs, 'contexts of control groups', () => {
  const id = randomBytes(32).toString('hex');
  const folders: string[] = [];
  const groups: string[] = [];
  afterEach(async () => {
    for (const group of groups.splice(0)) {
      await until(() => readFileSync(join(group, 'cgroup.procs'), 'latin1') === '');
      rmdirSync(group);
    }
    sweepSessions(findTracefs());
  });
  afterAll(() => folders.forEach(removeTree));

  /** A folder for files, a group, and one that is called as a container's. */
  function makePlaces(): { readonly folder: string; readonly plain: string; readonly container: string } {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-control-groups-'));
    folders.push(folder);
    const plain = join(hierarchy!, `spoortest-plain-${process.pid}`);
    const container = join(hierarchy!, `docker-${id}.scope`);
    for (const group of [plain, container]) {
      mkdirSync(group);
      groups.push(group);
    }
    writeFileSync(join(folder, 'program.sh'), program);
    return { folder, plain, container };
  }

  const inodeOf = (group: string): number => statSync(group).ino;

  /** Goes through all phases, each until the recording has an event of it that is as it should be. */
  async function goThrough(folder: string, isRight: (phase: number) => boolean): Promise<void> {
    try {
      for (const phase of [1, 2, 3, 4]) {
        await until(() => isRight(phase));
        writeFileSync(join(folder, `go${phase}`), '');
      }
    } finally {
      for (const phase of [1, 2, 3, 4, 5]) writeFileSync(join(folder, `go${phase}`), '');
    }
  }

  test(
    'are those that a process is in, wherever it moves, with its children and what they execute',
    async () => {
      const { folder, plain, container } = makePlaces();
      const trace = join(folder, 'trace');
      const line = ['sh', join(folder, 'program.sh'), folder, plain, container];
      const contexts = ['--kernel-context', 'cgroup_id,container_id'];
      const options = ['--no-auto', '--kernel-events', 'syscall_entry_umask', ...contexts, '-o', trace];
      const child = spawn(process.execPath, [spoorProgram, 'record', ...options, '--', ...line], {
        stdio: 'ignore',
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const outside = `${inodeOf(plain)} `;
      const inside = `${inodeOf(container)} ${id.slice(0, 12)}`;
      const wanted = new Map([
        [1, outside],
        [2, inside],
        [3, inside],
        [4, outside],
      ]);
      try {
        await goThrough(
          folder,
          (phase) => seen(join(trace, 'kernel')).get(phase)?.at(-1) === wanted.get(phase),
        );
      } finally {
        expect(await ended).toBe(0);
      }
      const found = seen(join(trace, 'kernel'));
      for (const [phase, value] of wanted) expect(found.get(phase)?.at(-1), `phase ${phase}`).toBe(value);
    },
    patientlyMs,
  );

  test(
    'choose events in sessions',
    withDaemon(async (daemon) => {
      const { folder, plain, container } = makePlaces();
      const client = await daemon.start();
      const run = (...words: readonly string[]): string => {
        const { status, stdout, stderr } = spoor(words, { env: daemon.environment });
        expect(status, stderr).toBe(0);
        return stdout;
      };
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      if (session.output?.kind !== 'local') throw new Error('no output');
      const trace = join(session.output.path, 'kernel');
      const filter = `$ctx.cgroup_id == ${inodeOf(container)} && $ctx.container_id == "${id.slice(0, 6)}*"`;
      run('enable-event', '-k', '-s', 's', '--syscall', 'umask', '--site', 'entry', '--filter', filter);
      run('add-context', '-k', '-s', 's', '-t', 'cgroup_id', '-t', 'container_id');
      expect(run('add-context', '-k', '--list').split('\n')).toEqual(
        expect.arrayContaining(['cgroup_id', 'container_id']),
      );
      run('start', 's');
      const line = [join(folder, 'program.sh'), folder, plain, container];
      const ended = [line, [...line, '5']].map((words) => {
        const child = spawn('sh', words, { stdio: 'ignore' });
        return new Promise((resolve) => child.once('close', resolve));
      });
      const isInside = (phase: number): boolean => phase === 2 || phase === 3;
      try {
        await goThrough(folder, (phase) => !isInside(phase) || seen(trace).has(phase));
      } finally {
        await Promise.all(ended);
      }
      await client.call('destroy-session', { session: 's' });
      const found = seen(trace);
      // Who was never in the container did the same beside.
      expect(found.has(5)).toBe(false);
      expect(new Set([2, 3].flatMap((phase) => found.get(phase)!))).toEqual(
        new Set([`${inodeOf(container)} ${id.slice(0, 12)}`]),
      );
    }),
    patientlyMs,
  );
});
