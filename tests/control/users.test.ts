// Root's daemon records the programs of all users, and no user can use that against another one, or against root.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
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
import { withMember } from '../support/member.ts';
import { describeNeeding, otherUsers, otherUsersRun } from '../support/needs.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';

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

/** All files and directories below a directory, itself included. */
function filesBelow(path: string): string[] {
  return [path, ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))];
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
      const home = withMember(daemon);
      const asMember = (...words: string[]) =>
        spoor(words, { env: { ...daemon.environment, HOME: home, LTTNG_HOME: home }, user: one });
      const trace = join(home, 'trace');
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
      expect(filesBelow(trace).map((path) => statSync(path).uid)).toEqual(filesBelow(trace).map(() => one));
      const stranger = spoor(['list', '--no-sessiond'], { env: daemon.environment, user: another });
      expect(stranger.status).toBe(1);
      expect(stranger.stderr).toContain('the session daemon is that of another user');
    }),
    patientlyMs,
  );

  test(
    'is that of the members of its group where nothing names a place, whatever the group is',
    withDaemon(async (daemon) => {
      const group = spawnSync('getent', ['group', String(one)], { encoding: 'utf8' }).stdout.split(':')[0]!;
      const command = `'${process.execPath}' '${spoorProgram}'`;
      const listAs = (uid: number): string =>
        `setpriv --reuid ${uid} --regid ${uid} --clear-groups ${command} list --no-sessiond --json; echo $?`;
      const lines = [
        'mount -t tmpfs none /run',
        'mount -t tmpfs -o mode=1777 none /dev/shm',
        'unset LTTNG_RUNDIR SPOOR_RUN_DIR XDG_RUNTIME_DIR',
        `${command} sessiond --daemonize --group ${group}`,
        listAs(one),
        listAs(another),
      ];
      const namespaces = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'];
      const done = spawnSync('unshare', [...namespaces, '--mount-proc', 'sh', '-c', lines.join('\n')], {
        encoding: 'utf8',
        env: { ...process.env, HOME: daemon.home, LTTNG_HOME: daemon.home },
        timeout: patientlyMs,
      });
      const own = JSON.stringify({ sessions: [] }, null, 2);
      expect(done.stdout.startsWith(`${own}\n0\n`), done.stdout + done.stderr).toBe(true);
      expect(done.stdout).toContain('"code": "control/unreachable"');
      expect(done.stdout).toMatch(/\n1\n$/);
      return Promise.resolve();
    }),
    patientlyMs,
  );

  test(
    'writes what members record, run and snapshot with their rights, and shows them nothing of others',
    withDaemon(async (daemon) => {
      const home = withMember(daemon);
      const asMember = (...words: string[]) =>
        spoor([...words, '--no-sessiond'], {
          env: { ...daemon.environment, HOME: home, LTTNG_HOME: home },
          user: one,
        });
      const refused = (code: string, ...words: string[]): void => {
        const done = asMember(...words);
        expect([done.status, done.stderr], words.join(' ')).toEqual([1, expect.stringContaining(code)]);
      };
      const client = await daemon.connect();
      const rule = { kind: 'user-tracepoint', name: 'test:*' } as const;
      await client.call('create-session', { name: 'roots', mode: 'no-output' });
      await client.call('enable-event', { session: 'roots', domain: 'user', rule });
      // Of root's they learn nothing.
      expect(asMember('list').stdout).not.toContain('roots');
      for (const verb of ['start', 'destroy', 'status', 'list']) {
        const words = verb === 'status' ? ['list', 'roots'] : [verb, 'roots'];
        refused('no session named roots', ...words);
      }
      refused('there is a session named roots already', 'create', 'roots', '-o', join(home, 'x'));
      // What is not theirs is not written to, whatever leads there.
      const roots = join(daemon.home, 'roots');
      mkdirSync(roots, { mode: 0o700 });
      expect(asMember('create', 'bad', '-o', join(daemon.home, 'made')).status).toBe(0);
      expect(asMember('enable-event', '-s', 'bad', 'test:*').status).toBe(0);
      refused('EACCES', 'start', 'bad');
      expect(existsSync(join(daemon.home, 'made'))).toBe(false);
      refused('only root may ask', 'create', 'shm', '--shm-path', join(home, 'rings'));
      expect(asMember('destroy', 'bad').status).toBe(0);
      // Theirs is, while they put links to root's directory in its way.
      const trace = join(home, 'trace');
      expect(asMember('create', 's', '-o', trace).status).toBe(0);
      expect(asMember('enable-event', '-s', 's', 'test:*').status).toBe(0);
      expect(asMember('start', 's').status).toBe(0);
      const { sessions } = await client.call('list-sessions', {});
      const { id } = sessions.find(({ name }) => name === 's')!;
      // Others are told whose it is; to its owner it is theirs.
      const lines = (text: string): string => /\) s (\[.*)/.exec(text)?.[1] ?? '';
      const asRoot = spoor(['list', '--no-sessiond'], { env: daemon.environment });
      expect(lines(asRoot.stdout)).toMatch(new RegExp(`^\\[active\\] of user .*${one}`));
      expect(lines(asMember('list').stdout)).toBe('[active]');
      expect(sessions.map(({ name, ownerUid }) => [name, ownerUid])).toEqual([
        ['roots', 0],
        ['s', one],
      ]);
      // Commands of triggers run as who added them, with nothing of root's environment; root's sessions are out of reach.
      const seen = join(home, 'seen');
      const script = join(home, 'tell');
      writeFileSync(
        script,
        `#!/bin/sh
{ id -u; id -g; id -G; env; } >${seen}.part; mv ${seen}.part ${seen}
`,
        { mode: 0o755 },
      );
      const rotation = ['--condition=session-rotation-finishes', '--session=s'];
      const actions = ['--action=exec', script];
      for (const words of [
        ['--name=theirs', ...rotation, ...actions],
        ['--name=reach', ...rotation, '--action=start-session', 'roots'],
      ]) {
        const added = asMember('add-trigger', ...words);
        expect(added.status, added.stderr).toBe(0);
      }
      await client.call('add-trigger', {
        name: 'of-root',
        condition: { kind: 'session-rotation-finishes', session: 's' },
        actions: [{ kind: 'notify' }],
      });
      expect(asMember('list-triggers').stdout).not.toContain('of-root');
      refused('there is no trigger `of-root`', 'remove-trigger', 'of-root');
      const program = await daemon.program(another);
      await daemon.joined(id, program);
      await program.tell('emit 100');
      const rotated = asMember('rotate', 's');
      expect(rotated.status, rotated.stderr).toBe(0);
      await until('the command has run', () => existsSync(seen));
      const told = readFileSync(seen, 'utf8').split('\n');
      expect(told.slice(0, 3)).toEqual([String(one), String(one), String(one)]);
      expect(told.filter((line) => line.startsWith('LTTNG_RUNDIR='))).toEqual([]);
      await until('the other trigger has failed', async () => {
        const { status } = await client.call('list-triggers', {});
        return status.some(({ trigger, actions }) => trigger === 'reach' && actions[0]?.failureCount === 1);
      });
      expect((await client.call('get-session', { session: 'roots' })).session.isActive).toBe(false);
      shell(one, `mv ${trace}/archives ${trace}/old; ln -s ${roots} ${trace}/archives`);
      await program.tell('emit 100');
      expect(asMember('rotate', 's').status).toBe(1);
      shell(one, `rm ${trace}/archives; mv ${trace}/old ${trace}/archives`);
      process.kill(daemon.consumerPid(id)!, 'SIGKILL');
      await program.tell('emit 100');
      const ended = asMember('destroy', 's');
      expect(ended.status, ended.stderr).toBe(0);
      expect(steps(trace)).toEqual(upTo(300));
      expect(filesBelow(trace).map((path) => statSync(path).uid)).toEqual(filesBelow(trace).map(() => one));
      expect(readdirSync(roots)).toEqual([]);
      // Nor do they hear of a session of root's when it is over.
      const output = { kind: 'local', path: join(roots, 'private') } as const;
      await client.call('create-session', { name: 'secret', mode: 'local', output });
      await client.call('enable-event', { session: 'secret', domain: 'user', rule });
      const ofSecret = ['--condition=session-rotation-finishes', '--session=secret'];
      const leak = ['--name=leak', ...ofSecret, '--action=exec', `env >${home}/leaked`];
      expect(asMember('add-trigger', ...leak).status).toBe(0);
      await client.call('start-session', { session: 'secret' });
      await client.call('rotate-session', { session: 'secret' });
      await client.call('destroy-session', { session: 'secret' });
      await until('it has failed at both rotations', async () => {
        const { status } = await client.call('list-triggers', {});
        return status.some(({ trigger, actions }) => trigger === 'leak' && actions[0]?.failureCount === 2);
      });
      expect(existsSync(join(home, 'leaked'))).toBe(false);
      // Snapshots, too; one that root asks for of a session of theirs as well.
      expect(asMember('create', 'flight', '--snapshot', '-o', join(home, 'shots')).status).toBe(0);
      expect(asMember('enable-event', '-s', 'flight', 'test:*').status).toBe(0);
      expect(asMember('start', 'flight').status).toBe(0);
      const flight = (await client.call('list-sessions', {})).sessions.find(({ name }) => name === 'flight')!;
      await daemon.joined(flight.id, program);
      await program.tell('emit 100');
      refused('EACCES', 'snapshot', 'record', '-s', 'flight', join(roots, 'shot'));
      expect(asMember('snapshot', 'record', '-s', 'flight').status).toBe(0);
      const shot = join(home, 'shots');
      expect(steps(shot)).toEqual(upTo(400).slice(300));
      expect(filesBelow(shot).map((path) => statSync(path).uid)).toEqual(filesBelow(shot).map(() => one));
    }),
    patientlyMs,
  );

  test(
    'says that they are left out where it cannot record them',
    withDaemon(async (daemon) => {
      const withoutKoffi = { ...daemon.environment, SPOOR_NO_KOFFI: '1' };
      chmodSync(daemon.home, 0o755);
      chmodSync(daemon.runDir, 0o711);
      const started = spoor(['sessiond', '--daemonize'], { env: withoutKoffi });
      expect(started.status, started.stderr).toBe(0);
      for (const words of [['create', 's'], ['enable-event', 'test:*'], ['start']]) {
        expect(spoor(words, { env: daemon.environment }).status).toBe(0);
      }
      expect(spoor(['status'], { env: daemon.environment }).stdout).not.toContain('other users');
      const client = await daemon.connect();
      const [session] = (await client.call('list-sessions', {})).sessions;
      const program = await daemon.program(one);
      await daemon.joined(session!.id, program);
      expect(spoor(['status'], { env: daemon.environment }).stdout).toContain(
        'programs of other users are not recorded: that needs koffi',
      );
      expect(spoor(['doctor'], { env: withoutKoffi }).stdout).toContain(
        'root records no programs of other users',
      );
    }),
    patientlyMs,
  );
});
