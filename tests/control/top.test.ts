// `spoor top` of a daemon with a program: plain, as JSON, and on a terminal; and what `list` and `status` tell besides.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { patientlyMs, type TestDaemon, until, withDaemon } from '../support/daemon.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';

/** A session `web` with small rings, and a program of it that has lost events. */
async function losing(daemon: TestDaemon, say: (...words: string[]) => string) {
  say('create', 'web');
  say('enable-channel', 'ch', '--subbuf-size', '4k', '--num-subbuf', '2');
  say('enable-event', '-c', 'ch', 'test:step');
  say('start');
  const program = await daemon.program();
  await daemon.joined(1, program);
  // Nobody empties the rings meanwhile, so that events are lost however fast the machine is.
  const consumer = daemon.consumerPid(1)!;
  process.kill(consumer, 'SIGSTOP');
  try {
    await program.tell('emit 10000');
  } finally {
    process.kill(consumer, 'SIGCONT');
  }
  return { program, consumer };
}

test(
  'top shows channels of processes; list has maps and triggers; status advises',
  withDaemon(async (daemon) => {
    const say = (...words: string[]): string => {
      const done = spoor(words, { env: daemon.environment });
      expect(done.status, done.stderr).toBe(0);
      return done.stdout;
    };
    expect(say('top', '--once', '-d', '10ms')).toContain('There is no session');
    const { program } = await losing(daemon, say);
    interface Row {
      readonly channel: string;
      readonly pid: number;
      readonly lostCount: number;
    }
    const line = JSON.parse(say('top', '--once', '--json', '-d', '10ms')) as {
      readonly rows: readonly Row[];
      readonly advice: readonly { readonly command: string }[];
    };
    expect(line.rows).toMatchObject([
      { session: 'web', channel: 'ch', pid: program.child.pid, ringCount: 1 },
    ]);
    expect(line.rows[0]!.lostCount).toBeGreaterThan(0);
    expect(line.advice[0]!.command).toMatch(
      /^spoor enable-channel ch -s web --subbuf-size \S+ --num-subbuf 4$/,
    );
    const plain = say('top', '-n', '2', '-d', '10ms', '-s', 'web', '--sort-by', 'name');
    expect(plain.match(/^web +ch +\d+ +node/gm)).toHaveLength(2);
    expect(plain).not.toContain('\u001b');
    const status = say('status', '--advice');
    expect(status).toMatch(/Advice:\nweb\/ch: \d+ events were lost/);
    // What it says can be done, and was enough: what the smaller rings lost is no reason for larger ones again.
    expect(say(...line.advice[0]!.command.split(' ').slice(1))).toContain('changed');
    await daemon.joined(1, program);
    await program.tell('emit 100');
    const after = JSON.parse(say('top', '--once', '--json', '-d', '10ms')) as typeof line;
    expect(after.rows[0]!.lostCount).toBe(line.rows[0]!.lostCount);
    expect(after.advice).toEqual([]);
    expect(say('status', '--advice')).toContain('Advice:\nits channels are large enough for what was seen\n');

    say('add-map-channel', 'counts', '-s', 'web');
    say(
      'add-trigger',
      '--name=mine',
      '--condition=event-rule-matches',
      '--type=user',
      '--action=stop-session',
      'web',
    );
    say('add-trigger', '--name=other', '--condition=event-rule-matches', '--type=user', '--action=notify');
    expect(say('list', 'web')).toMatch(
      /Counter maps:\n-+\n {2}- counts: .*\n\nTriggers:\n-+\n {2}- mine: event rule matches, stop session\n\n$/,
    );
    expect(JSON.parse(say('list', 'web', '--json'))).toMatchObject({
      maps: [{ name: 'counts' }],
      triggers: [{ name: 'mine' }],
    });
    const refused = spoor(['top', '--once', '-s', 'nothing'], { env: daemon.environment });
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('nothing') as string]);
  }),
  patientlyMs,
);

describeNeeding([command('script')], 'top on a terminal', () => {
  test.each(['cols 80 rows 20', 'cols 0 rows 0'])(
    'draws, takes keys, and leaves the terminal as it was: %s',
    (size) =>
      withDaemon(async (daemon) => {
        await daemon.start();
        const line = `stty ${size}; "${process.execPath}" "${spoorProgram}" top -d 50ms; echo "status $?"`;
        const child = spawn('script', ['-qec', `sh -c '${line}'`, '/dev/null'], {
          env: { ...daemon.environment, TERM: 'xterm' } as NodeJS.ProcessEnv,
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        const ended = new Promise((resolve) => child.once('close', resolve));
        let shown = '';
        child.stdout.on('data', (bytes: Buffer) => {
          shown += bytes.toString();
        });
        await until('it is drawn', () => shown.includes('[b throughput]'));
        child.stdin.write('l');
        await until('it sorts by losses', () => shown.includes('[l lost]'));
        child.stdin.write('q');
        await until('it has ended', () => shown.includes('status 0'));
        child.stdin.end();
        await ended;
        expect(shown.indexOf('\u001b[?1049h')).toBeLessThan(shown.indexOf('spoor top'));
        expect(shown.lastIndexOf('\u001b[?1049l')).toBeGreaterThan(shown.lastIndexOf('spoor top'));
      })(),
    patientlyMs,
  );
});

test(
  'what a program lost is told of by status after its end, and by the next consumer',
  withDaemon(async (daemon) => {
    const say = (...words: string[]): string => spoor(words, { env: daemon.environment }).stdout;
    const { program, consumer } = await losing(daemon, say);
    await program.end();
    const client = await daemon.connect();
    const usage = () => client.call('get-usage', { session: 'web' });
    await until('its rings are over', async () => (await usage()).channels.length === 0);
    const { losses, endedDiscarded } = await usage();
    expect(losses.discardedCount).toBeGreaterThan(0);
    expect(endedDiscarded).toEqual({ ch: losses.discardedCount });
    process.kill(daemon.consumerPid(1)!, 'SIGKILL');
    await until('there is another consumer', () => ![consumer, undefined].includes(daemon.consumerPid(1)));
    expect(say('status')).toContain(`Discarded events: ${losses.discardedCount}\n`);
    expect(say('--mi', 'xml', 'list', 'web')).toContain(
      `<discarded_events>${losses.discardedCount}</discarded_events>`,
    );
  }),
  patientlyMs,
);
