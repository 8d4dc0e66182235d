import { SpoorError } from '@spoor/base';
import { EnumValue } from '@spoor/ctf';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { enumeration, sequence, struct } from './field-types.ts';
import { subscribe, type OwnEvent, type SubscribeOptions } from './subscribe.ts';
import { tracepoint } from './tracepoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-subscribe-'));
afterAll(() => rmSync(folder, { recursive: true }));

const placed = tracepoint('shop:placed', [
  ['order', 'u32'],
  ['customer', 'string'],
]);
const shipped = tracepoint('shop:shipped', { order: 'u32' }, { logLevel: 'info' });
const rich = tracepoint('rich:event', [
  ['big', 'u64'],
  ['state', enumeration('u8', { idle: 0, busy: 1 })],
  ['items', sequence('i16')],
  ['route', 'interned-string'],
  ['inner', struct({ word: 'interned-string', text: 'cached-string', x: 'f64' })],
]);

const collect = (
  options: SubscribeOptions,
): { got: OwnEvent[]; subscription: ReturnType<typeof subscribe> } => {
  const got: OwnEvent[] = [];
  return { got, subscription: subscribe(options, (event) => got.push(event)) };
};

describe('a subscription', () => {
  test('gets the events that it asks for, and tracepoints are idle without one', () => {
    expect(placed.enabled).toBe(false);
    placed(1, 'too early');
    const before = BigInt(Date.now()) * 1_000_000n;
    using one = collect({ events: 'shop:*', exclude: '*shipped' }).subscription;
    expect(one.lostEvents).toBe(0);
    const { got, subscription } = collect({ events: ['shop:shipped', 'shop:pl*'], filter: 'order > 1' });
    expect([placed.enabled, shipped.enabled, rich.enabled]).toEqual([true, true, false]);
    placed(1, 'ann');
    placed(2, 'bob');
    shipped(3);
    expect(got).toEqual([]);
    subscription.flush();
    expect(got.map(({ name, fields }) => [name, fields])).toEqual([
      ['shop:placed', { order: 2, customer: 'bob' }],
      ['shop:shipped', { order: 3 }],
    ]);
    expect(got[1]!.logLevel).toBe(6);
    // The wall clock may be set between the two readings, by less than this.
    for (const { time } of got) expect(Math.abs(Number(time - before))).toBeLessThan(3_600e9);
    expect(got[1]!.time).toBeGreaterThanOrEqual(got[0]!.time);
    subscription.close();
    shipped(4);
    subscription.flush();
    expect(got.length).toBe(2);
    expect(shipped.enabled).toBe(false);
    one.close();
    expect(placed.enabled).toBe(false);
  });

  test('gets values as they were emitted, texts in place of numbers', () => {
    const { got, subscription } = collect({ events: 'rich:*' });
    using _ = subscription;
    const late = tracepoint('rich:late', { n: 'i8' });
    rich(2n ** 63n, 'busy', [1, -2], 'GET /', { word: 'w', text: 't', x: 0.5 });
    late(-1);
    subscription.flush();
    rich(5, 'idle', [], 'GET /', { word: 'other', text: '', x: -1 });
    subscription.flush();
    const labels = (value: unknown): unknown => (value instanceof EnumValue ? value.labels : value);
    expect(got.map(({ fields }) => ({ ...fields, state: labels(fields['state']) }))).toEqual([
      {
        big: 2n ** 63n,
        state: ['busy'],
        _items_length: 2,
        items: [1, -2],
        route: 'GET /',
        inner: { word: 'w', text: 't', x: 0.5 },
      },
      { n: -1, state: undefined },
      {
        big: 5,
        state: ['idle'],
        _items_length: 0,
        items: [],
        route: 'GET /',
        inner: { word: 'other', text: '', x: -1 },
      },
    ]);
  });

  test('has bounded memory: what does not fit is lost and counted, and none comes twice', () => {
    const { got, subscription } = collect({ events: 'shop:shipped', memoryBytes: 65_536 });
    using _ = subscription;
    const count = 20_000;
    for (let n = 0; n < count; n += 1) shipped(n);
    expect(subscription.lostEvents).toBeGreaterThan(count / 4);
    subscription.flush();
    expect(got.length + subscription.lostEvents).toBe(count);
    expect(got.map(({ fields }) => fields['order'])).toEqual(got.map((_, n) => n));
    shipped(1);
    subscription.flush();
    expect(got.at(-1)!.fields['order']).toBe(1);
  });

  test('of a function that emits what it is subscribed to, flushes or closes, does not run in circles', () => {
    let calls = 0;
    const subscription = subscribe({ events: 'shop:shipped' }, ({ fields }) => {
      calls += 1;
      shipped((fields['order'] as number) + 1);
      subscription.flush();
      if (calls === 3) subscription.close();
    });
    shipped(0);
    subscription.flush();
    subscription.flush();
    expect(calls).toBe(2);
    subscription.flush();
    subscription.flush();
    expect(calls).toBe(3);
  });

  test('is an async iterator too, which ends when it is closed', async () => {
    const subscription = subscribe({ events: 'shop:shipped', intervalMs: 10 });
    const seen: unknown[] = [];
    let first: unknown;
    // Nothing of a subscription keeps a program alive: this does.
    const alive = setInterval(() => {}, 1000);
    const all = (async () => {
      for await (const { fields } of subscription) {
        seen.push(fields['order']);
        if (seen.length === 3) break;
      }
    })();
    shipped(1);
    shipped(2);
    await new Promise((soon) => setTimeout(soon, 30));
    shipped(3);
    await all;
    expect(seen).toEqual([1, 2, 3]);
    for await (const { fields } of subscription) first = fields;
    expect(first).toBeUndefined();
    const other = subscribe({ events: 'none:*', intervalMs: 10 });
    const ended = (async () => {
      for await (const event of other) seen.push(event);
    })();
    other.close();
    await ended;
    clearInterval(alive);
    expect(seen.length).toBe(3);
  });

  test.each<[string, unknown]>([
    ['no object', null],
    ['a name of another kind', { events: 5 }],
    ['an option that there is not', { event: 'shop:*' }],
    ['a level that there is not', { logLevel: 'loud' }],
    ['little memory', { memoryBytes: 1 }],
    ['no interval', { intervalMs: 0 }],
    ['no filter', { filter: 7 }],
  ])('is refused for %s', (_, options) => {
    let thrown: unknown;
    try {
      subscribe(options as SubscribeOptions);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as SpoorError).code).toBe('tracer/subscribe');
  });

  test('is refused for a filter that cannot be read', () => {
    expect(() => subscribe({ filter: 'order >' })).toThrow(SpoorError);
  });
});

/** Runs a program against the built packages. */
function run(
  text: string,
  flags: readonly string[] = [],
): { status: number | null; stdout: string; stderr: string } {
  const dist = pathToFileURL(join(import.meta.dirname, '../dist/')).href;
  const file = join(folder, `program-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(
    file,
    `import { tracepoint } from '${dist}index.js';\nimport { subscribe } from '${dist}subscribe.js';\n${text}`,
  );
  return spawnSync(process.execPath, [...flags, file], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', SPOOR_SESSION: '' },
  });
}

describe('a program with a subscription', () => {
  test.each([[[]], [['--disallow-code-generation-from-strings']]])(
    'ends when its work is done, and gets its last events before (%s)',
    (flags) => {
      const { status, stdout, stderr } = run(
        `const e = tracepoint('a:b', { n: 'u32', text: 'interned-string' });
         subscribe({ intervalMs: 60000 }, ({ name, fields }) => console.log(name, fields.n, fields.text));
         e(1, 'one'); e(2, 'one');
         process.on('exit', () => console.log('end'));`,
        flags,
      );
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toBe('a:b 1 one\na:b 2 one\nend\n');
    },
  );

  test('has what its function throws as an uncaught exception, and the events after it all the same', () => {
    const { status, stdout } = run(
      `const e = tracepoint('a:b', { n: 'u32' });
       process.on('uncaughtException', ({ message }) => console.log(message));
       const s = subscribe({}, ({ fields }) => { console.log(fields.n); if (fields.n === 1) throw new Error('thrown'); });
       e(1); e(2); s.flush(); console.log('flushed');`,
    );
    expect([status, stdout]).toEqual([0, '1\n2\nflushed\nthrown\n']);
  });
});
