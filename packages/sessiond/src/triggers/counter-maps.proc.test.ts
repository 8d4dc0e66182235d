// Maps that triggers count in, with real programs, and what is left of their threads.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TriggerHub, add, orders, rootUser, until } from '../testing/trigger-hub.ts';

let hub: TriggerHub;
beforeEach(() => {
  hub = new TriggerHub();
});
afterEach(() => hub.close());

test('maps count by name while their session is active, for processes and users, also those that ended', async () => {
  const service = hub.makeService();
  const map = {
    session: 's',
    maxKeys: 100,
    valueType: 'signed-int-64',
    deadProcessPolicy: 'sum-into-shared',
    updatePolicy: 'per-event',
  } as const;
  service.addMap({ ...map, name: 'byProcess', ownership: 'process' });
  service.addMap({ ...map, name: 'byUser', ownership: 'user' });
  service.addMap({ ...map, name: 'each', ownership: 'user', updatePolicy: 'per-rule-match' });
  const increment = (name: string, key: string): string[] => [
    '--action=incr-map-value',
    '--session=s',
    `--channel=${name}`,
    `--key=${key}`,
  ];
  const rule = ['--condition=event-rule-matches', '--type=user', '--name=shop:*'];
  await add(
    service,
    ...rule,
    ...increment('byProcess', 'n:{event_name}'),
    ...increment('byUser', '{provider_name}'),
    ...increment('each', 'k'),
  );
  await add(
    service,
    ...rule,
    '--filter=id > 1',
    ...increment('byUser', '{provider_name}'),
    ...increment('each', 'k'),
  );
  await add(service, ...rule, ...increment('byUser', 'third'), '--rate-policy=every:3');
  expect(() => service.addMap({ ...map, name: 'each', ownership: 'user' })).toThrow(/already/);
  hub.active.add('s');
  service.onSessionsChanged();
  const program = await hub.start();
  await hub.attached(program);
  await program.run(['begin', 0, 'x'], ...orders(0, 4));
  const shown = (): readonly unknown[] =>
    service
      .mapValues('s')
      .map(({ map: name, owner, key, value }) => [name, owner.kind, key, value].join(' '))
      .sort();
  const counted = (kind: string): readonly string[] => [
    `byProcess ${kind} n:shop:order 4`,
    `byProcess ${kind} n:shop:work_begin 1`,
    'byUser shared third 1',
    'byUser user shop 5',
    'each user k 7',
  ];
  // What the daemon counts itself comes a little later.
  await until(() => shown().length === 5);
  expect(shown()).toEqual(counted('process'));
  hub.active.clear();
  service.onSessionsChanged();
  // One of the triggers is more than counting: its rule stays.
  service.remove('trigger2', rootUser);
  await program.run(['untilOff'], ...orders(0, 4));
  expect(shown()).toEqual(counted('process'));
  await program.end();
  await until(() => hub.watched().length === 0);
  expect(shown()).toEqual(counted('shared'));
  service.close();
  const next = hub.makeService();
  expect(next.mapValues('s')).toHaveLength(5);
  next.onSessionDestroyed('s');
  expect(next.mapValues('s')).toEqual([]);
  expect(hub.troubles).toEqual([]);
});

test('threads that end leave no memory behind, and nothing of theirs is missing', async () => {
  const service = hub.makeService();
  hub.active.add('s');
  service.addMap({
    session: 's',
    name: 'm',
    maxKeys: 10,
    valueType: 'signed-int-64',
    ownership: 'process',
    deadProcessPolicy: 'drop',
    updatePolicy: 'per-event',
  });
  const rule = ['--condition=event-rule-matches', '--type=user', '--name=shop:order'];
  await add(service, ...rule, '--action=notify');
  await add(service, ...rule, '--action=incr-map-value', '--session=s', '--channel=m', '--key=k');
  const program = await hub.start();
  await hub.attached(program);
  await program.run(['worker', 1], ['worker', 2], ['worker', 3], ['order', 4, 'main', []]);
  await until(() => hub.published.length === 4);
  const threads = new Set(hub.published.map(({ event }) => event!.tid));
  expect(threads.size).toBe(4);
  expect(threads.has(program.pid)).toBe(true);
  const [directory = ''] = hub.watched();
  const own = join(hub.watchPath, directory);
  const [map = ''] = readdirSync(join(own, 'counts'));
  await until(
    () =>
      readdirSync(join(own, 'rings')).filter((name) => statSync(join(own, 'rings', name)).size > 0).length ===
        1 && readdirSync(join(own, 'counts', map, 'counters')).length === 2,
  );
  expect(service.mapValues('s').map(({ key, value }) => [key, value])).toEqual([['k', 4]]);
  expect(hub.published).toHaveLength(4);
});
