// The verbs of triggers and counter maps, as a user types them; beside those of the real lttng where it has them.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TriggerNotification } from '@spoor/control';
import { expect, test } from 'vitest';
import { type TestDaemon, until, withDaemon } from '../support/daemon.ts';
import { lttngNeeds, runUnderLttng } from '../support/lttng.ts';
import { describeNeeding } from '../support/needs.ts';
import { type CommandRun, spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const run = (daemon: TestDaemon, ...args: readonly string[]): CommandRun =>
  spoor(args, { env: daemon.environment, timeoutMs: 120_000 });

/** Runs a verb that must be done, and answers what it prints. */
function done(daemon: TestDaemon, ...args: readonly string[]): string {
  const { status, stdout, stderr } = run(daemon, ...args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}

const rule = ['--condition=event-rule-matches', '--type=user'];

test(
  'triggers are added, listed, listened to and removed; maps are counted in, shown and exported',
  withDaemon(async (daemon) => {
    await daemon.start();
    done(daemon, 'create', 's');
    done(daemon, 'enable-event', '-u', 'test:*');
    done(daemon, 'add-map-channel', 'counts');
    expect(
      done(
        daemon,
        'add-trigger',
        ...rule,
        '--name=test:step',
        '--filter=n == 3',
        '--capture',
        'n',
        '--action=notify',
      ),
    ).toBe('Added trigger `trigger0`.\n');
    const count = ['--action=incr-map-value', '--session=s', '--channel=counts', '--key={event_name}'];
    done(daemon, 'add-trigger', '--name=counting', ...rule, '--name=test:*', ...count);
    const snapshots = ['--name=often', ...rule, '--action=snapshot-session', 's'];
    const often = run(daemon, 'add-trigger', ...snapshots);
    expect([often.status, often.stdout]).toEqual([0, 'Added trigger `often`.\n']);
    expect(often.stderr).toMatch(/^spoor: trigger `often` takes a snapshot of session s each time,/);
    done(daemon, 'remove-trigger', 'often');
    done(daemon, 'add-trigger', ...snapshots, '--rate-policy=at-most:1/60s');
    done(daemon, 'remove-trigger', 'often');
    done(daemon, 'start');
    const { triggers } = JSON.parse(done(daemon, 'list-triggers', '--json')) as {
      readonly triggers: readonly { readonly name: string }[];
    };
    expect(triggers.map(({ name }) => name)).toEqual(['counting', 'trigger0']);

    const listener = spawn(
      process.execPath,
      [spoorProgram, 'listen', '--count', '1', '--json', '--trigger', 'trigger0'],
      {
        env: daemon.environment as NodeJS.ProcessEnv,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended = new Promise((resolve) => listener.once('exit', resolve));
    for await (const line of createInterface({ input: listener.stderr })) {
      expect(line).toBe('spoor: listening');
      break;
    }
    const program = await daemon.program();
    // It may not know of the triggers yet when it is told to emit; a program that knows counts.
    await until('the program counts', async () => {
      await program.tell('other 1');
      return done(daemon, 'show-maps').includes('test:other');
    });
    await program.tell('emit 5');
    let text = '';
    for await (const chunk of listener.stdout) text += String(chunk);
    expect(JSON.parse(text) as TriggerNotification).toMatchObject({
      trigger: 'trigger0',
      event: { name: 'test:step', pid: program.child.pid },
      captures: [{ expression: 'n', value: 3 }],
    });
    expect(await ended).toBe(0);

    expect(done(daemon, 'show-maps', '--key=test:step')).toBe(
      'Map channel counts:\n  Key        Value  Overflow?\n  test:step      5\n',
    );
    const csv = done(daemon, 'export-maps', 's', '--format=csv');
    expect(csv.split('\n')[0]).toBe('map,owner,owner_id,owner_name,value_type,key,value,has_overflow');
    expect(csv).toContain(`counts,user,${process.getuid!()},,signed-int-64,test:step,5,0\n`);
    expect(JSON.parse(done(daemon, 'export-maps'))).toMatchObject({
      session: 's',
      maps: [{ name: 'counts' }],
    });

    const other = run(daemon, 'remove-trigger', '--owner-uid', '4242', 'counting');
    expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('user 4242 has no trigger')]);
    const owner = `--owner-uid=${process.getuid!()}`;
    expect(done(daemon, 'remove-trigger', owner, 'counting')).toBe('Removed trigger `counting`.\n');
    const again = run(daemon, 'remove-trigger', 'counting');
    expect(again.status).toBe(1);
    expect(again.stderr).toContain('there is no trigger `counting`');
    done(daemon, 'destroy');
    expect(run(daemon, 'show-maps', '-s', 's').status).toBe(1);
    expect(run(daemon, 'show-maps', 's').stderr).toContain('there is no session named s');
  }),
);

/** Command lines that both take or both refuse. */
const lines: readonly (readonly string[])[] = [
  [
    ...rule,
    '--name=shop:*',
    '--exclude-name=shop:x',
    '--filter=a > 5',
    ...['a', 'b[3]', '$ctx.vpid', '$app.p:n'].map((text) => `--capture=${text}`),
    '--action=notify',
    '--rate-policy=every:10',
  ],
  [
    '--name=hello',
    '--condition=event-rule-matches',
    '--type=user:tracepoint',
    '--name=my:*',
    '--log-level=TRACE_WARNING..',
    '--action=start-session',
    's',
    '--action=snapshot-session',
    's',
    '--name=sn',
    '--max-size=4M',
    '--path=/tmp/x',
    '--rate-policy=once-after:3',
    '--action=notify',
  ],
  [
    '--name=second',
    ...rule,
    '--log-level=WARNING',
    '--action=stop-session',
    's',
    '--action=rotate-session',
    'none',
  ],
  ['--name=hello', ...rule, '--action=notify'],
  [...rule, '--name=x'],
  ['--action=notify'],
  ['--condition=foo', '--action=notify'],
  [...rule, '--action=foo'],
  ['--condition=event-rule-matches', '--action=notify'],
  [...rule, '--filter=a +', '--action=notify'],
  [...rule, '--capture=a && b', '--action=notify'],
  [...rule, '--action=notify', '--rate-policy=every:0'],
  [...rule, '--action=start-session'],
  [...rule, '--action=notify', 'extra'],
  [...rule, '--action=notify', ...rule],
];

describeNeeding(lttngNeeds(), 'beside lttng', () => {
  test(
    'the same command lines are taken, and triggers are shown in the same words',
    withDaemon(async (daemon) => {
      const dir = mkdtempSync(join(tmpdir(), 'spoor-lttng-triggers-'));
      try {
        const real = await runUnderLttng({ dir }, [
          ...lines.map((args) => [
            'sh',
            '-c',
            'lttng add-trigger "$@" >/dev/null 2>&1; echo $?',
            'sh',
            ...args,
          ]),
          ['lttng', 'list-triggers'],
        ]);
        const [statuses, listed] = [
          real.stdout.split('\n').slice(0, lines.length),
          real.stdout.split('\n').slice(lines.length).join('\n'),
        ];
        await daemon.start();
        expect(lines.map((args) => String(run(daemon, 'add-trigger', ...args).status))).toEqual(statuses);
        expect(statuses.filter((status) => status === '0')).toHaveLength(3);
        expect(done(daemon, 'list-triggers')).toBe(listed);
      } finally {
        removeTree(dir);
      }
    }),
  );
});
