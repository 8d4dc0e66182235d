// `spoor doctor` on machines that lack something, made by namespaces; each remedy it names is run and must mend the lack.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownFacilities } from '@spoor/kernel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../packages/cli/src/doctor/finding.ts';
import { command, describeNeeding, otherUsersRun, root, tracefs } from './support/needs.ts';
import { repoRoot } from './support/machine.ts';
import { spoor, spoorProgram } from './support/spoor.ts';

interface Diagnosis {
  readonly isHealthy: boolean;
  readonly findings: readonly Finding[];
}

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'spoor-doctor-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Writes the remedies of some findings as a shell script: what stands before and behind the command is for people. */
const remediesProgram = `
const { findings } = JSON.parse(require('node:fs').readFileSync(process.argv[2], 'utf8'));
for (const { id, remedy } of findings) {
  if (process.argv.slice(3).includes(id)) console.log(remedy.replace(/^as root: /, '').replace(/ \\(.*\\)$/, ''));
}`;

/** Has doctor look at a machine made by `setup`, runs the remedies of `ids`, and has it look again. */
function twice(setup: readonly string[], ids: readonly string[], options = ''): readonly Diagnosis[] {
  writeFileSync(join(dir, 'remedies.cjs'), remediesProgram);
  const doctor = (file: string): string =>
    `'${process.execPath}' '${spoorProgram}' doctor ${options} --json >${file}; echo $? >${file}.status`;
  const script = [
    `cd '${dir}'`,
    'export LTTNG_HOME=$PWD/home TMPDIR=$PWD; mkdir -p home',
    'unset LTTNG_RUNDIR SPOOR_RUN_DIR',
    ...setup,
    doctor('before'),
    `'${process.execPath}' remedies.cjs before ${ids.join(' ')} >remedies.sh`,
    '. ./remedies.sh',
    doctor('after'),
  ].join('\n');
  const done = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  expect(done.stderr).toBe('');
  return ['before', 'after'].map((name) => {
    const diagnosis = JSON.parse(readFileSync(join(dir, name), 'utf8')) as Diagnosis;
    expect(readFileSync(join(dir, `${name}.status`), 'utf8').trim()).toBe(diagnosis.isHealthy ? '0' : '1');
    return diagnosis;
  });
}

const statusOf = ({ findings }: Diagnosis, id: string): string | undefined =>
  findings.find((finding) => finding.id === id)?.status;

describeNeeding([root(), command('unshare')], 'doctor', () => {
  test('names what is lacking, and the remedy mends it', () => {
    const ids = ['shared-memory', 'traces', 'koffi'];
    const [before, after] = twice(
      [
        'mount -t tmpfs -o size=4m none /dev/shm',
        'mount -t tmpfs -o ro none home',
        'export SPOOR_NO_KOFFI=1',
      ],
      ids,
    ) as [Diagnosis, Diagnosis];
    expect(ids.map((id) => statusOf(before, id))).toEqual(['lack', 'lack', 'note']);
    expect(before.isHealthy).toBe(false);
    for (const { status, why, what } of before.findings) {
      expect(what).not.toBe('');
      expect(why === undefined).toBe(status === 'ok');
    }
    expect(ids.map((id) => statusOf(after, id))).toEqual(['ok', 'ok', 'ok']);
    expect(after.findings.filter(({ status }) => status === 'lack')).toEqual([]);
  });

  test('a directory of the daemon that others can write to', () => {
    const ids = ['run-directory'];
    const [before, after] = twice(
      ['export LTTNG_RUNDIR=$PWD/run; mkdir -p run/spoor; chmod 777 run/spoor'],
      ids,
    ) as [Diagnosis, Diagnosis];
    expect(statusOf(before, 'run-directory')).toBe('lack');
    expect(statusOf(after, 'run-directory')).toBe('ok');
  });
});

describeNeeding([root(), command('unshare'), tracefs()], 'doctor of the kernel', () => {
  test('tracefs that is not mounted is a lack where the kernel is asked for', () => {
    const unmount =
      'for at in $(awk \'$3 == "tracefs" || $3 == "debugfs" { print $2 }\' /proc/self/mounts); do umount -l "$at" 2>/dev/null; done';
    const [before, after] = twice([unmount], ['tracefs'], '--kernel') as [Diagnosis, Diagnosis];
    expect(statusOf(before, 'tracefs')).toBe('lack');
    expect(statusOf(after, 'tracefs')).toBe('ok');
  });
});

describeNeeding([root(), tracefs()], 'doctor of the facilities of the kernel', () => {
  test('each is tried with --kernel, and told with what to use instead', () => {
    const { stdout } = spoor(['doctor', '--kernel', '--json']);
    const { findings } = JSON.parse(stdout) as Diagnosis;
    const known = new Set(knownFacilities.map(({ name }): string => name));
    const told = findings.filter(({ id }) => known.has(id));
    expect(told.map(({ id }) => id)).toEqual([...known].filter((name) => !name.endsWith('ware-counters')));
    for (const { status, why, remedy } of told) {
      expect([why, remedy].map((line) => line !== undefined)).toEqual([status !== 'ok', status !== 'ok']);
    }
    expect(told.find(({ id }) => id === 'instances')?.status).toBe('ok');
  });
});

describeNeeding([otherUsersRun()], 'doctor of a user', () => {
  test('who has a number and no name, as in containers', () => {
    const home = join(dir, 'nameless');
    mkdirSync(home, { mode: 0o777 });
    const env = { HOME: home, LTTNG_HOME: home, LTTNG_RUNDIR: undefined, SPOOR_RUN_DIR: undefined };
    chmodSync(dir, 0o755);
    const { stdout, stderr } = spoor(['doctor', '--json'], { env, user: 54_321 });
    expect(stderr).toBe('');
    const { findings } = JSON.parse(stdout) as Diagnosis;
    const group = findings.find(({ id }) => id === 'tracing-group');
    expect([group?.status, group?.remedy]).toEqual([
      'note',
      expect.stringContaining('--user 54321 --group-add'),
    ]);
  });
});

test('doctor tells people of every check, with the verdict last', () => {
  const { stdout } = spoor(['doctor']);
  expect(stdout).toMatch(/^(?:ok {2}|LACK) {2}node {12}Node\.js \d+/m);
  expect(stdout).toMatch(/\n\n(?:Spoor can work here|.* lacking: see LACK above)\.\n$/);
});

/** Has a process of x86-64 be refused perf_event_open(2) by a filter of system calls, as containers have it. */
const withoutPerf = `
const koffi = require(${JSON.stringify(join(repoRoot, 'node_modules/koffi'))});
const prctl = koffi.load(null).func('int prctl(int, uint64_t, uint64_t, void *, uint64_t)');
const instruction = (code, ifTrue, ifFalse, k) => [code, 0, ifTrue, ifFalse, ...new Uint8Array(Uint32Array.of(k).buffer)];
const filter = Buffer.from([
  ...instruction(0x20, 0, 0, 0),
  ...instruction(0x15, 0, 1, 298),
  ...instruction(0x06, 0, 0, 0x00050001),
  ...instruction(0x06, 0, 0, 0x7fff0000),
]);
const program = Buffer.alloc(16);
program.writeUInt16LE(4, 0);
program.writeBigUInt64LE(koffi.address(filter), 8);
if (prctl(38, 1, 0, null, 0) !== 0 || prctl(22, 2, koffi.address(program), null, 0) !== 0) process.exit(9);
`;

test.skipIf(process.arch !== 'x64')('counters that a filter of system calls forbids', () => {
  const preloaded = join(dir, 'without-perf.cjs');
  writeFileSync(preloaded, withoutPerf);
  const env = { LTTNG_HOME: join(dir, 'home'), LTTNG_RUNDIR: join(dir, 'run') };
  const done = spoor(['doctor', '--json'], { env: { ...env, NODE_OPTIONS: `--require ${preloaded}` } });
  const { findings } = JSON.parse(done.stdout) as Diagnosis;
  const found = findings.find(({ id }) => id === 'perf-counters');
  expect(found).toMatchObject({ status: 'note', what: expect.stringContaining('EPERM') as string });
  const paranoid = Number(readFileSync('/proc/sys/kernel/perf_event_paranoid', 'utf8'));
  expect(found?.remedy).toMatch(paranoid > 2 ? /sysctl/ : /docker run --cap-add PERFMON/);
});
