// Threads that are ended in the middle of a call that must not be broken off: the call is a wait that ends with a word to
// everybody, so that it shows whether it was.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ThreadEnds } from './thread-ends.ts';

const root = mkdtempSync('/dev/shm/spoor-ends-');
afterAll(() => rmSync(root, { recursive: true }));

let place: string;
let count = 0;
beforeEach(() => {
  count += 1;
  place = join(root, `${count}`);
  mkdirSync(place);
});
const originalTerminate = Object.getOwnPropertyDescriptor(Worker.prototype, 'terminate')!;
const ends = new ThreadEnds(true, () => [place]);

/** Words of the memory that a worker shares with its test. */
const BEGUN = 0;
const FINISHED = 1;

interface Started {
  readonly worker: Worker;
  readonly words: Int32Array;
}

const built = (path: string): string => pathToFileURL(join(import.meta.dirname, '../..', path)).href;

const code = `
  const { Worker, parentPort, threadId, workerData } = require('node:worker_threads');
  (async () => {
    const { ThreadEnds } = await import(${JSON.stringify(built('tracer/dist/thread-ends.js'))});
    const { inOnePiece } = await import(${JSON.stringify(built('sys/dist/native-calls.js'))});
    const { place, words, depth, code, isOlder } = workerData;
    if (depth > 1) {
      let paths = isOlder ? [] : [place];
      const ends = new ThreadEnds(false, () => paths);
      new Worker(code, { eval: true, execArgv: [], workerData: { ...workerData, depth: depth - 1 } })
        .on('message', () => parentPort.postMessage('asked'));
      if (isOlder) {
        paths = [place];
        ends.enter(place);
      }
      return;
    }
    new ThreadEnds(false, () => [place]);
    parentPort.on('message', () => undefined);
    parentPort.postMessage('asked');
    inOnePiece(() => {
      Atomics.store(words, ${BEGUN}, 1);
      Atomics.notify(words, ${BEGUN});
      // No loop of JavaScript, which the end would come into: a call, as those of koffi are.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      Atomics.store(words, ${FINISHED}, 1);
    });
  })();`;

/** A worker that begins a call of 200 ms as soon as it runs, or has a worker of its own do so, perhaps an older one than the session. */
async function start(depth = 1, isOlder = false): Promise<Started> {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const workerData = { place, words, depth, code, isOlder };
  const worker = new Worker(code, { eval: true, execArgv: [], workerData });
  await once(worker, 'message');
  return { worker, words };
}

const marks = (): readonly string[] => readdirSync(join(place, 'threads'));

describe('a thread in the middle of a call', () => {
  test('is terminated when that is over', async () => {
    const { worker, words } = await start();
    Atomics.wait(words, BEGUN, 0);
    const ended = worker.terminate();
    expect(words[FINISHED]).toBe(1);
    expect(await ended).toBe(1);
    expect(marks()).toEqual([]);
  });

  test('holds up the end of the thread that started it', async () => {
    const { worker, words } = await start();
    Atomics.wait(words, BEGUN, 0);
    ends.end();
    expect(words[FINISHED]).toBe(1);
    expect(marks()).toEqual(['ending-0']);
    await worker.terminate();
  });

  test.each([
    ['', false],
    [' before there was a session', true],
  ])('holds up the end of the thread that started the one that started it%s', async (_, isOlder) => {
    const { worker, words } = await start(2, isOlder);
    Atomics.wait(words, BEGUN, 0);
    const ended = worker.terminate();
    expect(words[FINISHED]).toBe(1);
    await ended;
  });
});

test('a worker that was there before its process was traced is waited for as well', () => {
  const program = `
    const { Worker } = require('node:worker_threads');
    const { place, code } = JSON.parse(process.argv[1]);
    const words = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(code, { eval: true, workerData: { place, words, depth: 1, code } });
    worker.once('message', async () => {
      const { ThreadEnds } = await import(${JSON.stringify(built('tracer/dist/thread-ends.js'))});
      new ThreadEnds(true, () => [place]);
      process.on('exit', () => console.log(words[${FINISHED}]));
      Atomics.wait(words, ${BEGUN}, 0);
      worker.terminate();
      process.exit();
    });`;
  const said = execFileSync(process.execPath, ['-e', program, JSON.stringify({ place, code })], {
    encoding: 'utf8',
  });
  expect(said).toBe('1\n');
});

test('threads that have seen other sessions know of each other by the place of the process', () => {
  const program = `
    const { mkdirSync } = require('node:fs');
    const { Worker } = require('node:worker_threads');
    const { place, code } = JSON.parse(process.argv[1]);
    for (const session of ['old', 'new']) mkdirSync(place + '/' + session);
    (async () => {
      const { ThreadEnds } = await import(${JSON.stringify(built('tracer/dist/thread-ends.js'))});
      new ThreadEnds(true, () => [place + '/old'], place);
      const words = new Int32Array(new SharedArrayBuffer(8));
      const inNew = code.replace('() => [place]', '() => [place + "/new"], place');
      const worker = new Worker(inNew, { eval: true, workerData: { place, words, depth: 1, code } });
      worker.once('message', () => {
        Atomics.wait(words, ${BEGUN}, 0);
        worker.terminate();
        console.log(words[${FINISHED}]);
      });
    })();`;
  const said = execFileSync(process.execPath, ['-e', program, JSON.stringify({ place, code })], {
    encoding: 'utf8',
  });
  expect(said).toBe('1\n');
});

test('marks of threads that are over go when the next one starts', async () => {
  const { worker } = await start(2);
  writeFileSync(join(place, 'threads', `ending-${worker.threadId}`), '');
  const parent = worker.threadId;
  await worker.terminate();
  expect(marks().some((name) => name.endsWith(`-${parent}`))).toBe(true);
  const next = await start();
  expect(marks().filter((name) => !name.startsWith('busy-'))).toEqual([]);
  await next.worker.terminate();
});

test('a thread joins where sessions come and go once the main thread has', async () => {
  const ask = `
    const { parentPort, workerData: place } = require('node:worker_threads');
    const { writeFileSync } = require('node:fs');
    (async () => {
      const { ThreadEnds } = await import(${JSON.stringify(built('tracer/dist/thread-ends.js'))});
      const made = new ThreadEnds(false, () => [], place, 10n ** 18n);
      const others = [new ThreadEnds(false, () => [], place, 0n), new ThreadEnds(false, () => [])];
      parentPort.postMessage([made, ...others].map(({ mayJoin }) => mayJoin));
      parentPort.once('message', () => parentPort.postMessage(made.mayJoin));
    })();`;
  const worker = new Worker(ask, { eval: true, execArgv: [], workerData: place });
  expect(await once(worker, 'message')).toEqual([[false, true, true]]);
  const main = new ThreadEnds(true, () => [], place);
  expect(main.mayJoin).toBe(true);
  worker.postMessage('again');
  expect(await once(worker, 'message')).toEqual([true]);
  await worker.terminate();
});

test('a thread that is to end begins no call, and goes no further', async () => {
  mkdirSync(join(place, 'threads'));
  writeFileSync(join(place, 'threads/ending-0'), '');
  const { worker, words } = await start();
  // It asks right after it has said so, and waits for its end: as long as this, at least, it does not begin.
  await setTimeout(100);
  expect(words[BEGUN]).toBe(0);
  await worker.terminate();
  expect([...words]).toEqual([0, 0]);
});

test('marks that threads of other ends left hold nobody up', async () => {
  mkdirSync(join(place, 'threads'));
  for (const name of ['busy-100000', 'of-100000-99999', 'ending-99998', 'of-3-7', 'other']) {
    writeFileSync(join(place, 'threads', name), '');
  }
  const { worker, words } = await start();
  Atomics.wait(words, BEGUN, 0);
  await worker.terminate();
  expect(words[FINISHED]).toBe(1);
});

test('terminate is what it was, for all that can be seen', async () => {
  const own = Object.getOwnPropertyDescriptor(Worker.prototype, 'terminate')!;
  const terminate = own.value as () => unknown;
  expect({ ...own, value: 0 }).toEqual({ ...originalTerminate, value: 0 });
  const original = originalTerminate.value as () => unknown;
  expect([terminate.name, terminate.length, 'prototype' in terminate]).toEqual([
    'terminate',
    original.length,
    false,
  ]);
  expect(() => Reflect.apply(terminate, undefined, [])).toThrow(TypeError);
  const { worker } = await start();
  await worker.terminate();
  expect(await worker.terminate()).toBeUndefined();
});
