// Names and numbers of tasks in sessions that were not recording these tasks for a while: what was so before must not be said of
// them afterwards, least of all of another task that has got the number since.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTrace } from '@spoor/components/node';
import type { ControlClient, Session } from '@spoor/control';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { compileC } from '../support/c-program.ts';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

/**
 * For the first line that is told, makes processes that are called "first", call umask(2), and end; for the second, another one
 * with the number of one of these, which is called "second", and renames itself. For the third line, both call umask(2). Prints
 * their numbers.
 */
const source = `
#define _GNU_SOURCE
#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
enum { most = 20 };
static void hear(void) {
  char letter = 0;
  while (letter != '\\n') if (read(0, &letter, 1) != 1) _exit(1);
}
static void say(long number) {
  printf("%ld\\n", number);
  fflush(stdout);
}
int main(void) {
  // Rings are read one after the other: all of this lies in one, in the order of time.
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(sched_getcpu(), &here);
  if (sched_setaffinity(0, sizeof here, &here) != 0) return 1;
  pid_t first[most];
  int go[2];
  if (pipe(go) != 0) return 1;
  hear();
  prctl(PR_SET_NAME, "maker");
  umask(022);
  for (int n = 0; n < most; n++) {
    first[n] = fork();
    if (first[n] == 0) {
      prctl(PR_SET_NAME, "first");
      umask(022);
      _exit(0);
    }
    waitpid(first[n], 0, 0);
  }
  say(getpid());
  hear();
  long second = -1;
  // Somebody else may have a number already.
  for (int n = 0; n < most && second < 0; n++) {
    struct clone_args asked = { .exit_signal = 17, .set_tid = (uint64_t)(uintptr_t)&first[n], .set_tid_size = 1 };
    second = syscall(SYS_clone3, &asked, sizeof asked);
  }
  if (second == 0) {
    char letter;
    prctl(PR_SET_NAME, "second");
    say(getpid());
    if (read(go[0], &letter, 1) != 1) _exit(1);
    umask(022);
    _exit(0);
  }
  if (second < 0) return 1;
  prctl(PR_SET_NAME, "renamed");
  hear();
  umask(022);
  if (write(go[1], "x", 1) != 1) return 1;
  waitpid(second, 0, 0);
  say(0);
  return 0;
}
`;

/** The program, which does one step after the other. */
class Tasks implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string) {
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** @returns the number of the process that has done it. */
  async step(): Promise<number> {
    this.#child.stdin!.write('\n');
    const line: IteratorResult<string, unknown> = await this.#lines.next();
    expect(line.done).toBe(false);
    return Number(line.value);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

const target = { session: 's', domain: 'kernel' } as const;

/** What is done to a session that does not record some tasks for a while, and that records them again. */
const gaps: readonly {
  readonly name: string;
  readonly miss: (client: ControlClient) => Promise<unknown>;
  readonly goOn: (client: ControlClient) => Promise<unknown>;
}[] = [
  {
    name: 'while other processes alone were tracked',
    miss: (client) => client.call('track', { ...target, attribute: 'pid', values: [process.pid] }),
    goOn: (client) => client.call('track', { ...target, attribute: 'pid', values: 'all' }),
  },
  {
    name: 'while the session was stopped',
    miss: (client) => client.call('stop-session', { session: 's' }),
    goOn: (client) => client.call('start-session', { session: 's' }),
  },
  {
    name: 'while the channel was disabled',
    miss: (client) => client.call('disable-channel', { ...target, channel: 'channel0' }),
    goOn: (client) => client.call('enable-channel', { ...target, channel: 'channel0' }),
  },
];

/** A session that records calls of umask(2). */
async function begin(client: ControlClient, mode: 'local' | 'snapshot'): Promise<Session> {
  const { session } = await client.call('create-session', { name: 's', mode });
  const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry' } as const;
  await client.call('enable-event', { ...target, rule });
  await client.call('add-context', { ...target, contexts: ['procname', 'pid', 'tid', 'ppid'] });
  await client.call('start-session', { session: 's' });
  return session;
}

/** What a trace says of those that made the calls, of the program's processes `maker` and `second`. */
function callersIn(path: string, maker: number, second: number): readonly string[] {
  const seen: string[] = [];
  for (const event of openTrace(path).events()) {
    if (event.name !== 'syscall_entry_umask') continue;
    const context = event.commonContext() ?? {};
    const [tid, pid, ppid] = ['tid', 'pid', 'ppid'].map((column) => Number(context[column]));
    if (tid !== maker && tid !== second) continue;
    const made = ppid === maker ? ' of maker' : '';
    seen.push(`${context['procname'] as string}${made}${pid === tid ? '' : ` with pid ${pid}`}`);
  }
  return seen;
}

describeNeeding([tracefs(), command('gcc')], 'tasks that a session has not seen for a while', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-names-'));
  const program = join(folder, 'tasks');
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  beforeAll(() => {
    compileC(program, source);
  });

  for (const { name, miss, goOn } of gaps) {
    test(
      `have the names and numbers that they were given ${name}`,
      withDaemon(async (daemon) => {
        const client = await daemon.start();
        const session = await begin(client, 'local');
        using tasks = new Tasks(program);
        const maker = await tasks.step();
        await miss(client);
        const second = await tasks.step();
        await goOn(client);
        await tasks.step();
        await client.call('destroy-session', { session: 's' });
        if (session.output?.kind !== 'local') throw new Error('no output');
        expect(callersIn(session.output.path, maker, second)).toEqual([
          'maker',
          'first of maker',
          'renamed',
          'second of maker',
        ]);
      }),
      patientlyMs,
    );
  }

  test(
    'have the names that they have now in snapshots, whose rings hold records of before',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      using tasks = new Tasks(program);
      await begin(client, 'snapshot');
      const maker = await tasks.step();
      await client.call('stop-session', { session: 's' });
      const second = await tasks.step();
      await client.call('start-session', { session: 's' });
      await tasks.step();
      const { snapshots } = await client.call('record-snapshot', { session: 's' });
      expect(callersIn(snapshots[0]!.path, maker, second).slice(-2)).toEqual(['renamed', 'second of maker']);
      await client.call('destroy-session', { session: 's' });
    }),
    patientlyMs,
  );
});
