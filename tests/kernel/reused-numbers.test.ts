// A command's tasks whose numbers the kernel gives to others at once: it takes such a number from the list of those that it
// records when it has cleared away the first task, and the second one is found and recorded again, or told of.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cProgram } from '../support/c-program.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

describeNeeding(
  [tracefs(), command('gcc')],
  'tasks of a command whose numbers are used again at once',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-reused-'));
    let program = '';
    afterAll(() => removeTree(folder));

    beforeAll(() => {
      program = cProgram('reused', folder);
    });

    /** What a recording of the program has of the one that was dropped. */
    function record(
      name: string,
      words: readonly string[],
    ): { readonly calls: number; readonly told: string } {
      const trace = join(folder, name);
      const events = ['--kernel-events', 'syscall_entry_getppid', '--kernel-context', 'tid'];
      const done = spoor(['record', '-k', ...events, '-o', trace, '--', program, ...words]);
      expect(done.status, done.stderr).toBe(0);
      let calls = 0;
      for (const event of openTrace(trace).events()) {
        if (event.name !== 'syscall_entry_getppid') continue;
        if (Number(event.commonContext()?.['tid']) === Number(done.stdout)) calls += 1;
      }
      return { calls, told: done.stderr };
    }

    test('are recorded again, and that something is missing is told', () => {
      const { calls, told } = record('again', ['wait']);
      expect(calls).toBe(10);
      expect(told).toMatch(
        /the kernel lost sight of \d+ tasks? of the command, whose numbers were used again/,
      );
    });

    test('are told of where they end before that', () => {
      const { told } = record('ended', []);
      expect(told).toMatch(/the kernel lost sight of \d+ tasks? of the command/);
    });

    test('a command of which none was dropped has no such line', () => {
      const script =
        'for n in 1 2 3 4 5 6 7 8 9; do (/bin/true; sh -c "exec /bin/true") & /bin/true; done; wait';
      const done = spoor(['record', '-k', '-o', join(folder, 'none'), '--', 'sh', '-c', script]);
      expect(done.stderr).toContain('none lost');
      expect(done.stderr).not.toContain('lost sight');
    });
  },
);
