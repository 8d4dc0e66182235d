// Tasks of a PID namespace that a session tracks, whose numbers the kernel gives to others at once: it takes such a number from the
// list of those that it records when it has cleared away the first task, and the second one is found and recorded again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTrace } from '@spoor/components/node';
import { findTracefs, sweepSessions } from '@spoor/kernel/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { cProgram } from '../support/c-program.ts';
import { patientlyMs, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

describeNeeding([tracefs(), command('gcc')], 'a session that tracks a PID namespace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-session-reused-'));
  let program = '';
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  beforeAll(() => {
    program = cProgram('reused-inside', folder);
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
