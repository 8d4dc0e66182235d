// A command's tasks whose numbers the kernel gives to others at once: it takes such a number from the list of those that it
// records when it has cleared away the first task, and the second one is found and recorded again, or told of.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';
import { spoor } from '../support/spoor.ts';

/**
 * Makes a child, and when that is over another one of its number. Given `wait` this one looks into the kernel's list until it is
 * not in it any more, and until it is in it again; without, it ends once it is not. Prints the number of the first one that was
 * dropped.
 */
const source = `
#define _GNU_SOURCE
#include <linux/sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static char list[4096];
static int listed(int pid) {
  FILE *file = fopen(list, "r");
  int one, found = 0;
  while (file && fscanf(file, "%d", &one) == 1) found |= one == pid;
  if (file) fclose(file);
  return found;
}
int main(int count, char **words) {
  strcpy(list, getenv("SPOOR_TRACE_MARKER"));
  strcpy(strrchr(list, '/'), "/set_event_pid");
  for (int attempt = 0; attempt < 50; attempt++) {
    pid_t first = fork();
    if (first == 0) _exit(0);
    waitpid(first, 0, 0);
    struct clone_args asked = { .exit_signal = 17, .set_tid = (uint64_t)(uintptr_t)&first, .set_tid_size = 1 };
    long second = syscall(SYS_clone3, &asked, sizeof asked);
    if (second == 0) {
      for (int n = 0; n < 100 && listed(first); n++) usleep(5000);
      if (listed(first)) _exit(1);
      if (count > 1) {
        for (int n = 0; n < 6000 && !listed(first); n++) usleep(5000);
        for (int n = 0; n < 10; n++) getppid();
      }
      _exit(0);
    }
    // Somebody else has the number already.
    if (second < 0) continue;
    int status;
    waitpid(second, &status, 0);
    if (status != 0) continue;
    printf("%d\\n", first);
    return 0;
  }
  return 1;
}
`;

describeNeeding(
  [tracefs(), command('gcc')],
  'tasks of a command whose numbers are used again at once',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-reused-'));
    const program = join(folder, 'reused');
    afterAll(() => removeTree(folder));

    beforeAll(() => {
      writeFileSync(`${program}.c`, source);
      const made = spawnSync('gcc', ['-o', program, `${program}.c`], { encoding: 'utf8' });
      expect(made.stderr).toBe('');
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
