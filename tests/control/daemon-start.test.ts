// What a session daemon has from its start, and how those that wait for it learn that it answers.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DatagramReceiver } from '../../packages/sys/src/testing/datagram-receiver.ts';
import { patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { repoRoot } from '../support/machine.ts';
import { spoor } from '../support/spoor.ts';

const bin = join(repoRoot, 'packages/cli/bin/spoor.cjs');

test(
  'loads the saved sessions of its directory, with their maps and triggers, and those that recorded record',
  withDaemon(async (daemon) => {
    const env = daemon.environment;
    const run = (line: string): string => {
      const { status, stdout, stderr } = spoor(line.split(' '), { env });
      expect(stderr, line).toBe('');
      expect(status, line).toBe(0);
      return stdout;
    };
    run('create first');
    run('enable-channel ch --switch-timer 50ms --tracefile-size 1M');
    run('enable-event -c ch test:*');
    run('track -u --vuid 0,1');
    run('add-map-channel counts --max-key-count 7');
    run(
      'add-trigger --name t --condition=event-rule-matches --type=user:tracepoint --name=test:x --action=rotate-session first',
    );
    run('start');
    run('create second --snapshot');
    run('save');
    const saved = join(daemon.home, '.spoor/sessions');
    run('destroy --all');
    run('remove-trigger t');
    await daemon.kill();
    mkdirSync(join(saved, 'auto'));
    for (const name of ['first', 'second']) {
      renameSync(join(saved, `${name}.json`), join(saved, 'auto', `${name}.json`));
    }
    // The first verb starts the daemon.
    const list = JSON.parse(run('list first --json')) as {
      readonly session: { readonly isActive: boolean; readonly channels: readonly object[] };
    };
    expect(list.session).toMatchObject({
      isActive: true,
      channels: [{ name: 'ch', switchTimerUs: 50_000, traceFileSizeBytes: 2 ** 20 }],
      trackers: { user: [{ attribute: 'vuid', values: [0, 1] }] },
    });
    const client = await daemon.connect();
    const { maps } = await client.call('list-maps', { session: 'first' });
    expect(maps).toMatchObject([{ name: 'counts', maxKeys: 7 }]);
    expect(run('list')).toContain('second');
    expect(run('list-triggers')).toContain('- name: t\n');
    const program = await daemon.program();
    await program.tell('emit 30');
    await program.end();
    run('destroy first');
    expect(steps(join(daemon.home, 'lttng-traces'))).toEqual(upTo(30));
    // Another name has triggers of its own.
    run(`load --input-path ${join(saved, 'auto/first.json')} --override-name third`);
    expect(run('list-triggers')).toMatch(/- name: t-third\n[^]*rotate session `third`/);
    run(`load -f --no-triggers --input-path ${join(saved, 'auto/first.json')} --override-name fourth`);
    expect(run('list-triggers')).not.toContain('fourth');
    // A daemon that takes another's place has them already.
    await daemon.kill();
    run('list');
  }),
  patientlyMs,
);

test(
  'tells its parent and systemd when it answers, and has its number in a file',
  withDaemon(async (daemon) => {
    const env = { ...daemon.environment, NOTIFY_SOCKET: join(daemon.runDir, 'notify') };
    const pidFile = join(daemon.runDir, 'pid');
    using receiver = new DatagramReceiver(env.NOTIFY_SOCKET);
    let signals = 0;
    const count = (): void => void (signals += 1);
    process.on('SIGUSR1', count);
    const child = spawn(process.execPath, [bin, 'sessiond', '--sig-parent', '--pidfile', pidFile], {
      env: env as NodeJS.ProcessEnv,
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    try {
      await until('the parent is told', () => signals === 1);
      expect(receiver.receive()).toBe(`READY=1\nMAINPID=${child.pid}\nSTATUS=Answers requests`);
      expect(readFileSync(pidFile, 'utf8')).toBe(`${child.pid}\n`);
      expect(daemon.pid).toBe(child.pid);
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(existsSync(pidFile)).toBe(false);
      const background = spawn(process.execPath, [bin, 'sessiond', '-d', '-S', '-P', pidFile], {
        env: env as NodeJS.ProcessEnv,
        stdio: 'ignore',
      });
      await new Promise((resolve) => background.once('close', resolve));
      await until('the parent is told again', () => signals === 2);
      expect(receiver.receive()).toContain(`MAINPID=${daemon.pid}\n`);
      expect(readFileSync(pidFile, 'utf8')).toBe(`${daemon.pid}\n`);
    } finally {
      child.kill('SIGKILL');
      await ended;
      process.off('SIGUSR1', count);
    }
  }),
  patientlyMs,
);
