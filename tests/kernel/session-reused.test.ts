// Tasks of a PID namespace that a session tracks, whose numbers the kernel gives to others at once: it takes such a number from the
// list of those that it records when it has cleared away the first task, and the second one is found and recorded again.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

/**
 * Begins a PID namespace and says the number of its first process. Told the path of the kernel's list, that makes a child, and when
 * it is over another one of its numbers, which looks into the list until it is not in it any more, and until it is in it again, and
 * makes ten calls then. Prints the number of that one.
 */
const source = `
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
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
/** Number that /proc has, which is of the first namespace. */
static int outer(void) {
  char text[32] = "";
  if (readlink("/proc/self", text, sizeof text - 1) < 0) _exit(1);
  return atoi(text);
}
static int inside(void) {
  printf("%d\\n", outer());
  fflush(stdout);
  if (!fgets(list, sizeof list, stdin)) return 1;
  list[strcspn(list, "\\n")] = 0;
  for (int attempt = 0; attempt < 50; attempt++) {
    int told[2], numbers[2];
    if (pipe(told) != 0) return 1;
    numbers[0] = fork();
    if (numbers[0] == 0) {
      int own = outer();
      if (write(told[1], &own, sizeof own) != sizeof own) _exit(1);
      _exit(0);
    }
    waitpid(numbers[0], 0, 0);
    if (read(told[0], &numbers[1], sizeof numbers[1]) != sizeof numbers[1]) return 1;
    struct clone_args asked = { .exit_signal = 17, .set_tid = (uint64_t)(uintptr_t)numbers, .set_tid_size = 2 };
    long second = syscall(SYS_clone3, &asked, sizeof asked);
    if (second == 0) {
      for (int n = 0; n < 100 && listed(numbers[1]); n++) usleep(5000);
      if (listed(numbers[1])) _exit(1);
      for (int n = 0; n < 6000 && !listed(numbers[1]); n++) usleep(5000);
      for (int n = 0; n < 10; n++) getppid();
      _exit(0);
    }
    // Somebody else has a number already.
    if (second < 0) continue;
    int status;
    waitpid(second, &status, 0);
    if (status != 0) continue;
    printf("%d\\n", numbers[1]);
    fflush(stdout);
    return 0;
  }
  return 1;
}
int main(void) {
  if (unshare(CLONE_NEWPID) != 0) return 1;
  pid_t first = fork();
  if (first == 0) _exit(inside());
  int status;
  waitpid(first, &status, 0);
  return WEXITSTATUS(status);
}
`;

describeNeeding([tracefs(), command('gcc')], 'a session that tracks a PID namespace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-session-reused-'));
  const program = join(folder, 'reused');
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  beforeAll(() => {
    writeFileSync(`${program}.c`, source);
    expect(spawnSync('gcc', ['-o', program, `${program}.c`], { encoding: 'utf8' }).stderr).toBe('');
  });

  test(
    'records a task whose number was used before, though the kernel has dropped it',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<number> => Number((await lines.next()).value);
      const namespace = Number(/\d+/.exec(readlinkSync(`/proc/${await next()}/ns/pid`))![0]);

      const target = { session: 's', domain: 'kernel' } as const;
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      const rule = { kind: 'kernel-syscall', name: 'getppid', site: 'entry' } as const;
      await client.call('enable-event', { ...target, rule });
      await client.call('add-context', { ...target, contexts: ['tid'] });
      await client.call('track', { ...target, attribute: 'pid_ns', values: [namespace] });
      await client.call('start-session', { session: 's' });
      const instances = join(findTracefs(), 'instances');
      const own = readdirSync(instances).find((name) => name.includes(encodeURIComponent(daemon.hub)))!;
      child.stdin.write(`${join(instances, own, 'set_event_pid')}\n`);
      const second = await next();
      expect(await ended).toEqual([0, null]);
      await client.call('destroy-session', { session: 's' });
      if (session.output?.kind !== 'local') throw new Error('no output');
      let calls = 0;
      for (const event of openTrace(session.output.path).events()) {
        if (event.name === 'syscall_entry_getppid' && Number(event.commonContext()?.['tid']) === second)
          calls += 1;
      }
      expect(calls).toBe(10);
    }),
    patientlyMs,
  );
});
