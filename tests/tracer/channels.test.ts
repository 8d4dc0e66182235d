// Channels, contexts, event rules and several sessions in real programs, read by the real babeltrace2.
import {
  HUB_FILE,
  LOST_FOLDER,
  RUN_VERSION,
  SESSION_FILE,
  SESSION_VARIABLE,
  makeChannel,
  readCounters,
  startTicks,
} from '@spoor/ringbuffer';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding } from '../support/needs.ts';
import { describeSession } from '../support/session.ts';
import { TracedRun } from '../support/traced.ts';
import { removeTree } from '../support/removal.ts';

const shop = `
  const order = tracepoint('shop:order', { id: 'u32', customer: 'string', total: 'f64', big: 'i64',
    kind: enumeration('u8', { open: 1, paid: 2 }), items: sequence('u16'), where: struct({ x: 'i8', name: 'string' }) },
    { logLevel: 'info' });
  const debug = tracepoint('shop:debug_order', { id: 'i32' }, { logLevel: 'debug' });
  const pay = tracepoint('bank:pay', { id: 'i32' }, { logLevel: 'err' });
  const cart = [undefined, 7, 1.5, 'full', true, -3];
  let now = 0;
  registerContext('shop:cart', () => cart[now]);
  for (let n = 0; n < 6; n += 1) {
    now = n;
    order(n, 'c' + n, n * 1.5, -n, n % 2 ? 'open' : 'paid', [n, n + 1], { x: -n, name: 'at ' + n });
    debug(n);
    pay(n);
  }`;

/** Events as babeltrace2 prints them, without time and host. */
function printed(path: string): string[] {
  const { status, stdout, stderr } = spawnSync('timeout', ['30', 'babeltrace2', path], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(/^.*?\) (?:\S+ )?(?=\w+:\w+: )/, '').replace(/: \{ cpu_id = \d+, vtid = \d+ \},/, ':'),
    );
}

const tiers = [[], ['--disallow-code-generation-from-strings']];

describeNeeding([command('babeltrace2')], 'a traced program, read by babeltrace2', () => {
  test.each(tiers)('has channels with rules, filters and contexts of their own (%j)', async (...nodeArgs) => {
    using run = new TracedRun({
      channels: [
        makeChannel({
          name: 'orders',
          contexts: ['vpid', 'procname', '$app.shop:cart'],
          rules: [
            {
              name: 'shop:*',
              exclude: ['*debug*'],
              filter: 'id > 1 && customer != "c3" && items[1] < 7 && where.x > -5 && big < 0 && kind >= 1',
            },
            { name: 'sh*p:*r*', exclude: ['*debug*'], filter: '$app.shop:cart == "full"' },
          ],
        }),
        makeChannel({
          name: 'severe',
          mode: 'overwrite',
          rules: [
            { name: '*', exclude: [], logLevel: { kind: 'at-least', level: 3 }, filter: 'id % 2 == 1' },
          ],
        }),
        makeChannel({
          name: 'levels',
          rules: [
            { name: '*', exclude: [], logLevel: { kind: 'only', level: 14 }, filter: '$ctx.vpid == 0' },
          ],
        }),
      ],
    });
    const ended = await run.run(shop, { nodeArgs });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(
      run
        .drain()
        .map(({ header }) => header.channelName)
        .sort(),
    ).toEqual(['levels', 'orders', 'severe']);
    const [pid] = run.processPaths()[0]!.split('/').at(-1)!.split('-');
    const context = (cart: string): string => `{ vpid = ${pid}, procname = "node", ${cart} }`;
    const order = (n: number, cart: string): string =>
      `shop:order: ${context(cart)}, { id = ${n}, customer = "c${n}", total = ${n * 1.5}, big = ${-n}, ` +
      `kind = ( "${n % 2 === 1 ? 'open' : 'paid'}" : container = ${2 - (n % 2)} ), _items_length = 2, ` +
      `items = [ [0] = ${n}, [1] = ${n + 1} ], where = { x = ${-n}, name = "at ${n}" } }`;
    const tagged = (tag: string, value: number, shown: string): string =>
      `app_shop_cart_tag = ( "${tag}" : container = ${value} ), app_shop_cart = { ${shown} }`;
    expect(printed(run.tracePath)).toEqual([
      'bank:pay: { id = 1 }',
      order(2, tagged('_double', 2, '1.5')),
      order(3, tagged('_string', 3, '"full"')),
      'bank:pay: { id = 3 }',
      order(4, tagged('_int64', 1, '1')),
      'bank:pay: { id = 5 }',
    ]);
  });

  test.each(tiers)('is recorded by several sessions at once, at one time (%j)', async (...nodeArgs) => {
    using first = new TracedRun({ contexts: ['vtid', 'hostname'] });
    using second = new TracedRun({ rules: [{ name: '*', exclude: [], filter: 'n % 3 == 0' }] });
    const text = `const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });
      for (let n = 0; n < 3000; n += 1) tick(n, 'é' + n);`;
    const env = { [SESSION_VARIABLE]: `${first.path}:${second.path}` };
    expect(await first.run(text, { env, nodeArgs })).toMatchObject({ status: 0, stderr: '' });
    first.drain();
    second.drain();
    const times = (path: string): Map<string, string> => {
      const { stdout } = spawnSync('timeout', ['30', 'babeltrace2', '--clock-seconds', path], {
        encoding: 'utf8',
      });
      const lines = stdout.trim().split('\n');
      return new Map(lines.map((line) => [/n = (\d+)/.exec(line)![1]!, /^\[([\d.]+)\]/.exec(line)![1]!]));
    };
    const all = times(first.tracePath);
    const third = times(second.tracePath);
    expect([...all.keys()]).toEqual(Array.from({ length: 3000 }, (_, n) => String(n)));
    expect([...third.keys()]).toEqual([...all.keys()].filter((n) => Number(n) % 3 === 0));
    // Each session measures its offset to the epoch for itself: distances are the same.
    const offset = (from: Map<string, string>) => BigInt(from.get('0')!.replace('.', ''));
    for (const [n, time] of third) {
      const distance = BigInt(time.replace('.', '')) - offset(third);
      expect(distance).toBe(BigInt(all.get(n)!.replace('.', '')) - offset(all));
    }
  });

  test('records with the contexts of its machine, threads and counters', async () => {
    using run = new TracedRun({
      contexts: [
        'vtid',
        'cpu_id',
        'pthread_id',
        'async_id',
        'perf:thread:page-faults',
        'perf:thread:task-clock',
        'trace_id',
        'span_id',
      ],
    });
    await run.run(`import { AsyncResource } from 'node:async_hooks';
      const key = Symbol.for('OpenTelemetry Context Key SPAN');
      const span = { spanContext: () => ({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }) };
      let active = { getValue: () => undefined };
      globalThis[Symbol.for('opentelemetry.js.api.1')] = { context: { active: () => active } };
      const tick = tracepoint('test:tick', { n: 'u32' });
      tick(0);
      active = { getValue: (asked) => asked === key ? span : undefined };
      new AsyncResource('test').runInAsyncScope(() => tick(1));
      globalThis[Symbol.for('opentelemetry.js.api.1')] = { context: { active() { throw new Error('broken'); } } };
      for (let n = 2; n < 50; n += 1) tick(n);`);
    run.drain();
    const lines = printed(run.tracePath);
    expect(lines.length).toBe(50);
    expect(lines[0]).toMatch(
      /cpu_id = \d+, pthread_id = 0x[0-9A-F]+, async_id = \d+, perf_thread_page_faults = \d+, perf_thread_task_clock = \d+, trace_id = "-", span_id = "-" \}/,
    );
    expect(lines[1]).toContain('trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", span_id = "00f067aa0ba902b7"');
    for (const line of lines.slice(2)) expect(line).toContain('trace_id = "-", span_id = "-" }, { n = ');
  });
});

test('counters of threads that ended, or were ended, leave no descriptors behind', async () => {
  using run = new TracedRun({ contexts: ['perf:thread:page-faults', 'perf:thread:task-clock'] });
  const ended = await run.run(`import { once } from 'node:events';
    import { readdirSync, readlinkSync } from 'node:fs';
    import { Worker, isMainThread, parentPort } from 'node:worker_threads';
    const counters = () => readdirSync('/proc/self/fd').filter((fd) => {
      try { return readlinkSync('/proc/self/fd/' + fd).includes('perf_event'); } catch { return false; }
    }).length;
    if (isMainThread) {
      const seen = [];
      for (const end of [(worker) => worker.terminate(), (worker) => worker.postMessage('end')]) {
        const worker = new Worker(new URL(import.meta.url));
        await once(worker, 'message');
        seen.push(counters());
        end(worker);
        await once(worker, 'exit');
      }
      console.log(...seen, counters());
    } else {
      tracepoint('test:tick', { n: 'u32' })(1);
      parentPort.once('message', () => process.exit());
      parentPort.postMessage('done');
    }`);
  expect(ended).toMatchObject({ status: 0, stderr: '' });
  // Two in each thread, none where the machine does not let programs count.
  expect(ended.stdout.trim()).toMatch(/^([02]) \1 0$/);
});

describe('a full ring', () => {
  const flood = `const tick = tracepoint('test:tick', { n: 'u32' });
    const began = performance.now();
    for (let n = 0; n < 20000; n += 1) tick(n);
    console.log(Math.round(performance.now() - began));`;

  test.each(['0', '1'])('holds the program up until there is room (SPOOR_NO_KOFFI=%s)', async (noKoffi) => {
    using run = new TracedRun({ blockingTimeoutUs: -1, subBufferSizeBytes: 4096, subBufferCount: 2 });
    // The consumer is this process.
    writeFileSync(
      join(run.path, 'consumer.json'),
      JSON.stringify({ pid: process.pid, startTicks: String(startTicks(process.pid)) }),
    );
    const ended = await run.run(flood, {
      env: { SPOOR_NO_KOFFI: noKoffi },
      whileRunning: () => run.takeFinished(),
    });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const [ring] = run.drain();
    expect(ring).toMatchObject({ eventCount: 20000, state: { lostEvents: 0 } });
  });

  test('holds it up no longer than it may, for each event', async () => {
    using run = new TracedRun({ blockingTimeoutUs: 200, subBufferSizeBytes: 4096, subBufferCount: 2 });
    const ended = await run.run(flood.replace('20000', '2500'));
    expect(ended.status).toBe(0);
    const [ring] = run.drain();
    expect(ring!.eventCount + ring!.state.lostEvents).toBe(2500);
    expect(ring!.state.lostEvents).toBeGreaterThan(100);
    // Every event that was lost has waited.
    expect(Number(ended.stdout)).toBeGreaterThanOrEqual(ring!.state.lostEvents * 0.2);
  });

  test('does not hold it up for a consumer that is dead', async () => {
    using run = new TracedRun({ blockingTimeoutUs: -1, subBufferSizeBytes: 4096, subBufferCount: 2 });
    const ended = await run.run(flood);
    expect(ended.status).toBe(0);
    const [ring] = run.drain();
    expect(ring!.eventCount + ring!.state.lostEvents).toBe(20000);
    expect(ring!.eventCount).toBeGreaterThan(1000);
  });

  test('of a process with a memory limit is smaller, or there is none', async () => {
    using run = new TracedRun({
      maxMemoryBytes: 96 * 1024,
      channels: [
        makeChannel({ name: 'first', subBufferSizeBytes: 64 * 1024, subBufferCount: 4 }),
        makeChannel({ name: 'second', subBufferSizeBytes: 64 * 1024, subBufferCount: 8 }),
        makeChannel({ name: 'third', subBufferSizeBytes: 64 * 1024, subBufferCount: 8 }),
        makeChannel({ name: 'fourth', rules: [{ name: 'test:*', exclude: [], filter: 'n >= 4' }] }),
        makeChannel({ name: 'fifth' }),
        makeChannel({ name: 'sixth', rules: [{ name: 'other:*', exclude: [] }] }),
      ],
    });
    const text = `const tick = tracepoint('test:tick', { n: 'u32' }); for (let n = 0; n < 7; n += 1) tick(n);`;
    expect(await run.run(text)).toMatchObject({ status: 0, stderr: '' });
    const [status] = run.statuses();
    const total = status!.rings!.reduce(
      (sum, ring) => sum + 4096 + ring.subBufferSizeBytes * ring.subBufferCount,
      0,
    );
    expect(total).toBeLessThanOrEqual(96 * 1024);
    expect(status!.rings!.length).toBeGreaterThan(1);
    expect(status!.reasons.join('\n')).toMatch(/the memory limit of the process: rings of/);
    expect(status!.reasons.join('\n')).toMatch(/no ring buffer fits the memory limit/);
    // What comes without a ring is lost, and counted for each channel as its rules and filter say.
    const lost = new Map(readCounters(join(run.processPaths()[0]!, LOST_FOLDER)));
    expect(lost).toEqual(
      new Map([
        ['third', 7],
        ['fourth', 3],
        ['fifth', 7],
      ]),
    );
  });
});

describe('sessions of a hub', () => {
  test('come, change and go while the program runs', async () => {
    // Programs leave something beside the hub.
    const runDir = mkdtempSync('/dev/shm/spoor-test-');
    const hub = join(runDir, 'hub');
    try {
      const announce = (): void => {
        writeFileSync(join(hub, '.hub'), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
        renameSync(join(hub, '.hub'), join(hub, HUB_FILE));
      };
      mkdirSync(join(hub, 'sessions'), { recursive: true });
      announce();
      using run = new TracedRun();
      const own = join(hub, 'sessions', 'own');
      const describe_ = (rule: string): void => {
        const rules = [{ name: rule, exclude: [] }];
        writeFileSync(join(own, '.draft'), JSON.stringify(describeSession('/nowhere', { rules })));
        renameSync(join(own, '.draft'), join(own, SESSION_FILE));
        announce();
      };
      let stage = 0;
      const ended = await run.run(
        `import { existsSync, writeFileSync } from 'node:fs';
        const a = tracepoint('test:a', { n: 'u32' });
        const b = tracepoint('test:b', { n: 'u32' });
        const seen = [];
        const timer = setInterval(() => {
          a(1); b(2);
          const state = [a.enabled, b.enabled].join();
          if (seen.at(-1) === state) return;
          seen.push(state);
          writeFileSync(${JSON.stringify(run.path)} + '/stage' + seen.length, '');
          if (seen.length === 5) { clearInterval(timer); console.log(seen.join(' ')); }
        }, 5);`,
        {
          env: { [SESSION_VARIABLE]: hub },
          whileRunning: () => {
            if (!existsSync(join(run.path, `stage${stage + 1}`))) return;
            stage += 1;
            if (stage === 1) {
              mkdirSync(own);
              describe_('test:a');
            } else if (stage === 2) describe_('test:*');
            else if (stage === 3) describe_('test:b');
            else if (stage === 4) {
              rmSync(join(own, SESSION_FILE));
              announce();
            }
          },
        },
      );
      expect(ended).toMatchObject({
        status: 0,
        stderr: '',
        stdout: 'false,false true,false true,true false,true false,false\n',
      });
    } finally {
      removeTree(runDir);
    }
  });
});

describe('a program looks at itself', () => {
  test('by counters, which are added up over its threads, those that ended too', async () => {
    for (const SPOOR_NO_KOFFI of ['0', '1']) {
      using run = new TracedRun();
      const ended = await run.run(
        `import { Worker, isMainThread } from 'node:worker_threads';
        const hits = counter('shop:hits');
        for (let n = 0; n < 1000; n += 1) hits.add();
        counter('shop:hits').add(0.5);
        hits.add(NaN); hits.add('x');
        console.log(hits.value);
        if (isMainThread) {
          counter('shop:workers').add(3);
          for (let n = 0; n < 3; n += 1) new Worker(new URL(import.meta.url));
        }`,
        { env: { SPOOR_NO_KOFFI } },
      );
      expect(ended).toMatchObject({ status: 0, stderr: '', stdout: '1000.5\n'.repeat(4) });
      expect(new Map(readCounters(run.processPaths()[0]!))).toEqual(
        new Map([
          ['shop:hits', 4002],
          ['shop:workers', 3],
        ]),
      );
    }
  });

  test('by counters without a recorder too', async () => {
    using run = new TracedRun();
    const ended = await run.run(
      `const one = counter('a:b'); one.add(2); counter('a:b').add(); console.log(one.value);
      try { counter('nameless'); } catch (error) { console.log(error.code); }
      try { snapshot('/nowhere'); } catch (error) { console.log(error.code); }`,
      { env: { [SESSION_VARIABLE]: '' } },
    );
    expect(ended).toMatchObject({ status: 0, stderr: '', stdout: '3\ntracer/counter\ntracer/not-traced\n' });
  });
});

describeNeeding([command('babeltrace2')], 'a snapshot that a program takes of itself', () => {
  test('has the last events of all its threads, and leaves the rings alone', async () => {
    using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 4096, subBufferCount: 4 });
    const folder = join(run.path, 'snapshots');
    const ended = await run.run(`
      import { Worker, isMainThread, parentPort } from 'node:worker_threads';
      const tick = tracepoint('test:tick', { n: 'u32' });
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        worker.once('message', () => {
          for (let n = 0; n < 5000; n += 1) tick(n);
          const { paths, eventCount } = snapshot(${JSON.stringify(folder)});
          console.log(paths[0]);
          console.log(eventCount);
          tick(5000);
          worker.postMessage('end');
        });
      } else {
        for (let n = 0; n < 10; n += 1) tick(100000 + n);
        parentPort.once('message', () => parentPort.unref());
        parentPort.postMessage('done');
      }`);
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    const [path, count] = ended.stdout.trim().split('\n');
    const numbers = printed(path!).map((line) => Number(/n = (\d+)/.exec(line)![1]));
    expect(numbers.length).toBe(Number(count));
    const worker = numbers.filter((n) => n >= 100_000);
    const main = numbers.filter((n) => n < 100_000);
    expect(worker).toEqual(Array.from({ length: 10 }, (_, n) => 100_000 + n));
    expect(main.at(-1)).toBe(4999);
    expect(main).toEqual(main.map((_, index) => main[0]! + index));
    expect(main.length).toBeGreaterThan(400);
    run.drain();
    expect(printed(run.tracePath).at(-1)).toContain('n = 5000');
  });
});
