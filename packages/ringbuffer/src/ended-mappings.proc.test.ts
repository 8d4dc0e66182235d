// Threads of this process that map rings and end, and what is unmapped of them: /proc/self/maps is the oracle.
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createRequire } from 'node:module';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { EndedMappings, unmapEnded } from './ended-mappings.ts';

const root = mkdtempSync('/dev/shm/spoor-mappings-');
afterAll(() => rmSync(root, { recursive: true }));

/** A process's folder, and its directories in two sessions. */
let folder: string;
let first: string;
let second: string;
let count = 0;
beforeEach(() => {
  count += 1;
  folder = `${process.pid}-${count}`;
  [first, second] = [join(root, `${count}`, 'one', folder), join(root, `${count}`, 'two', folder)];
  for (const path of [first, second, `${second}1`]) mkdirSync(join(path, 'rings'), { recursive: true });
});

const tids = new Map<Worker, number>();

/** A thread that has a ring and counters in each directory, and waits; asked to, it unmaps what others left. */
async function startThread(...paths: string[]): Promise<Worker> {
  const dist = (name: string): string => pathToFileURL(join(import.meta.dirname, '..', 'dist', name)).href;
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      const { createThreadRing, currentThreadId, ThreadCounters } = await import(${JSON.stringify(dist('index.js'))});
      const { unmapEnded } = await import(${JSON.stringify(dist('ended-mappings.js'))});
      const kept = workerData.map((path) => [createThreadRing({
        folder: path + '/rings', mode: 'discard', geometry: { subBufferSizeBytes: 16384, subBufferCount: 2 },
        processStartTicks: 7n, uuid: new Uint8Array(16), streamClassId: 0, channelName: 'ch0', sessionPath: path,
        blockingTimeoutUs: 0,
      }), new ThreadCounters(path)]);
      const use = () => { for (const [ring, counters] of kept) { ring.producer.clock[0] = 1n; counters.cell('t:a').values[50] += 1; } };
      parentPort.on('message', (folder) => { use(); parentPort.postMessage(unmapEnded(folder).unmapped); });
      use();
      parentPort.postMessage(currentThreadId());
    })();`;
  const worker = new Worker(code, { eval: true, workerData: paths, execArgv: [] });
  const [tid] = (await once(worker, 'message')) as [number];
  tids.set(worker, tid);
  return worker;
}

/** Ends a thread and waits until the kernel has none of its number: that is some time after Node.js has joined it. */
async function end(worker: Worker): Promise<void> {
  await worker.terminate();
  while (existsSync(`/proc/self/task/${tids.get(worker)}`)) await setTimeout(1);
}

async function unmapIn(worker: Worker): Promise<number> {
  worker.postMessage(folder);
  const [unmapped] = (await once(worker, 'message')) as [number];
  return unmapped;
}

/** How many files below a path are mapped. */
function mappedBelow(path: string): number {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return maps.split('\n').filter((line) => line.includes(` ${path}/`)).length;
}

test('what a thread mapped is unmapped once it is gone, in all sessions; that of others is not', async () => {
  const ended = await startThread(first, second);
  const living = await startThread(first, second);
  // Making its rings and counters, the second thread may have looked already; nothing was over.
  expect(mappedBelow(root)).toBe(8);
  expect(unmapEnded(folder)).toEqual({ unmapped: 0, left: 8 });
  await end(ended);
  expect(unmapEnded(folder)).toEqual({ unmapped: 4, left: 4 });
  expect(mappedBelow(root)).toBe(4);
  expect(unmapEnded(folder)).toEqual({ unmapped: 0, left: 4 });
  // Would be killed by SIGSEGV if its own had gone.
  expect(await unmapIn(living)).toBe(0);
  await end(living);
  expect(unmapEnded(folder)).toEqual({ unmapped: 4, left: 0 });
});

test('also in sessions that are over, whose files are gone', async () => {
  const ended = await startThread(first, second);
  rmSync(join(root, `${count}`, 'one'), { recursive: true });
  await end(ended);
  expect(unmapEnded(folder)).toEqual({ unmapped: 4, left: 0 });
  expect(mappedBelow(root)).toBe(0);
});

test('a file of another name, or below another folder, stays', async () => {
  mkdirSync(join(first, 'sub/rings'), { recursive: true });
  const [inSub, other] = [await startThread(join(first, 'sub')), await startThread(`${second}1`)];
  await end(inSub);
  await end(other);
  expect(unmapEnded(folder)).toEqual({ unmapped: 0, left: 2 });
  expect(mappedBelow(root)).toBe(4);
  expect(unmapEnded('sub').unmapped).toBe(2);
  expect(unmapEnded(`${folder}1`).unmapped).toBe(2);
});

test('nothing is unmapped while another thread is at it; one that is ended holds nobody up', async () => {
  const ended = await startThread(first);
  await end(ended);
  const holder = new Worker(
    `const { openSync } = require('node:fs');
     const koffi = require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))});
     const flock = koffi.load(null).func('int flock(int, int)');
     require('node:worker_threads').parentPort.postMessage(flock(openSync('/proc/self/maps'), 2));
     setInterval(() => {}, 1e6);`,
    { eval: true, execArgv: [] },
  );
  expect(await once(holder, 'message')).toEqual([0]);
  expect(unmapEnded(folder)).toEqual({ unmapped: 0, left: 2 });
  await holder.terminate();
  expect(unmapEnded(folder)).toEqual({ unmapped: 2, left: 0 });
});

test('threads that unmap at the same time each take what no other takes', async () => {
  const ended = await Promise.all(Array.from({ length: 6 }, () => startThread(first)));
  const living = await Promise.all(Array.from({ length: 3 }, () => startThread(second)));
  await Promise.all(ended.map(end));
  const before = mappedBelow(first);
  let taken = 0;
  for (let round = 0; round < 5; round += 1) {
    for (const unmapped of await Promise.all(living.map((worker) => unmapIn(worker)))) taken += unmapped;
  }
  expect(taken).toBe(before);
  expect(mappedBelow(first)).toBe(0);
  expect(mappedBelow(second)).toBe(6);
  await Promise.all(living.map(end));
  expect(unmapEnded(folder).left).toBe(0);
});

test('the main thread looks every few seconds while a session is there, and until nothing is left', async () => {
  let nowNs = 0n;
  const mappings = new EndedMappings(folder, () => nowNs);
  const look = (hasSessions: boolean): void => {
    nowNs += 6_000_000_000n;
    mappings.look(hasSessions);
  };
  const [early, late] = [await startThread(first), await startThread(second)];
  await end(early);
  look(false);
  expect(mappedBelow(root)).toBe(4);
  look(true);
  expect(mappedBelow(root)).toBe(2);
  await end(late);
  mappings.look(false);
  expect(mappedBelow(root)).toBe(2);
  look(false);
  expect(mappedBelow(root)).toBe(0);
});
