// What may be done to a daemon, its consumer and its directories, on purpose or by a machine that is out of room: clear
// errors, and nothing else harmed.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SpoorError } from '@spoor/base';
import { ControlClient } from '@spoor/control';
import { describe, expect, test } from 'vitest';
import {
  type EmittingProgram,
  recordProgram,
  recordSteps,
  patientlyMs,
  steps,
  until,
  upTo,
  withDaemon,
} from '../support/daemon.ts';
import { repoRoot } from '../support/machine.ts';
import { describeNeeding, root } from '../support/needs.ts';

const code = (value: string) => expect.objectContaining({ code: value }) as unknown;

/** A connection; while others wait to be let in there may be no room to wait. */
async function connected(path: string): Promise<Socket> {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      return socket.on('error', () => undefined);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

describe('a client', () => {
  test(
    'that holds a thousand connections, and says half a word on each, keeps no other from what it asks',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const sockets: Socket[] = [];
      for (let n = 0; n < 999; n += 1) {
        const socket = await connected(join(daemon.runDir, 'spoor/control.sock'));
        if (n % 2 === 0) socket.write('{"id":1,"method":"hel');
        else socket.end('{');
        sockets.push(socket);
      }
      expect((await client.call('list-sessions', {})).sessions).toEqual([]);
      for (const socket of sockets) socket.destroy();
      await until('there is room for others', async () => {
        try {
          (await daemon.connect()).close();
          return true;
        } catch {
          return false;
        }
      });
    }),
    patientlyMs,
  );

  test(
    'is refused names that would be paths, and control characters in them',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const names = ['../x', 'a/b', 'a\0b', 'a\nb', '', '.', '..', 'x'.repeat(300)];
      for (const name of names) {
        await expect(client.call('create-session', { name, mode: 'local' })).rejects.toEqual(
          code('control/invalid-name'),
        );
      }
      await client.call('create-session', { name: 's', mode: 'local' });
      for (const channel of names) {
        const asked = client.call('enable-channel', { session: 's', domain: 'user', channel });
        await expect(asked).rejects.toEqual(code('control/invalid-name'));
      }
      expect((await client.call('list-sessions', {})).sessions).toHaveLength(1);
    }),
    patientlyMs,
  );
});

describe('a process that is stopped', () => {
  test(
    'is not waited for: a consumer is named, and what was asked of it is done when it goes on',
    withDaemon(async (daemon) => {
      const path = join(daemon.home, 'trace');
      const { client, session, program } = await recordProgram(daemon, path);
      await program.tell('emit 1000');
      const consumer = daemon.consumerPid(session.id)!;
      process.kill(consumer, 'SIGSTOP');
      for (const method of ['stop-session', 'destroy-session'] as const) {
        const asked = client.call(method, { session: 's' });
        await expect(asked).rejects.toEqual(code('control/consumer-stopped'));
      }
      expect((await client.call('list-sessions', {})).sessions).toHaveLength(1);
      process.kill(consumer, 'SIGCONT');
      const { losses } = await client.call('destroy-session', { session: 's' });
      expect(losses).toMatchObject({ eventCount: 1000, discardedCount: 0 });
      expect(steps(path)).toEqual(upTo(1000));
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'is told of where it is the daemon',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      process.kill(daemon.pid!, 'SIGSTOP');
      const asked = ControlClient.connect({ environment: daemon.environment, timeoutMs: 200 });
      await expect(asked).rejects.toEqual(code('control/no-answer'));
      process.kill(daemon.pid!, 'SIGCONT');
      expect((await client.call('list-sessions', {})).sessions).toEqual([]);
    }),
    patientlyMs,
  );
});

describe('a program', () => {
  test(
    'whose files are links, pipes, of absurd sizes or lies about places harms nobody else',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const path = join(daemon.home, 'below/trace');
      const session = await recordSteps(client, path);
      const good = await daemon.program();
      const bad = await daemon.program();
      for (const program of [good, bad]) await daemon.joined(session.id, program);
      await bad.tell('emit 10');
      const precious = join(daemon.home, 'precious');
      mkdirSync(precious);
      writeFileSync(join(precious, '0.ring'), 'of somebody');
      const consumer = daemon.consumerPid(session.id);
      mislead(join(daemon.hub, 'sessions', String(session.id)), bad, precious);
      await good.tell('emit 2000');
      await client.call('rotate-session', { session: 's' });
      await good.tell('emit 10');
      await bad.kill();
      const { path: last } = await client.call('destroy-session', { session: 's' });
      expect(consumer).toBeDefined();
      expect(existsSync(`/proc/${consumer}/exe`)).toBe(true);
      expect(readFileSync(join(precious, '0.ring'), 'utf8')).toBe('of somebody');
      expect(readdirSync(daemon.home).filter((name) => name.includes('evil'))).toEqual([]);
      expect(readdirSync(join(daemon.home, 'below'))).toEqual(['trace']);
      expect(last!.startsWith(path)).toBe(true);
      const numbers = readdirSync(join(path, 'archives'))
        .sort((a, b) => a.localeCompare(b))
        .flatMap((chunk) => {
          const traces = join(path, 'archives', chunk, 'ust/pid');
          return readdirSync(traces)
            .filter((name) => name.includes(`-${good.child.pid}-`))
            .flatMap((name) => steps(join(traces, name)));
        });
      expect(numbers).toEqual(upTo(2010));
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );
});

/** Has a program's directory, and others beside it, hold what no tracer puts there. */
function mislead(session: string, { child }: EmittingProgram, precious: string): void {
  const own = join(
    session,
    readdirSync(session).find((entry) => entry.startsWith(`${child.pid}-`))!,
  );
  expect(spawnSync('mkfifo', [join(own, 'status/pipe.json')]).status).toBe(0);
  writeFileSync(join(own, 'status/large.json'), '{');
  truncateSync(join(own, 'status/large.json'), 2 ** 36);
  writeFileSync(join(own, 'output'), '../../evil');
  symlinkSync(join(precious, '0.ring'), join(own, 'rings/90.ring'));
  writeFileSync(join(own, 'rings/91.ring'), '');
  truncateSync(join(own, 'rings/91.ring'), 2 ** 36);
  // Processes that never were: whole at once, for the consumer takes the directories of the dead away.
  const draft = join(session, 'draft');
  symlinkSync(precious, join(session, '1-1'));
  for (const [name, description] of [
    ['1-2', { version: 2, pid: '../../../../evil', procname: '../evil', startedMs: 0, header: '' }],
    ['1-3', { version: 2, pid: 3, procname: '../evil\0', startedMs: 1e300, header: '' }],
    ['1-4', { version: 2 }],
    ['1-5', []],
  ] as const) {
    mkdirSync(join(draft, 'rings'), { recursive: true });
    writeFileSync(join(draft, 'process.json'), JSON.stringify(description));
    renameSync(draft, join(session, name));
  }
  mkdirSync(draft);
  expect(spawnSync('mkfifo', [join(draft, 'process.json')]).status).toBe(0);
  renameSync(draft, join(session, '1-6'));
}

describe('a directory of a daemon', () => {
  test(
    'with locks of the dead, of processes that have their number now, or with nonsense in them is taken over',
    withDaemon(async (daemon) => {
      mkdirSync(join(daemon.runDir, 'spoor'), { mode: 0o700 });
      const lock = join(daemon.runDir, 'spoor/daemon.json');
      for (const text of ['', 'nonsense', '{}', JSON.stringify({ pid: process.pid, startTicks: '1' })]) {
        writeFileSync(lock, text);
        const client = await daemon.start();
        expect((await client.call('list-sessions', {})).sessions).toEqual([]);
        client.close();
        await daemon.kill();
      }
    }),
    patientlyMs,
  );
});

describeNeeding([root()], 'for another user', () => {
  test(
    'the socket is closed, and its directory must not be of another one',
    withDaemon(async (daemon) => {
      await daemon.start();
      chmodSync(daemon.runDir, 0o755);
      const module = pathToFileURL(join(repoRoot, 'packages/control/dist/index.js')).href;
      const script = `
        import { ControlClient } from ${JSON.stringify(module)};
        process.setgroups([65534]);
        process.setgid(65534);
        process.setuid(65534);
        const path = ${JSON.stringify(join(daemon.runDir, 'spoor/control.sock'))};
        await ControlClient.connect({ path }).then(() => console.log('let in'), ({ code }) => console.log(code));
        process.exit(0);
      `;
      const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      expect(done.stdout.trim(), done.stderr).toBe('control/forbidden');
      await daemon.kill();
      chownSync(join(daemon.runDir, 'spoor'), 65_534, 65_534);
      await expect(daemon.start()).rejects.toEqual(code('control/daemon-start'));
      chownSync(join(daemon.runDir, 'spoor'), 0, 0);
      await daemon.start();
    }),
    patientlyMs,
  );
});

describe('a saved session', () => {
  test(
    'with channels that no session may have is refused whole',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      await recordSteps(client, join(daemon.home, 'trace'));
      const { session } = await client.call('get-session', { session: 's' });
      const { mode, automaticEvents, output, channels: have, snapshotOutputs, rotation, trackers } = session;
      const [channel] = have;
      const facts = { mode, automaticEvents, snapshotOutputs, rotation, trackers, ...(output && { output }) };
      const saved = { ...facts, name: 'other', isActive: false, channels: have };
      for (const [channels, refusal] of [
        [[{ ...channel!, name: '../../../outside' }], 'control/invalid-name'],
        [[channel!, channel!], 'control/channel-exists'],
        [[{ ...channel!, subBufferSizeBytes: 2 ** 52 }], 'control/channel-attributes'],
      ] as const) {
        await expect(client.call('restore-session', { session: { ...saved, channels } })).rejects.toEqual(
          code(refusal),
        );
      }
      const { sessions } = await client.call('list-sessions', {});
      expect(sessions.map(({ name }) => name)).toEqual(['s']);
      await client.call('restore-session', { session: saved });
    }),
    patientlyMs,
  );

  test(
    'with NUL in a path is refused, as is a session that is made with one',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const output = { kind: 'local', path: `${daemon.home}/a\0b` } as const;
      const refused = code('control/malformed-request');
      const create = client.call('create-session', { name: 'n', mode: 'local', output });
      await expect(create).rejects.toEqual(refused);
      const saved = {
        name: 'n',
        mode: 'local',
        isActive: false,
        automaticEvents: false,
        output,
        channels: [],
        snapshotOutputs: [],
        rotation: {},
        trackers: { user: [], kernel: [] },
      } as const;
      await expect(client.call('restore-session', { session: saved })).rejects.toEqual(refused);
      await client.call('restore-session', {
        session: { ...saved, output: { kind: 'local', path: `${daemon.home}/a\nb` } },
      });
      await client.call('enable-channel', { session: 'n', domain: 'user', channel: 'c', attributes: {} });
      // Parentheses in each other would take the parser's stack.
      const filter = `${'('.repeat(5000)}n == 1${')'.repeat(5000)}`;
      const rule = { kind: 'user-tracepoint', name: 'x', filter } as const;
      const enable = client.call('enable-event', { session: 'n', domain: 'user', channel: 'c', rule });
      await expect(enable).rejects.toEqual(code('control/invalid-filter'));
      // And so would brackets, in a line that is no request.
      const nested = '['.repeat(500_000) + ']'.repeat(500_000);
      const socket = await connected(join(daemon.runDir, 'spoor/control.sock'));
      socket.write(`${nested}\n`);
      const [answer] = (await once(socket, 'data')) as [Uint8Array];
      expect(JSON.parse(Buffer.from(answer).toString('utf8'))).toMatchObject({
        id: 0,
        error: { code: 'control/malformed-request' },
      });
      socket.destroy();
    }),
    patientlyMs,
  );

  test(
    'of a place where nothing can be made fails to start, and holds up nobody',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const output = { kind: 'local', path: '/proc/self/nowhere/trace' } as const;
      await client.call('create-session', { name: 'proc', mode: 'local', output });
      const rule = { kind: 'user-tracepoint', name: '*' } as const;
      await client.call('enable-event', { session: 'proc', domain: 'user', rule });
      await expect(client.call('start-session', { session: 'proc' })).rejects.toBeInstanceOf(SpoorError);
      await expect(client.call('record-snapshot', { session: 'proc', output })).rejects.toBeInstanceOf(
        SpoorError,
      );
      const { sessions } = await client.call('list-sessions', {});
      expect(sessions).toHaveLength(1);
    }),
    patientlyMs,
  );
});
