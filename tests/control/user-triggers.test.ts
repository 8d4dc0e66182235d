// Triggers and counter maps of root's daemon: programs of all users meet them, and no user can use that against another one.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient, TriggerNotification } from '@spoor/control';
import { expect, test } from 'vitest';
import { type EmittingProgram, type TestDaemon, patientlyMs, until, withDaemon } from '../support/daemon.ts';
import { describeNeeding, otherUsers, otherUsersRun } from '../support/needs.ts';

const { one, another } = otherUsers;
const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;

/** Root's daemon with a trigger that tells of each `test:step` and counts it in a map of session `s`. */
async function watching(daemon: TestDaemon): Promise<{ client: ControlClient; watch: string }> {
  chmodSync(daemon.home, 0o755);
  chmodSync(daemon.runDir, 0o711);
  const client = await daemon.start();
  await client.call('create-session', { name: 's', mode: 'no-output' });
  const other = { ...rule, name: 'test:other' } as const;
  await client.call('enable-event', { session: 's', domain: 'user', rule: other });
  await client.call('start-session', { session: 's' });
  await client.call('add-map', {
    session: 's',
    name: 'm',
    maxKeys: 10,
    valueType: 'signed-int-64',
    ownership: 'user',
    deadProcessPolicy: 'drop',
    updatePolicy: 'per-event',
  });
  await client.call('add-trigger', {
    name: 'counts',
    condition: { kind: 'event-rule-matches', rule, captures: [] },
    actions: [{ kind: 'increment-map-value', session: 's', map: 'm', key: '{event_name}' }],
  });
  await client.call('add-trigger', {
    name: 'tells',
    condition: { kind: 'event-rule-matches', rule, captures: ['n'] },
    actions: [{ kind: 'notify' }],
  });
  return { client, watch: join(daemon.hub, 'sessions/.triggers') };
}

/** What is told from now on. */
async function listen(daemon: TestDaemon): Promise<readonly TriggerNotification[]> {
  const told: TriggerNotification[] = [];
  const notifications = await (await daemon.connect()).notifications('trigger');
  void (async () => {
    for await (const notice of notifications) if (notice.topic === 'trigger') told.push(notice.notification);
  })();
  return told;
}

/** Waits until a program knows of the triggers; the directory in which it is. */
async function watched(watch: string, { child }: EmittingProgram): Promise<string> {
  let found: string | undefined;
  await until('the program knows of the triggers', () => {
    const users = join(watch, 'users');
    const places = [watch, ...readdirSync(users).map((name) => join(users, name))];
    const process = places
      .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
      .find((path) => path.includes(`/${child.pid}-`));
    found = process;
    return (
      process !== undefined &&
      existsSync(join(process, 'status')) &&
      readdirSync(join(process, 'status')).length > 0
    );
  });
  return found!;
}

describeNeeding([otherUsersRun()], "root's daemon", () => {
  test(
    'has programs of all users meet its triggers and counted in its maps',
    withDaemon(async (daemon) => {
      const { client, watch } = await watching(daemon);
      const told = await listen(daemon);
      const programs = [await daemon.program(one), await daemon.program(another), await daemon.program()];
      for (const program of programs) await watched(watch, program);
      for (const [index, program] of programs.entries()) await program.tell(`emit ${index + 2}`);
      await until('all are told of', () => told.length >= 9);
      const pids = programs.map(({ child }) => child.pid);
      expect(
        pids.map((pid) =>
          told.filter(({ event }) => event?.pid === pid).map(({ captures }) => captures[0]?.value),
        ),
      ).toEqual([
        [0, 1],
        [0, 1, 2],
        [0, 1, 2, 3],
      ]);
      const counted = async (): Promise<unknown> => {
        const { values } = await client.call('get-map-values', { session: 's' });
        return Object.fromEntries(
          values.map(({ owner, key, value }) => [
            owner.kind === 'user' ? owner.uid : owner.kind,
            [key, value],
          ]),
        );
      };
      const expected = { [one]: ['test:step', 2], [another]: ['test:step', 3], 0: ['test:step', 4] };
      expect(await counted()).toEqual(expected);
      // Programs that are over leave what they counted, and nothing else; so does a daemon.
      for (const program of programs) await program.end();
      await until('their directories are gone', () =>
        [watch, ...[one, another].map((uid) => join(watch, 'users', String(uid)))].every((place) =>
          readdirSync(place).every((name) => !/^\d+-\d+$/.test(name)),
        ),
      );
      expect(await counted()).toEqual(expected);
      await daemon.kill();
      const next = await daemon.start();
      const late = await daemon.program(one);
      await watched(watch, late);
      await late.tell('emit 1');
      await until('the next daemon counts', async () => {
        const { values } = await next.call('get-map-values', { session: 's' });
        return values.some(({ owner, value }) => owner.kind === 'user' && owner.uid === one && value === 3);
      });
      for (const name of ['counts', 'tells']) await next.call('remove-trigger', { name });
      await next.call('destroy-session', { session: 's' });
      expect(readdirSync(join(daemon.hub, 'sessions'))).toEqual([]);
    }),
    patientlyMs,
  );

  test(
    'is misled by none of them about another one',
    withDaemon(async (daemon) => {
      const { client, watch } = await watching(daemon);
      const told = await listen(daemon);
      const precious = join(daemon.home, 'precious');
      mkdirSync(precious, { mode: 0o700 });
      writeFileSync(join(precious, 'kept'), 'kept');
      const good = await daemon.program(one);
      const bad = await daemon.program(another);
      const goodPath = await watched(watch, good);
      const badPath = await watched(watch, bad);
      await bad.tell('emit 1');
      await until('the first is told of', () => told.length === 1);
      const start = /-(\d+)$/.exec(goodPath)![1]!;
      const done = spawnSync(
        'sh',
        [
          '-c',
          `
          ls ${join(goodPath, '..')} ${goodPath} && echo seen
          cd ${join(badPath, '..')}
          cp -r ${badPath} ${good.child.pid}-${start}
          sed -i s/${bad.child.pid}/${good.child.pid}/ ${good.child.pid}-${start}/process.json
          echo x >wakes/${good.child.pid}-${start}.0
          ln -s ${precious} 4000001-1
          mkdir -p 4000002-1/rings 4000002-1/events 4000002-1/counts/m0
          ln -s ${precious}/kept 4000002-1/rings/0.ring; mkfifo 4000002-1/rings/1.ring 4000002-1/process.json
          truncate -s 64G 4000002-1/rings/2.ring; mkfifo 4000002-1/counts/m0/1-1.counters
          cp -r ${badPath} 4000003-1; rm -rf 4000003-1/events; mkdir 4000003-1/events
          yes 'event { name = "x"; ' | head -c 3000000 >4000003-1/events/0
          ln -s ${precious} wakes/x; mv wakes was; ln -s ${precious} wakes
          rm -f ${badPath}/rings/*; ln -s ${precious}/kept ${badPath}/rings/9.ring
          seq 1 2000 | sed s,^,5000000-, | xargs mkdir
          `,
        ],
        { uid: another, gid: another, cwd: '/', encoding: 'utf8' },
      );
      expect(done.stdout).toBe('');
      for (let n = 0; n < 5; n += 1) {
        await bad.tell('emit 10');
        await good.tell('emit 10');
      }
      const ofGood = (): readonly unknown[] =>
        told.filter(({ event }) => event?.pid === good.child.pid).map(({ captures }) => captures[0]?.value);
      await until('all of the good one are told of', () => ofGood().length >= 50);
      expect(ofGood()).toEqual(Array.from({ length: 50 }, (_, n) => n));
      const { values } = await client.call('get-map-values', { session: 's' });
      expect(values.filter(({ owner }) => owner.kind === 'user' && owner.uid === one)).toMatchObject([
        { value: 50 },
      ]);
      await good.end();
      await bad.end();
      for (const name of ['counts', 'tells']) await client.call('remove-trigger', { name });
      await client.call('destroy-session', { session: 's' });
      await until('nothing is left', () => readdirSync(join(daemon.hub, 'sessions')).length === 0);
      expect(readFileSync(join(precious, 'kept'), 'utf8')).toBe('kept');
    }),
    patientlyMs,
  );
});
