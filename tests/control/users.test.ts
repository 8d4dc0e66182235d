// Root's daemon records the programs of all users, and no user can use that against another one, or against root.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ControlClient } from '@spoor/control';
import { expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { describeNeeding, otherUsers, otherUsersRun } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';

const { one, another } = otherUsers;

/** A session of root's daemon; programs of other users find it and can run what they are given. */
async function shared(
  daemon: TestDaemon,
  mode: 'local' | 'snapshot',
): Promise<{ client: ControlClient; id: number }> {
  chmodSync(daemon.home, 0o755);
  chmodSync(daemon.runDir, 0o711);
  // Nothing of them is for others but what the session shares.
  mkdirSync(join(daemon.home, 'private'), { mode: 0o700 });
  const client = await daemon.start();
  const path = join(daemon.home, 'private/trace');
  const output = mode === 'local' ? ({ kind: 'local', path } as const) : undefined;
  const { session } = await client.call('create-session', {
    name: 's',
    mode,
    ...(output === undefined ? {} : { output }),
  });
  const attributes = { subBufferSizeBytes: 65_536, subBufferCount: 4 };
  await client.call('enable-channel', { session: 's', domain: 'user', channel: 'c', attributes });
  const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
  await client.call('enable-event', { session: 's', domain: 'user', channel: 'c', rule });
  await client.call('start-session', { session: 's' });
  return { client, id: session.id };
}

/** Runs shell lines as another user; what they print. */
function shell(uid: number, script: string): string {
  return spawnSync('sh', ['-c', script], { uid, gid: uid, encoding: 'utf8', cwd: '/' }).stdout;
}

describeNeeding([otherUsersRun()], "root's daemon", () => {
  test(
    'records programs of all users, in one trace that is its own, while it goes on and is replaced',
    withDaemon(async (daemon) => {
      const { client, id } = await shared(daemon, 'local');
      const programs = [await daemon.program(one), await daemon.program(another), await daemon.program()];
      for (const program of programs) {
        await daemon.joined(id, program);
        await program.tell('emit 1000');
      }
      const listed = spoor(['list', '-u'], { env: daemon.environment }).stdout;
      for (const { child } of programs)
        expect(listed).toContain(`PID: ${child.pid} - Name: node\n      child_process:`);
      await client.call('rotate-session', { session: 's' });
      process.kill(daemon.consumerPid(id)!, 'SIGKILL');
      for (const program of programs) await program.tell('emit 1000');
      await client.call('stop-session', { session: 's' });
      await client.call('destroy-session', { session: 's' });
      const archives = join(daemon.home, 'private/trace/archives');
      const traces = readdirSync(archives).flatMap((chunk) => {
        const folder = join(archives, chunk, 'ust/pid');
        return readdirSync(folder).map((name) => join(folder, name));
      });
      for (const { child } of programs) {
        const own = traces.filter((name) => name.includes(`/node-${child.pid}-`));
        expect(own.flatMap(steps).sort((a, b) => a - b)).toEqual(upTo(2000));
        expect(own.map((name) => [statSync(name).uid, statSync(name).mode & 0o007])).toEqual(
          own.map(() => [0, 0]),
        );
      }
      // Programs that live have nothing left there, nor has the daemon.
      expect(readdirSync(join(daemon.hub, 'sessions')).filter((name) => name !== '.listing')).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'takes snapshots of them',
    withDaemon(async (daemon) => {
      const { client, id } = await shared(daemon, 'snapshot');
      const program = await daemon.program(one);
      await daemon.joined(id, program);
      await program.tell('emit 500');
      const output = { kind: 'local', path: join(daemon.home, 'private/shots') } as const;
      const { snapshots } = await client.call('record-snapshot', { session: 's', output });
      expect(steps(snapshots[0]!.path)).toEqual(upTo(500));
      await client.call('destroy-session', { session: 's' });
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'lets no user see, take or break what is of another one or of root',
    withDaemon(async (daemon) => {
      const { client, id } = await shared(daemon, 'local');
      const good = await daemon.program(one);
      await daemon.joined(id, good);
      await good.tell('emit 10');
      const session = join(daemon.hub, 'sessions', String(id));
      const users = join(session, 'users');
      const secret = join(daemon.home, 'private/secret');
      writeFileSync(secret, 'event { name = "secret"; };', { mode: 0o600 });
      const precious = join(daemon.home, 'private/precious');
      mkdirSync(precious, { mode: 0o700 });
      writeFileSync(join(precious, 'kept'), 'kept');
      // As a folder of a process has them: what follows a link to here would read the one and remove the other.
      writeFileSync(join(precious, '0'), 'event { name = "secret"; };');
      writeFileSync(join(precious, '1-9.json'), '{"tid":1,"state":"off","reasons":["secret"]}');
      const goodPath = join(users, String(one), readdirSync(join(users, String(one)))[0]!);
      const start = /-(\d+)$/.exec(goodPath)![1]!;
      // What another user can do with what is there.
      expect(
        shell(another, `ls ${users} ${session} ${users}/${one} ${goodPath}; cat ${goodPath}/rings/0.ring`),
      ).toBe('');
      shell(
        another,
        `rm -rf ${users}/${one} ${session}/*; mv ${users}/${one} ${users}/x; echo >${session}/session.json`,
      );
      // What they can put there: in the names of others, links into what is root's, pipes, absurd sizes, and a lot.
      const bad = await daemon.program(another);
      await daemon.joined(id, bad);
      await bad.tell('emit 10');
      const own = `${users}/${another}`;
      const badPath = `${own}/${readdirSync(own)[0]!}`;
      shell(
        another,
        `
        mkdir ${users}/0 ${users}/7 ${users}/1000.x ${users}/junk
        ln -s ${precious} ${users}/${another}.link
        echo x >${users}/plain; mkfifo ${users}/pipe
        cd ${own}
        mkdir -p ${good.child.pid}-${start}/rings ${good.child.pid}-${start}/events
        printf '{"version":2,"pid":${good.child.pid},"procname":"node","uuid":"x","startedMs":0,"header":"stolen"}' >${good.child.pid}-${start}/process.json
        mkdir -p 4000001-1/events 4000001-1/rings 4000001-1/status 4000001-1/counters 4000002-1
        printf '{"version":2,"pid":4000001,"procname":"evil","uuid":"x","startedMs":0,"header":"h"}' >4000001-1/process.json
        ln -s ${secret} 4000001-1/events/0
        ln -s ${secret} 4000001-1/rings/0.ring
        mkfifo 4000001-1/rings/1.ring 4000001-1/status/1-1.json 4000001-1/counters/1-1.counters 4000002-1/process.json
        truncate -s 64G 4000001-1/rings/2.ring
        ln -s ${precious} 4000003-1
        mkdir 4000004-1; cp 4000001-1/process.json 4000004-1/process.json
        ln -s ${precious} 4000004-1/events; ln -s ${precious} 4000004-1/status; ln -s ${precious} 4000004-1/rings
        ln -s ${precious} ${badPath}/tracepoints
        rm -f ${badPath}/rings/0.ring; ln -s ${precious}/kept ${badPath}/rings/0.ring
        ln -s ${precious}/kept ${badPath}/rings/7.ring
        mkfifo ${badPath}/rings/8.ring
        printf 'ust/pid/node-${good.child.pid}' >${badPath}/output
        seq 1 3000 | sed s,^,5000000-, | xargs mkdir
        `,
      );
      for (let n = 0; n < 20; n += 1) {
        await good.tell('emit 100');
        await bad.tell('emit 100');
      }
      expect(spoor(['list', '-u'], { env: daemon.environment }).stdout).toContain(`PID: ${good.child.pid} `);
      expect((await client.call('get-usage', { session: 's' })).channels.length).toBeGreaterThan(0);
      await client.call('stop-session', { session: 's' });
      const { path } = await client.call('destroy-session', { session: 's' });
      const traces = readdirSync(join(path!, 'ust/pid'));
      const goodTraces = traces.filter((name) => name.startsWith(`node-${good.child.pid}-`));
      expect(goodTraces).toHaveLength(1);
      expect(steps(join(path!, 'ust/pid', goodTraces[0]!))).toEqual(upTo(2010));
      const texts = traces
        .map((name) => join(path!, 'ust/pid', name, 'metadata'))
        .filter((file) => existsSync(file))
        .map((file) => readFileSync(file, 'utf8'));
      expect(texts.filter((text) => text.includes('secret') || text.includes('stolen'))).toEqual([]);
      expect(readFileSync(join(precious, 'kept'), 'utf8')).toBe('kept');
      expect(readdirSync(precious).sort()).toEqual(['0', '1-9.json', 'kept']);
      expect(readFileSync(secret, 'utf8')).toContain('secret');
      // Nothing is left, whatever was made there.
      expect(readdirSync(join(daemon.hub, 'sessions')).filter((name) => name !== '.listing')).toEqual([]);
      expect(existsSync(session)).toBe(false);
    }),
    patientlyMs,
  );

  test(
    'a hub that is not of root or of the user is followed by nobody',
    withDaemon(async (daemon) => {
      const { client, id } = await shared(daemon, 'local');
      // Of a third user, in whose hub all would be to be read.
      spawnSync('chown', ['-R', String(another), daemon.hub]);
      const program = await daemon.program(one);
      await program.tell('emit 10');
      const folder = join(daemon.hub, 'sessions', String(id));
      // One who is root follows it neither.
      const own = await daemon.program();
      await own.tell('emit 10');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(readdirSync(join(folder, 'users'))).toEqual([]);
      expect(readdirSync(folder).filter((name) => /^\d+-\d+$/.test(name))).toEqual([]);
      spawnSync('chown', ['-R', '0', daemon.hub]);
      await client.call('enable-channel', { session: 's', domain: 'user', channel: 'd', attributes: {} });
      await daemon.joined(id, program);
      await until('the folder of the user is there', () => existsSync(join(folder, 'users', String(one))));
      await client.call('destroy-session', { session: 's' });
    }),
    patientlyMs,
  );

  test(
    'is controlled by members of its group, and by no other user',
    withDaemon(async (daemon) => {
      chmodSync(daemon.home, 0o755);
      chmodSync(daemon.runDir, 0o711);
      const group = spawnSync('getent', ['group', String(one)], { encoding: 'utf8' }).stdout.split(':')[0]!;
      const started = spoor(['sessiond', '--daemonize', '--group', group], { env: daemon.environment });
      expect(started.status, started.stderr).toBe(0);
      const home = join(daemon.home, 'member');
      mkdirSync(home);
      chownSync(home, one, one);
      const asMember = (...words: string[]) =>
        spoor(words, { env: { ...daemon.environment, HOME: home, LTTNG_HOME: home }, user: one });
      const trace = join(daemon.home, 'trace');
      const created = asMember('create', 's', '-o', trace, '--no-sessiond');
      expect(created.stdout, created.stderr).toContain('Session s created.');
      expect(asMember('enable-event', '-s', 's', 'test:*').status).toBe(0);
      expect(asMember('start', 's').status).toBe(0);
      const client = await daemon.connect();
      const { sessions } = await client.call('list-sessions', {});
      expect(sessions.map(({ name, isActive }) => [name, isActive])).toEqual([['s', true]]);
      const program = await daemon.program(another);
      await daemon.joined(sessions[0]!.id, program);
      await program.tell('emit 100');
      expect(asMember('destroy', 's').status).toBe(0);
      expect(steps(trace)).toEqual(upTo(100));
      expect(statSync(trace).uid).toBe(0);
      const stranger = spoor(['list', '--no-sessiond'], { env: daemon.environment, user: another });
      expect(stranger.status).toBe(1);
      expect(stranger.stderr).toContain('the session daemon is that of another user');
    }),
    patientlyMs,
  );
});
