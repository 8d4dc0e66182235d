// The machine's clock is set while sessions record and rotate by time: nothing waits for it to come round again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { repoRoot } from '../support/machine.ts';

/** Loaded into the daemon: its clock is off by the number of milliseconds that stands in a file. */
const clockText = (path: string): string => `
const { readFileSync } = require('node:fs');
const now = Date.now;
Date.now = () => now() + Number(readFileSync(${JSON.stringify(path)}, 'utf8'));
`;

test(
  'rotations by time go on after the clock was set back and forward, and no event is lost or archived twice',
  withDaemon(async (daemon) => {
    const shift = join(daemon.home, 'shift');
    writeFileSync(shift, '0');
    const clock = join(daemon.home, 'clock.cjs');
    writeFileSync(clock, clockText(shift));
    const main = join(repoRoot, 'packages/sessiond/dist/daemon/daemon-main.js');
    const child = spawn(process.execPath, ['--require', clock, main, '{}'], {
      env: daemon.environment as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(String((await once(child.stdout, 'data'))[0])).toBe('ready\n');
    const client = await daemon.connect();
    const path = join(daemon.home, 'trace');
    const { session } = await client.call('create-session', {
      name: 's',
      mode: 'local',
      output: { kind: 'local', path },
    });
    const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
    await client.call('enable-event', { session: 's', domain: 'user', rule });
    await client.call('start-session', { session: 's' });
    const program = await daemon.program();
    await daemon.joined(session.id, program);
    await client.call('set-rotation', { session: 's', periodUs: 300_000 });
    const archives = join(path, 'archives');
    const archived = (): number => (existsSync(archives) ? readdirSync(archives).length : 0);
    let emitted = 0;
    /** Emits until so many more chunks were archived. */
    const rotated = async (count: number): Promise<void> => {
      const wanted = archived() + count;
      await until('it is rotated', async () => {
        await program.tell('emit 10');
        emitted += 10;
        return archived() >= wanted;
      });
    };
    await rotated(2);
    writeFileSync(shift, String(-3_600_000));
    await rotated(3);
    writeFileSync(shift, String(86_400_000));
    await rotated(3);
    writeFileSync(shift, '0');
    await rotated(2);
    const { losses } = await client.call('destroy-session', { session: 's' });
    expect(losses).toMatchObject({ eventCount: emitted, discardedCount: 0 });
    const names = readdirSync(archives);
    // Named by the clock as it was, and told apart by their numbers, which only grow.
    expect(names.filter((name) => !/^\d{8}T\d{6}\+0000-\d{8}T\d{6}\+0000-\d+$/.test(name))).toEqual([]);
    const inOrder = names.sort((a, b) => Number(a.split('-').at(-1)) - Number(b.split('-').at(-1)));
    // An empty chunk is no trace.
    const numbers = inOrder.flatMap((name) =>
      existsSync(join(archives, name, 'ust')) ? steps(join(archives, name)) : [],
    );
    expect(numbers).toEqual(upTo(emitted));
  }),
  patientlyMs,
);
