// Sessions that come and go in a program that lives on: what each leaves in it, and what its counters are to the next.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HUB_FILE, RUN_VERSION, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';
import { describeSession, registerPath } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';

const ringbufferUrl = pathToFileURL(join(repoRoot, 'packages/ringbuffer/dist/index.js')).href;

/** A program that starts and ends sessions of its own hub: `open(name)`, `close(name)`. */
const beginning = `
  import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { counter, tracepoint } from '${tracerUrl}';
  import { readCounters } from '${ringbufferUrl}';
  const hub = process.env.${SESSION_VARIABLE};
  const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });
  const pathOf = (name) => join(hub, 'sessions', name);
  const until = async (isSo) => { while (!isSo()) await sleep(2); };
  const announce = () => {
    writeFileSync(join(hub, 'draft'), JSON.stringify({ version: ${RUN_VERSION}, watchMs: 10 }));
    renameSync(join(hub, 'draft'), join(hub, '${HUB_FILE}'));
  };
  /** The directory of this process in a session; undefined before it is attached. */
  const processIn = (name) => readdirSync(pathOf(name)).filter((file) => /^\\d+-\\d+$/.test(file)).map((file) => join(pathOf(name), file))[0];
  const open = async (name) => {
    mkdirSync(pathOf(name));
    writeFileSync(join(pathOf(name), 'session.json'), readFileSync(join(hub, 'description.json')));
    announce();
    await until(() => processIn(name) !== undefined && readdirSync(join(processIn(name), 'status')).length > 0);
  };
  const close = async (...names) => {
    for (const name of names) rmSync(pathOf(name), { recursive: true });
    announce();
  };
`;

/** Runs a module that begins so, in a hub of its own; what it printed. */
function run(text: string, nodeArgs: readonly string[], env: Readonly<Record<string, string>>): string {
  using place = new TracedRun();
  const hub = join(place.path, 'hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true });
  writeFileSync(join(hub, HUB_FILE), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
  const description = describeSession('/nowhere', { subBufferSizeBytes: 256 * 1024 });
  writeFileSync(join(hub, 'description.json'), JSON.stringify(description));
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, beginning + text);
  const done = spawnSync(process.execPath, [...nodeArgs, '--require', registerPath, file], {
    env: { ...process.env, ...env, [SESSION_VARIABLE]: hub },
    encoding: 'utf8',
    timeout: 110_000,
  });
  expect(done).toMatchObject({ status: 0, signal: null, stderr: '' });
  return done.stdout;
}

// Mapped memory, and memory that is copied to a file that stays open.
const tiers = ['0', '1'];

test.each(tiers)(
  'a thread keeps nothing of sessions that are over (SPOOR_NO_KOFFI=%s)',
  (SPOOR_NO_KOFFI) => {
    const printed = run(
      `
    const held = () => {
      gc();
      const mapped = readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes(hub)).length;
      return Math.max(mapped, readdirSync('/proc/self/fd').length - before);
    };
    let before = 0;
    before = readdirSync('/proc/self/fd').length;
    for (let n = 0; n < 20; n += 1) {
      await open('s' + n);
      await until(() => tick.enabled);
      tick(n, 'text');
      await close('s' + n);
      await until(() => !tick.enabled);
    }
    // It is unmapped, or closed, some turns of the event loop after a collection.
    await until(() => held() <= 3);
    console.log('little');`,
      ['--expose-gc'],
      { SPOOR_NO_KOFFI },
    );
    expect(printed).toBe('little\n');
  },
  120_000,
);

test.each(tiers)(
  'a program whose workers come and go keeps nothing of them, nor of sessions that are over (SPOOR_NO_KOFFI=%s)',
  (SPOOR_NO_KOFFI) => {
    const printed = run(
      `
    import { Worker } from 'node:worker_threads';
    const worker = \`
      const { parentPort } = require('node:worker_threads');
      import('${tracerUrl}').then(({ counter, tracepoint }) => {
        const step = tracepoint('test:step', { n: 'u32' });
        const steps = counter('test:steps');
        const timer = setInterval(() => {
          if (!step.enabled) return;
          step(1);
          steps.add(1);
          clearInterval(timer);
          parentPort.postMessage('has recorded');
          // Some are ended in the middle of their life, others by themselves.
          parentPort.on('message', () => process.exit());
        }, 1);
      });\`;
    const held = () => {
      gc();
      return {
        mapped: readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes(hub)).length,
        open: readdirSync('/proc/self/fd').length,
      };
    };
    const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));
    const round = async (n) => {
      await open('s' + n);
      await until(() => tick.enabled);
      tick(n, 'text');
      const workers = Array.from({ length: 4 }, () => new Worker(worker, { eval: true }));
      await Promise.all(workers.map((each) => once(each, 'message')));
      const halves = [workers.slice(0, 2), workers.slice(2)];
      const end = async (some) => {
        await Promise.all(some.map((each, i) => (i === 0 ? each.terminate() : (each.postMessage(''), once(each, 'exit')))));
      };
      await end(halves[0]);
      await close('s' + n);
      await until(() => !tick.enabled);
      await end(halves[1]);
    };
    // What the first workers have Node.js open stays open.
    await round(0);
    const { open: before } = held();
    for (let n = 1; n <= 5; n += 1) await round(n);
    // Within seconds of a session's end, and some turns of the event loop after a collection.
    await until(() => held().mapped === 0 && held().open <= before);
    console.log(readdirSync(join(hub, 'sessions')).join() || 'nothing');
    console.log(readdirSync(join(hub, '..', 'processes')).length);`,
      ['--expose-gc'],
      { SPOOR_NO_KOFFI },
    );
    expect(printed).toBe('nothing\n1\n');
  },
  120_000,
);

test.each(tiers)(
  'counters go from session to session (SPOOR_NO_KOFFI=%s)',
  (SPOOR_NO_KOFFI) => {
    const printed = run(
      `
    const early = counter('test:early');
    early.add(1);
    const read = async (name, early, late) => {
      const sums = () => { const map = readCounters(processIn(name)); return [map.get('test:early'), map.get('test:late')].join(); };
      await until(() => sums() === [early, late].join());
    };
    await open('a');
    const late = counter('test:late');
    early.add(1); late.add(10);
    await read('a', 2, 10);
    await open('b');
    await close('a');
    early.add(1);
    await read('b', 3, 10);
    // The first session, which the file was made in, is gone.
    await open('c');
    late.add(10);
    for (const name of ['b', 'c']) await read(name, 3, 20);
    await close('b', 'c');
    await until(() => !tick.enabled);
    early.add(1);
    await open('d');
    await until(() => tick.enabled);
    await read('d', 4, 20);
    // A session that another one comes beside goes on.
    await open('e');
    await until(() => readdirSync(join(processIn('e'), 'counters')).length === 1);
    await sleep(30);
    console.log(tick.enabled, early.value, late.value);
    late.add(1);
    for (const name of ['d', 'e']) await read(name, 4, 21);
    await close('e');
    await sleep(30);
    console.log(tick.enabled);`,
      [],
      { SPOOR_NO_KOFFI },
    );
    expect(printed).toBe('true 4 20\ntrue\n');
  },
  120_000,
);
