// Names and priorities are those of the moment, whichever processor's ring tells of the change.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cProgram } from '../support/c-program.ts';
import { withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/** How often umask was called, by its argument, name and, in the end, priority. */
const right = { '1 othername': 50, '2 afterwards': 100, '3 afterwards 35': 10 };

describeNeeding(
  [tracefs(), command('gcc')],
  'a task that executes a program on another processor, and is nicer then',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-names-'));
    let words: readonly string[] = [];
    beforeAll(() => {
      const program = cProgram('othername', folder);
      const after = join(folder, 'afterwards');
      symlinkSync(program, after);
      words = [program, after, '0', String(cpus().length - 1)];
    });
    afterAll(() => {
      removeTree(folder);
      sweepSessions(findTracefs());
    });

    function callsIn(path: string): Readonly<Record<string, number>> {
      const seen: Record<string, number> = {};
      for (const event of openTrace(path).events()) {
        if (event.name !== 'syscall_entry_umask') continue;
        const values = { ...event.commonContext(), ...event.payload() };
        const [procname, prio, mask] = ['procname', 'prio', 'mask'].map(
          (name) => `${values[name] as string | number | bigint}`,
        );
        if (procname !== 'othername' && procname !== 'afterwards') continue;
        const key = `${mask} ${procname}${mask === '3' ? ` ${prio}` : ''}`;
        seen[key] = (seen[key] ?? 0) + 1;
      }
      return seen;
    }

    const wanted = ['--kernel-events=syscall_entry_umask', '--kernel-context=procname,prio'];
    test.each([
      ['live', []],
      ['as raw pages', ['--raw']],
    ] as const)('recorded %s', (name, more) => {
      const trace = join(folder, name);
      const done = spoor([
        'record',
        '--no-auto',
        ...wanted,
        ...more,
        '-o',
        trace,
        '--',
        'nice',
        '-n',
        '0',
        ...words,
      ]);
      expect(done.status, done.stderr).toBe(0);
      const read = more.length === 0 ? join(trace, 'kernel') : join(folder, `${name} converted`);
      if (more.length > 0) {
        const converted = spoor(['convert', trace, '-o', 'ctf', '-w', read]);
        expect(converted.status, converted.stderr).toBe(0);
      }
      expect(callsIn(read)).toEqual(right);
    });

    test.each([
      ['live', []],
      ['as raw pages', ['--raw']],
    ] as const)('filtered by it, recorded %s', (name, more) => {
      const trace = join(folder, `filtered ${name}`);
      const filter = '$ctx.procname == "afterwards" && mask == 2';
      const only = ['--kernel-events=syscall_entry_umask', '--kernel-filter', filter];
      const done = spoor(['record', '--no-auto', ...only, ...more, '-o', trace, '--', ...words]);
      expect(done.status, done.stderr).toBe(0);
      const printed = spoor([trace]);
      expect(printed.stdout.split('\n').filter((line) => line.includes('syscall_entry_umask'))).toHaveLength(
        100,
      );
    });

    test(
      'in sessions',
      withDaemon(async (daemon) => {
        const client = await daemon.start();
        const path = join(folder, 'session');
        const target = { session: 's', domain: 'kernel' } as const;
        await client.call('create-session', { name: 's', mode: 'local', output: { kind: 'local', path } });
        const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry' } as const;
        await client.call('enable-event', { ...target, rule });
        await client.call('add-context', { ...target, contexts: ['procname', 'prio'] });
        await client.call('start-session', { session: 's' });
        execFileSync(words[0]!, words.slice(1));
        await client.call('destroy-session', { session: 's' });
        expect(callsIn(join(path, 'kernel'))).toEqual(right);
      }),
    );
  },
);
