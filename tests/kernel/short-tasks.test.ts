// Tasks that are over when their events are read, and whose making lies in the ring of another processor, which is read beside.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cProgram } from '../support/c-program.ts';
import { patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

const contexts = ['tid', 'pid', 'ppid', 'procname'];

/** What the contexts of calls of `umask` are, by task. */
function seenIn(path: string): ReadonlyMap<number, string> {
  const seen = new Map<number, string>();
  for (const event of openTrace(path).events()) {
    if (event.name !== 'syscall_entry_umask') continue;
    const { tid, pid, ppid, procname } = event.commonContext() ?? {};
    seen.set(Number(tid), [pid, ppid, procname].map(String).join(' '));
  }
  return seen;
}

/** Whether all tasks that the program prints are known; what is known of one is right in any case. */
function isWhole(printed: string, seen: ReadonlyMap<number, string>): boolean {
  const [maker, ...children] = printed.trim().split('\n').map(Number);
  let known = 0;
  for (const child of children) {
    const found = seen.get(child);
    expect(['0 0 ', `${child} ${maker} mover`]).toContain(found);
    if (found !== '0 0 ') known += 1;
  }
  return known === children.length;
}

describeNeeding([tracefs(), command('gcc')], 'short tasks that move to another processor', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-short-'));
  let program = '';
  beforeAll(() => {
    program = cProgram('mover', folder);
  });
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  test('the command itself is known where all processes are recorded, for its making is hidden with the recorder', () => {
    const trace = join(folder, 'command');
    const wanted = [
      '--all-processes',
      '--kernel-events=syscall_entry_umask',
      `--kernel-context=${contexts.join(',')}`,
    ];
    const words = ['sh', '-c', 'umask 022; echo $$'];
    const done = spoor(['record', '--no-auto', ...wanted, '-o', trace, '--', ...words]);
    expect(done.status, done.stderr).toBe(0);
    const pid = Number(done.stdout.trim());
    expect(seenIn(join(trace, 'kernel')).get(pid)).toMatch(new RegExp(`^${pid} [1-9]\\d* sh$`));
  });

  // Threads that read the rings wait for each other, but not for ever: a machine that is busy may need more than one run.
  test(
    'are known in recordings',
    async () => {
      let run = 0;
      await until('all tasks of a run are known', () => {
        const trace = join(folder, String((run += 1)));
        const wanted = ['--kernel-events=syscall_entry_umask', `--kernel-context=${contexts.join(',')}`];
        const done = spoor(['record', '--no-auto', ...wanted, '-o', trace, '--', program]);
        expect(done.status, done.stderr).toBe(0);
        return isWhole(done.stdout, seenIn(join(trace, 'kernel')));
      });
    },
    patientlyMs,
  );

  test(
    'are known in sessions',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const target = { session: 's', domain: 'kernel' } as const;
      const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry' } as const;
      let run = 0;
      await until('all tasks of a run are known', async () => {
        const path = join(daemon.home, String((run += 1)));
        await client.call('create-session', { name: 's', mode: 'local', output: { kind: 'local', path } });
        await client.call('enable-event', { ...target, rule });
        await client.call('add-context', { ...target, contexts });
        await client.call('start-session', { session: 's' });
        const printed = execFileSync(program, { encoding: 'utf8' });
        await client.call('destroy-session', { session: 's' });
        return isWhole(printed, seenIn(path));
      });
    }),
    patientlyMs,
  );
});
