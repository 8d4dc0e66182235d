// Workers that a session meets while they run: they load what records once they have something to record, and not before.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE, RUN_VERSION, makeChannel, type SessionDescription } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { describeSession, registerPath } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';

/** A worker that does what it is told, and answers how it is then. */
const worker = `
  const { Worker, parentPort } = require('node:worker_threads');
  const { readlinkSync, writeFileSync } = require('node:fs');
  const { AsyncLocalStorage } = require('node:async_hooks');
  import('${tracerUrl}').then(({ counter, tracepoint }) => {
    const slot = () => globalThis[Symbol.for('@spoor/tracer/session 7')];
    const step = tracepoint('test:step', { n: 'u32', text: 'string' });
    let late, ref, wasLoaded;
    const storage = new AsyncLocalStorage();
    const deeds = {
      look() {},
      declare() { late = tracepoint('test:late', { n: 'u32' }); },
      emit() { step(1, 'first'); step(2, 'second'); late?.(3); },
      emitInRequest() { const request = {}; ref = new WeakRef(request); storage.run(request, () => step(1, 'first')); },
      emitDeep() { const dive = () => { try { dive(); } catch { step(1, 'deep'); } }; dive(); },
      emitOnceEnabled() {
        const timer = setInterval(() => {
          if (!step.enabled) return;
          clearInterval(timer);
          wasLoaded = slot()?.session !== undefined;
          step(1, 'first');
          writeFileSync(process.env.LTTNG_RUNDIR + '/emitted', '');
        }, 5);
      },
      count() { counter('test:count').add(2); },
      nest() { new Worker('setInterval(() => {}, 1000)', { eval: true }); },
    };
    parentPort.on('message', (deed) => {
      deeds[deed]();
      parentPort.postMessage({
        tid: Number(readlinkSync('/proc/thread-self').split('/')[2]),
        hasLoaded: slot()?.session !== undefined,
        isEnabled: step.enabled,
        isLateEnabled: late?.enabled,
        wasLoaded,
        isRequestOver: (gc(), ref?.deref() === undefined),
      });
    });
    parentPort.postMessage('ready');
  });`;

/** The main thread: makes and changes sessions of its own user's hub, and tells the worker what to do. */
const program = `
  import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { Worker } from 'node:worker_threads';
  import { snapshot, tracepoint } from '${tracerUrl}';
  const hub = join(process.env.LTTNG_RUNDIR, 'spoor', 'hub');
  const own = tracepoint('test:own', { n: 'u32' });
  const descriptions = JSON.parse(readFileSync(join(process.env.LTTNG_RUNDIR, 'descriptions.json')));
  const place = (path, text) => { writeFileSync(path + '.draft', text); renameSync(path + '.draft', path); };
  let changes = 0;
  const announce = () => place(join(hub, '${HUB_FILE}'), JSON.stringify({ version: ${RUN_VERSION}, watchMs: 10, changes: ++changes }));
  const pathOf = (name) => join(hub, 'sessions', name);
  const put = (name, description, revision) => {
    mkdirSync(pathOf(name), { recursive: true });
    place(join(pathOf(name), 'session.json'), JSON.stringify({ ...descriptions[description], revision }));
    announce();
  };
  const remove = (name) => { rmSync(pathOf(name), { recursive: true }); announce(); };
  const until = async (isSo) => { while (!(await isSo())) await sleep(5); };
  const statuses = (name) => readdirSync(pathOf(name))
    .filter((file) => /^\\d+-\\d+$/.test(file))
    .flatMap((file) => readdirSync(join(pathOf(name), file, 'status')).map((one) => JSON.parse(readFileSync(join(pathOf(name), file, 'status', one), 'utf8') || '{}')));
  const follows = (name, revision, count = 2) => until(() => {
    try { const all = statuses(name); return all.length === count && all.every((one) => one.revision === revision); } catch { return false; }
  });
  /** A worker, in a process whose main thread has been in a session before: then the worker waits for nothing. */
  const start = async () => {
    put('before', 'all', 1);
    await until(() => own.enabled);
    remove('before');
    await until(() => !own.enabled);
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
    await new Promise((resolve) => worker.once('message', resolve));
    const tell = (deed) => new Promise((resolve) => { worker.once('message', resolve); worker.postMessage(deed); });
    return { worker, tell };
  };
  const events = () => snapshot(join(process.env.LTTNG_RUNDIR, 'snapshot-' + ++changes)).eventCount;
  const say = (...what) => console.log(JSON.stringify(what));
`;

const others = [{ name: 'other:*', exclude: [] }];
const descriptions: Readonly<Record<string, SessionDescription>> = {
  all: describeSession('/nowhere'),
  others: describeSession('/nowhere', { rules: others }),
  steps: describeSession('/nowhere', { rules: [{ name: 'test:*', exclude: ['test:late'] }] }),
  automatic: { ...describeSession('/nowhere'), auto: true },
  tracked: { ...describeSession('/nowhere'), trackers: [{ attribute: 'uid', values: [] }] },
  counts: {
    ...describeSession('/nowhere', { channels: [makeChannel({ rules: others })] }),
    counts: [{ map: 'm', key: '$EVENT_NAME', maxKeys: 10, rules: [{ name: 'test:step', exclude: [] }] }],
  },
};

/** What a program printed that ends so. */
function run(text: string): unknown[] {
  using place = new TracedRun();
  mkdirSync(join(place.path, 'spoor', 'hub', 'sessions'), { recursive: true, mode: 0o700 });
  writeFileSync(join(place.path, 'descriptions.json'), JSON.stringify(descriptions));
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, program + text);
  const { SPOOR_SESSION: _, SPOOR_RUN_DIR: _r, ...environment } = process.env;
  const done = spawnSync(process.execPath, ['--expose-gc', '--require', registerPath, file], {
    env: { ...environment, LTTNG_RUNDIR: place.path },
    encoding: 'utf8',
    timeout: 110_000,
  });
  expect(done).toMatchObject({ status: 0, signal: null, stderr: '' });
  return done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('a worker whose main thread is busy for long stands by all the same, and is recorded before that one joins', () => {
  const printed = run(`
    const { tell } = await start();
    await tell('emitOnceEnabled');
    put('s', 'steps', 1);
    const { existsSync } = await import('node:fs');
    while (!existsSync(join(process.env.LTTNG_RUNDIR, 'emitted'))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    await follows('s', 1);
    say(await tell('look'), events());
    process.exit();`);
  expect(printed).toMatchObject([[{ wasLoaded: false, hasLoaded: true, isEnabled: true }, 1]]);
});

test('a worker follows a session without what records, and loads that with its first event', () => {
  const printed = run(`
    const { tell } = await start();
    put('s', 'others', 1);
    await follows('s', 1);
    say(await tell('look'));
    put('s', 'steps', 2);
    await follows('s', 2);
    say(await tell('declare'));
    put('s', 'others', 3);
    await follows('s', 3);
    say(await tell('look'));
    put('s', 'all', 4);
    await follows('s', 4);
    own(0);
    say(await tell('emit'), events());
    const { tid } = await tell('look');
    const of = statuses('s').filter((one) => one.tid === tid);
    say(of.length, of[0].state, of[0].revision);
    remove('s');
    await until(async () => !(await tell('look')).isEnabled);
    process.exit();`);
  const standsBy = { hasLoaded: false, isEnabled: false };
  expect(printed).toMatchObject([
    [standsBy],
    [{ ...standsBy, isEnabled: true, isLateEnabled: false }],
    [{ ...standsBy, isLateEnabled: false }],
    [{ hasLoaded: true, isEnabled: true, isLateEnabled: true }, 4],
    [1, 'recording', 4],
  ]);
});

test('a worker is in sessions that come and go without having loaded anything', () => {
  const printed = run(`
    const { tell } = await start();
    put('a', 'all', 1);
    await follows('a', 1);
    put('b', 'counts', 7);
    await follows('b', 7);
    remove('a');
    // Its rules were of a channel, these are of a map.
    await until(async () => !own.enabled);
    say(await tell('look'));
    remove('b');
    await until(async () => !(await tell('look')).isEnabled);
    put('c', 'all', 1);
    await follows('c', 1);
    say(await tell('look'));
    say(await tell('emit'), events());
    process.exit();`);
  const standsBy = { hasLoaded: false, isEnabled: true };
  expect(printed).toMatchObject([[standsBy], [standsBy], [{ hasLoaded: true }, 2]]);
});

test.each(['count', 'nest', 'emitInRequest', 'emitDeep'])('what a worker needs it loads: %s', (deed) => {
  const [first, last] = run(`
    const { tell } = await start();
    put('s', 'steps', 1);
    await follows('s', 1);
    say(await tell('look'));
    await tell('${deed}');
    // A stack that was full has room soon.
    await until(async () => (await tell('look')).hasLoaded);
    // Timers that what was loaded has begun are not the request's.
    await until(async () => (await tell('look')).isRequestOver);
    const before = events();
    await tell('emit');
    say(events() - before);
    process.exit();`);
  expect(first).toMatchObject([{ hasLoaded: false, isEnabled: true }]);
  expect(last).toEqual([2]);
});

test.each(['automatic', 'tracked'])('a session that asks for more is joined at once: %s', (description) => {
  const printed = run(`
    const { tell } = await start();
    put('s', 'others', 1);
    await follows('s', 1);
    say((await tell('look')).hasLoaded);
    put('t', '${description}', 1);
    await until(async () => (await tell('look')).hasLoaded);
    say(statuses('s').length, (await tell('look')).isEnabled);
    process.exit();`);
  expect(printed).toEqual([[false], [2, description === 'automatic']]);
});
