// A processor that is switched off and on again while the kernel is recorded: nothing is lost, and what comes later is there.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { findTracefs, readFormats, sweepSessions, TracefsInstance } from '@spoor/kernel/node';
import { afterAll, expect, test } from 'vitest';
import { RingReader } from '../../packages/kernel/src/drain/ring-reader.node.ts';
import { patientlyMs, upTo, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding, tracefs, type Need } from '../support/needs.ts';
import { numberedRule, NumberedWrites, writesIn } from '../support/numbered-writes.ts';
import { readByPeer } from '../support/recording.ts';

const online = '/sys/devices/system/cpu/cpu1/online';

function isSwitchable(): boolean {
  try {
    accessSync(online, constants.W_OK);
    return readFileSync(online, 'latin1').trim() === '1';
  } catch {
    return false;
  }
}

/** Whatever becomes of this test, the processor comes back. */
async function whileOff(work: () => Promise<void> | void): Promise<void> {
  const script = `while kill -0 ${process.pid} 2>/dev/null; do sleep 0.2; done; echo 1 > ${online}`;
  const guard = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore' });
  try {
    writeFileSync(online, '0');
    await work();
  } finally {
    writeFileSync(online, '1');
    guard.kill('SIGKILL');
  }
}

/** Off for moments only: tests beside this one run on one processor meanwhile. */
const switchable: Need = {
  group: 'hotplug',
  met: isSwitchable(),
  lack: 'processor 1 cannot be switched off',
};

describeNeeding(
  [tracefs(), switchable, command('babeltrace2'), command('taskset')],
  'a processor that goes off',
  () => {
    afterAll(() => {
      if (readFileSync(online, 'latin1').trim() !== '1') writeFileSync(online, '1');
      sweepSessions(findTracefs());
    });

    test('has a ring once it is on, also where it was off when recording began', async () => {
      const root = findTracefs();
      let instance: TracefsInstance | undefined;
      try {
        await whileOff(() => {
          instance = TracefsInstance.create(root, 'off', 'spoortest');
          instance.configure({ clock: 'mono', ringBytes: 1 << 20, overwrite: false });
        });
        const made = instance!;
        const { subBufferBytes } = made.geometry();
        const { layout } = readFormats(root, { wants: () => false, subBufferBytes });
        expect(made.cpus).toContain(1);
        using reader = new RingReader(join(made.path, 'per_cpu/cpu1/trace_pipe_raw'), layout);
        await whileOff(() => expect(reader.read()).toBe(0));
        made.enable(['raw_syscalls:sys_enter']);
        made.setFilter('raw_syscalls:sys_enter', 'COMM == "true"');
        made.start();
        expect(spawnSync('taskset', ['-c', '1', 'true']).status).toBe(0);
        made.stop();
        expect(reader.read()).toBeGreaterThan(0);
      } finally {
        instance?.[Symbol.dispose]();
      }
    });

    test(
      'no event of a session is lost, and its counters go on where they were',
      withDaemon(async (daemon) => {
        using program = new NumberedWrites();
        const client = await daemon.start();
        const { session } = await client.call('create-session', { name: 's', mode: 'local' });
        const target = { session: 's', domain: 'kernel', channel: 'ch' } as const;
        const attributes = { counters: ['cpu-clock'], countersIntervalMs: 20 };
        await client.call('enable-channel', { ...target, attributes });
        await client.call('enable-event', { ...target, rule: numberedRule(program) });
        await client.call('start-session', { session: 's' });
        await program.write(500);
        await whileOff(() => program.write(500));
        // However short it is: between two samples, too.
        for (let round = 0; round < 5; round += 1) await whileOff(() => {});
        await program.write(500);
        const { losses } = await client.call('stop-session', { session: 's' });
        await client.call('destroy-session', { session: 's' });
        expect(losses.discardedCount).toBe(0);
        if (session.output?.kind !== 'local') throw new Error('no output');
        const trace = join(session.output.path, 'kernel');
        expect(writesIn(trace)).toEqual(upTo(1500));
        expect(readByPeer(trace).stderr).toBe('');
        const counts: number[] = [];
        let isLater = false;
        let isBack = false;
        for (const event of openTrace(trace).events()) {
          // The first write behind it.
          isLater ||= event.name === 'syscall_entry_write' && Number(event.payload()?.['count']) === 21_000;
          if (event.name !== 'perf_counters_cpu') continue;
          if (Number(event.packetContext()?.['cpu_id']) !== 1) continue;
          counts.push(Number(event.specificContext()?.['perf_cpu_cpu_clock']));
          isBack ||= isLater;
        }
        expect(isBack).toBe(true);
        expect(counts).toEqual(counts.toSorted((left, right) => left - right));
      }),
      patientlyMs,
    );
  },
);
