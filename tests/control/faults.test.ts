// What clients and programs may do to a daemon without harm to others.
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import {
  type EmittingProgram,
  type TestDaemon,
  steps,
  until,
  upTo,
  withDaemon,
  patientlyMs,
} from '../support/daemon.ts';
import { removeTree } from '../support/removal.ts';

/** Sends bytes to a daemon; answers its lines until it closes the connection, or has said so many. */
async function converse(daemon: TestDaemon, bytes: string, mostLines: number): Promise<unknown[]> {
  const socket = connect(join(daemon.runDir, 'spoor/control.sock'));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  const lines: unknown[] = [];
  for await (const line of createInterface({ input: socket })) {
    lines.push(JSON.parse(line));
    if (lines.length === mostLines) break;
  }
  socket.destroy();
  return lines;
}

const hello = '{"id":1,"method":"hello","params":{"version":2,"client":"test"}}\n';

describe('a client', () => {
  test(
    'that says nothing of sense is told so and sent away; the daemon serves others',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const code = (value: string) => ({ error: expect.objectContaining({ code: value }) as unknown });
      expect(await converse(daemon, 'GET / HTTP/1.1\r\n\r\n', 9)).toMatchObject([
        { id: 0, ...code('control/malformed-request') },
      ]);
      expect(await converse(daemon, '{"id":5,"method":"list-sessions","params":{}}\n', 9)).toMatchObject([
        { id: 5, ...code('control/no-hello') },
      ]);
      const old = '{"id":2,"method":"hello","params":{"version":99,"client":"test"}}\n';
      expect(await converse(daemon, old, 9)).toMatchObject([{ id: 2, ...code('control/version') }]);
      const answers = await converse(
        daemon,
        `${hello}[]\n{"id":7,"method":"start-session","params":{"session":1}}\n{"id":8,"method":"list-sessions","params":{}}\n`,
        4,
      );
      // They come in any order.
      const byId = (a: unknown, b: unknown) => (a as { id: number }).id - (b as { id: number }).id;
      expect(answers.sort(byId)).toMatchObject([
        { id: 0, ...code('control/malformed-request') },
        { id: 1 },
        { id: 7, ...code('control/malformed-request') },
        { id: 8, result: { sessions: [] } },
      ]);
      const long = await converse(daemon, hello + 'x'.repeat(5 * 1024 * 1024), 9);
      expect(long).toMatchObject([{ id: 1 }, { id: 0, ...code('control/line-too-long') }]);
      expect((await client.call('list-sessions', {})).sessions).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'may make a thousand sessions, with names and filters of every kind',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      for (let n = 0; n < 1000; n += 1)
        await client.call('create-session', { name: `s ${n}`, mode: 'local' });
      const name = 'a ..b "c" ünï*';
      await client.call('create-session', { name, mode: 'local' });
      const filter = Array.from({ length: 480 }, (_, n) => `n != ${n}`).join('             && ');
      expect(filter.length).toBeGreaterThan(10_000);
      const rule = { kind: 'user-tracepoint', name: 'test:step', filter } as const;
      await client.call('enable-event', { session: name, domain: 'user', rule });
      await client.call('start-session', { session: name });
      const { sessions } = await client.call('list-sessions', {});
      expect(sessions).toHaveLength(1001);
      const program = await daemon.program();
      await daemon.joined(sessions.at(-1)!.id, program);
      await program.tell('emit 490');
      const { path } = await client.call('destroy-session', { session: name });
      expect(steps(path!)).toEqual(upTo(490).slice(480));
    }),
    patientlyMs,
  );
});

describe('a program', () => {
  test(
    'that writes garbage into its ring and its directory harms nobody else',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      for (const mode of ['local', 'snapshot'] as const) {
        await client.call('create-session', { name: mode, mode });
        const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
        await client.call('enable-event', { session: mode, domain: 'user', rule });
        await client.call('start-session', { session: mode });
      }
      const [local, snapshot] = (await client.call('list-sessions', {})).sessions;
      const good = await daemon.program();
      const bad = await daemon.program();
      for (const program of [good, bad]) {
        for (const session of [local!, snapshot!]) await daemon.joined(session.id, program);
        await program.tell('emit 100');
      }
      for (const session of [local!, snapshot!]) spoil(daemon, session.id, bad);
      const consumer = daemon.consumerPid(local!.id);
      await good.tell('emit 100');
      await bad.tell('emit 100');
      const { snapshots } = await client.call('record-snapshot', { session: 'snapshot' });
      const pid = `-${good.child.pid}-`;
      const traces = join(snapshots[0]!.path, 'ust/pid');
      const mine = readdirSync(traces).find((name) => name.includes(pid))!;
      expect(steps(join(traces, mine))).toEqual(upTo(200));
      const { path } = await client.call('destroy-session', { session: 'local' });
      const own = readdirSync(join(path!, 'ust/pid')).find((name) => name.includes(pid))!;
      expect(steps(join(path!, 'ust/pid', own))).toEqual(upTo(200));
      expect(daemon.consumerPid(snapshot!.id)).toBe(consumer);
      await client.call('destroy-session', { session: 'snapshot' });
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );
});

/** Fills the control pages of a program's rings with nonsense, and adds files that have no place there. */
function spoil(daemon: TestDaemon, session: number, { child }: EmittingProgram): void {
  const folder = join(daemon.hub, 'sessions', String(session));
  const name = readdirSync(folder).find((entry) => entry.startsWith(`${child.pid}-`))!;
  const rings = join(folder, name, 'rings');
  for (const ring of readdirSync(rings)) {
    const fd = openSync(join(rings, ring), 'r+');
    // All but the magic number: sizes, marks, the content of packets.
    const garbage = Buffer.alloc(8192, 0xa5);
    writeSync(fd, garbage, 0, garbage.length, 128);
    closeSync(fd);
  }
  const fd = openSync(join(rings, '77.ring'), 'w');
  writeSync(fd, Buffer.alloc(5000, 0x5a));
  closeSync(fd);
}

describe('an output directory', () => {
  test(
    'that is removed while it is recorded is told of, and the session goes on',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const { session } = await client.call('create-session', { name: 's', mode: 'local' });
      const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
      await client.call('enable-event', { session: 's', domain: 'user', rule });
      await client.call('start-session', { session: 's' });
      const path = session.output?.kind === 'local' ? session.output.path : '';
      const program = await daemon.program();
      await daemon.joined(session.id, program);
      await program.tell('emit 10');
      await client.call('rotate-session', { session: 's' });
      // Before its files are open nobody has lost anything: they are made where the directory was.
      await until('the next chunk is begun', () =>
        readdirSync(path, { recursive: true, encoding: 'utf8' }).some((name) =>
          /^(?!archives\/).*\/metadata$/.test(name),
        ),
      );
      removeTree(path);
      await until('it is told of', async () => {
        const { troubles } = await client.call('get-usage', { session: 's' });
        return troubles.some((line) => line.includes('files were removed while they are recorded'));
      });
      await program.tell('emit 10');
      // The chunk that is gone cannot be archived; the session can be ended all the same.
      await client.call('rotate-session', { session: 's' }).catch(() => undefined);
      await program.tell('emit 10');
      const { losses, warnings } = await client.call('destroy-session', { session: 's' });
      expect(losses.eventCount).toBe(30);
      expect(warnings).toContainEqual(expect.stringContaining('files were removed while they are recorded'));
      expect(statSync(path).isDirectory()).toBe(true);
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'that cannot be written to keeps events in memory until it can',
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const file = join(daemon.home, 'file');
      const output = { kind: 'local', path: join(file, 'trace') } as const;
      const { session } = await client.call('create-session', { name: 's', mode: 'local', output });
      const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
      await client.call('enable-event', { session: 's', domain: 'user', rule });
      const spoilOutput = () => {
        removeTree(file);
        closeSync(openSync(file, 'w'));
      };
      spoilOutput();
      await expect(client.call('start-session', { session: 's' })).rejects.toMatchObject({
        code: 'record/output',
      });
      rmSync(file);
      await client.call('start-session', { session: 's' });
      spoilOutput();
      const program = await daemon.program();
      await daemon.joined(session.id, program);
      await program.tell('emit 10');
      await until('the trouble is told of', async () => {
        const { troubles } = await client.call('get-usage', { session: 's' });
        return troubles.some((line) => line.includes(file));
      });
      rmSync(file);
      await program.tell('emit 10');
      const { losses } = await client.call('destroy-session', { session: 's' });
      expect(losses).toMatchObject({ eventCount: 20, discardedCount: 0 });
      expect(steps(output.path)).toEqual(upTo(20));
    }),
    patientlyMs,
  );
});
