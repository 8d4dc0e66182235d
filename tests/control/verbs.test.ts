// The control verbs of the built command, as a user types them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type TestDaemon, steps, upTo, withDaemon, patientlyMs } from '../support/daemon.ts';
import { spoor } from '../support/spoor.ts';

/** A shell of a user: the command, with the environment of a daemon. */
function shell({ environment }: TestDaemon) {
  const run = (line: string) => spoor(line.split(' '), { env: environment });
  /** Standard output of a command that succeeds. */
  const say = (line: string): string => {
    const { status, stdout, stderr } = run(line);
    expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' });
    return stdout;
  };
  const json = (line: string) => JSON.parse(say(`${line} --json`)) as Record<string, unknown>;
  /** The one line that a command that fails tells. */
  const refused = (line: string): string => {
    const { status, stdout, stderr } = run(line);
    expect({ line, status, stdout }).toEqual({ line, status: 1, stdout: '' });
    return stderr;
  };
  return { run, say, json, refused };
}

describe('control verbs', () => {
  test(
    'record a program from create to destroy; the daemon starts by itself',
    withDaemon(async (daemon) => {
      const { run, say, json, refused } = shell(daemon);
      expect(refused('list --no-sessiond')).toMatch(/no session daemon runs/);
      expect(say('create my-shop')).toMatch(
        /^Session my-shop created\.\nTraces will be output to .*\/lttng-traces\/my-shop-\d{8}-\d{6}\n$/,
      );
      expect(daemon.pid).toBeDefined();
      expect(refused('start')).toMatch(/has no channel \(spoor enable-event/);
      expect(say('enable-event -u test:step,test:other -x test:o* --loglevel debug -f n>=0')).toBe(
        'ust event test:step created in channel channel0\nust event test:other created in channel channel0\n',
      );
      expect(refused('enable-event -u test:step -x test:o* --loglevel debug -f n>=0')).toMatch(
        /enabled already/,
      );
      for (const [options, why] of [
        ['sched_* -x sched_switch', /^spoor: --exclude is of events of programs/],
        ['sched_* --loglevel info', /^spoor: events of the kernel have no log levels/],
        ['sched_* --loglevel-only info', /^spoor: events of the kernel have no log levels/],
        ['x --syscall --probe vfs_read', /^spoor: --syscall and --probe are different kinds of events/],
        ['x --site entry', /^spoor: --site is of system calls/],
      ] as const) {
        expect(refused(`enable-event -k ${options}`)).toMatch(why);
      }
      expect(say('add-context -t vtid')).toBe('ust context vtid added to all channels\n');
      expect(refused('add-context -t vtit')).toMatch(/did you mean vtid/);
      expect(say('start')).toBe('Tracing started for session my-shop\n');
      const again = run('start');
      expect(again).toMatchObject({ status: 4, stdout: '' });
      const program = await daemon.program();
      await program.tell('emit 12');
      await program.tell('other 5');
      expect(say('status')).toMatch(/Recording session my-shop: \[active\][\s\S]*- channel0: \[enabled\]/);
      expect(say('rotate')).toMatch(/^Trace chunk archive for session my-shop is now readable at \S*-0\n$/);
      await program.end();
      expect(say('stop')).toBe('Tracing stopped for session my-shop\n');
      expect(run('stop').status).toBe(4);
      const { session } = json('list my-shop') as { session: { output: { path: string } } };
      expect(session).toMatchObject({ isActive: false, chunkId: 1 });
      expect(say('destroy')).toMatch(/Session my-shop destroyed\n$/);
      expect(steps(session.output.path)).toEqual(upTo(12));
      expect(say('list')).toBe('Currently no available recording session\n');
      expect(refused('status')).toMatch(/no current one \(spoor create/);
    }),
    patientlyMs,
  );

  test(
    'change channels, rotation and trackers, and say what went another way',
    withDaemon((daemon) => {
      const { run, say, refused } = shell(daemon);
      say('create s');
      const sized = run('enable-channel a,b --subbuf-size 5000 --num-subbuf 3 --overwrite');
      expect(sized.stdout).toBe('ust channel a enabled for session s\nust channel b enabled for session s\n');
      expect(sized.stderr).toMatch(/channel a: the sub-buffer size \(5000\) is rounded up to 8192\n/);
      expect(run('enable-channel a').status).toBe(4);
      expect(refused('enable-channel a --discard --overwrite')).toMatch(/of one mode/);
      expect(refused('enable-channel .a')).toMatch(/no channel can be named/);
      expect(say('disable-channel b')).toBe('ust channel b disabled for session s\n');
      expect(refused('enable-event x')).toMatch(/name one with -c: a, b/);
      say('enable-event -c a --all');
      expect(refused('disable-event -c a y')).toMatch(/no rule named y/);
      expect(say('disable-event -c a *')).toBe('ust event * disabled in channel a for session s\n');
      expect(say('enable-event -c a *')).toBe('ust event * enabled in channel a\n');
      expect(say('enable-rotation --timer 1h --size 1M')).toBe(
        'Enabled periodic rotations every 3600000000 us on session s\n' +
          'Enabled size-based rotations every 1048576 bytes written on session s\n',
      );
      expect(refused('enable-rotation --timer 5s')).toMatch(/set already/);
      expect(say('disable-rotation --timer')).toBe('Disabled periodic rotation on session s\n');
      expect(say('track --vpid 7,8')).toMatch(/^Added 7 to the virtual process ID/);
      expect(say('untrack --vpid 7')).toMatch(/^Removed 7 from the virtual process ID/);
      expect(run('untrack --vpid 7')).toMatchObject({
        status: 0,
        stdout: '',
        stderr: 'spoor: 7 is not in the virtual process ID tracker inclusion set\n',
      });
      const shown = say('list s');
      expect(shown).toMatch(/size threshold: 1048576 bytes/);
      expect(shown).toMatch(/Virtual process IDs: {2}8\n/);
      expect(shown).toMatch(/- b: \[disabled\]/);
      expect(shown).toMatch(/\* \(type: tracepoint\) \[enabled\]/);
      expect(refused('create s')).toMatch(/already/);
      expect(refused('create live --live')).toMatch(/network/);
      return Promise.resolve();
    }),
    patientlyMs,
  );

  test(
    'take snapshots, save and load sessions, and mean several at once',
    withDaemon(async (daemon) => {
      const { run, say, json, refused } = shell(daemon);
      say('create flight --snapshot');
      say('enable-event test:step');
      say('start');
      const program = await daemon.program();
      await program.tell('emit 3');
      expect(say(`snapshot add-output -n more -m 1M ${join(daemon.home, 'more')}`)).toMatch(
        /\[2\] more: \S+ \(max size: 1048576 bytes\)/,
      );
      const { snapshots } = json('snapshot record') as { snapshots: { path: string }[] };
      expect(snapshots.map(({ path }) => steps(path))).toEqual([upTo(3), upTo(3)]);
      expect(say('snapshot list-output')).toMatch(/\[2\] more: \S+ \(max size: 1048576 bytes\)/);
      say('snapshot del-output more');
      say(`snapshot add-output -n small -m 1 ${join(daemon.home, 'small')}`);
      say(`snapshot add-output -n last ${join(daemon.home, 'last')}`);
      const partly = run('snapshot record --json');
      expect(partly.status).toBe(1);
      expect(partly.stderr).toContain('snapshot output small: no packet fits');
      const told = JSON.parse(partly.stdout) as { snapshots: { path: string }[]; error: object };
      expect(told.error).toMatchObject({ code: 'control/snapshot-size' });
      expect(told.snapshots.map(({ path }) => path.split('/').at(-1)!.replace(/-.*/, ''))).toEqual([
        'snapshot',
        'last',
      ]);
      expect(told.snapshots.map(({ path }) => steps(path))).toEqual([upTo(3), upTo(3)]);
      say('snapshot del-output small');
      say('snapshot del-output last');
      expect(say('clear')).toBe('Session "flight" cleared\n');
      say('save');
      expect(refused('save flight')).toMatch(/--force replaces/);
      const file = join(daemon.home, '.spoor/sessions/flight.json');
      expect(existsSync(file)).toBe(true);
      say('create other');
      say('stop flight');
      expect(say('destroy --glob fl*')).toBe('Session flight destroyed\n');
      expect(say('load flight')).toBe('Session flight has been loaded successfully\n');
      const { session } = json('list flight') as { session: object };
      expect(session).toMatchObject({ mode: 'snapshot', isActive: true, snapshotOutputs: [{ id: 1 }] });
      await program.tell('emit 1');
      expect(refused('load flight')).toMatch(/already/);
      say('load -f flight --override-name renamed');
      expect(run('stop --all').status).toBe(4);
      expect(run('start --glob *')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('session other has no channel') as string,
      });
      expect(JSON.parse(run('start --all --json').stdout)).toMatchObject({
        sessions: [],
        error: { code: 'control/no-channel' },
      });
      expect(say('destroy --all').split('\n')).toHaveLength(4);
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
      writeFileSync(file, readFileSync(file, 'utf8').replace('"mode": "snapshot"', '"mode": "what"'));
      expect(refused('load')).toMatch(/session\.mode/);
      for (const [text, refusal] of [
        ['{"version":1,"session":null}', /it has no session/],
        ['{"version":7,"session":{}}', /it is of version 7, not 1/],
      ] as const) {
        writeFileSync(file, text);
        expect(refused('load')).toMatch(refusal);
      }
      rmSync(file);
      spawnSync('mkfifo', [file]);
      expect(refused('load')).toMatch(/it is no file/);
    }),
    patientlyMs,
  );
});
