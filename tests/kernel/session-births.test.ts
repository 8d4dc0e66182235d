// Tasks that begin on one processor, and do something and end on another: their making lies in the one ring, what they did in the
// other, and a snapshot reads the rings beside each other. And those whose names no ring tells any more.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync } from 'node:fs';
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

describeNeeding([tracefs(), command('gcc')], 'tasks in snapshots', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-births-'));
  let program = '';
  afterAll(() => removeTree(folder));
  afterEach(() => void sweepSessions(findTracefs()));

  beforeAll(() => {
    program = cProgram('mover', folder);
  });

  test(
    'that are short are known whatever ring they began in',
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

  test(
    'have the names that they got when the ring had no room for that any more',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const channel = 'small';
      const target = { session: 's', domain: 'kernel', channel } as const;
      const renamed = join(folder, 'renamed');
      copyFileSync('/bin/sh', renamed);
      const loop = 'i=0; while [ $i -lt 5000 ]; do umask; i=$((i+1)); done >/dev/null; echo done; read end';
      const child = spawn('sh', ['-c', 'echo $$; read line; exec "$0" -c "$1"', renamed, loop], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      try {
        const tid = Number((await lines.next()).value);
        await client.call('create-session', { name: 's', mode: 'snapshot' });
        await client.call('enable-channel', {
          ...target,
          attributes: { subBufferSizeBytes: 4096, subBufferCount: 2 },
        });
        // What others do takes no room in so small a ring.
        const filter = `$ctx.tid == ${tid}`;
        const rule = { kind: 'kernel-syscall', name: 'umask', site: 'entry', filter } as const;
        await client.call('enable-event', { ...target, rule });
        await client.call('add-context', { ...target, contexts: ['tid', 'procname'] });
        await client.call('start-session', { session: 's' });
        child.stdin.write('on\n');
        await lines.next();
        const { snapshots } = await client.call('record-snapshot', { session: 's' });
        const names = new Set<unknown>();
        for (const event of openTrace(snapshots[0]!.path).events()) {
          if (event.name !== 'syscall_entry_umask') continue;
          const context = event.commonContext() ?? {};
          if (Number(context['tid']) === tid) names.add(context['procname']);
        }
        expect([...names]).toEqual(['renamed']);
        await client.call('destroy-session', { session: 's' });
      } finally {
        child.stdin.end();
        await ended;
      }
    }),
    patientlyMs,
  );
});
