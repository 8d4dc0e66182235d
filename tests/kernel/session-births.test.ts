// Tasks that begin on one processor, and do something and end on another: their making lies in the one ring, what they did in the
// other, and a snapshot reads the rings beside each other.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

/** Prints its number, and those of the tasks: half of them went from the first processor to the last, half the other way. */
const source = `
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static int usable[CPU_SETSIZE], count;
static void move(int to) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(usable[to ? count - 1 : 0], &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(1);
}
int main(void) {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return 1;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) if (CPU_ISSET(cpu, &all)) usable[count++] = cpu;
  printf("%d\\n", getpid());
  for (int n = 0; n < 40; n++) {
    move(n % 2);
    pid_t child = fork();
    if (child == 0) {
      move(1 - n % 2);
      umask(022);
      _exit(0);
    }
    waitpid(child, 0, 0);
    printf("%d\\n", child);
  }
  return 0;
}
`;

describeNeeding([tracefs(), command('gcc')], 'short tasks in snapshots', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-births-'));
  const program = join(folder, 'mover');
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  beforeAll(() => {
    writeFileSync(`${program}.c`, source);
    expect(spawnSync('gcc', ['-o', program, `${program}.c`], { encoding: 'utf8' }).stderr).toBe('');
  });

  test(
    'are known whatever ring they began in',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const target = { session: 's', domain: 'kernel' } as const;
      await client.call('create-session', { name: 's', mode: 'snapshot' });
      const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry' } as const;
      await client.call('enable-event', { ...target, rule });
      await client.call('add-context', { ...target, contexts: ['tid', 'pid', 'ppid', 'procname'] });
      await client.call('start-session', { session: 's' });
      // The second snapshot has what the first one had, whose tasks are known then.
      for (let snapshot = 1; snapshot <= 2; snapshot += 1) {
        const [maker, ...children] = execFileSync(program, { encoding: 'utf8' })
          .trim()
          .split('\n')
          .map(Number);
        const { snapshots } = await client.call('record-snapshot', { session: 's' });
        const seen = new Map<number, readonly unknown[]>();
        for (const event of openTrace(snapshots[0]!.path).events()) {
          if (event.name !== 'syscall_entry_umask') continue;
          const { tid, pid, ppid, procname } = event.commonContext() ?? {};
          seen.set(Number(tid), [Number(pid), Number(ppid), procname]);
        }
        expect(children.map((child) => seen.get(child))).toEqual(
          children.map((child) => [child, maker, 'mover']),
        );
      }
      await client.call('destroy-session', { session: 's' });
    }),
    patientlyMs,
  );
});
