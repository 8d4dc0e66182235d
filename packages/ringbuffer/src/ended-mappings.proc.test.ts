// Threads of this process that map rings and end, and what is unmapped of them: /proc/self/maps is the oracle.
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { currentThreadId } from '@spoor/sys';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { unmapEnded } from './ended-mappings.ts';

const root = mkdtempSync('/dev/shm/spoor-mappings-');
afterAll(() => rmSync(root, { recursive: true }));

/** Process directories of two sessions. */
let first: string;
let second: string;
let count = 0;
beforeEach(() => {
  count += 1;
  [first, second] = [join(root, `${count}`, 'one'), join(root, `${count}`, 'two')];
  for (const path of [first, second]) mkdirSync(join(path, 'rings'), { recursive: true });
});

const tids = new Map<Worker, number>();

/** A thread that has a ring and counters in each directory, and waits; asked to, it unmaps what others left there. */
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
      parentPort.on('message', (path) => { use(); parentPort.postMessage(unmapEnded(path)); });
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

async function unmapIn(worker: Worker, path: string): Promise<number> {
  worker.postMessage(path);
  const [unmapped] = (await once(worker, 'message')) as [number];
  return unmapped;
}

/** How many files below a folder are mapped. */
function mappedBelow(folder: string): number {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return maps.split('\n').filter((line) => line.includes(` ${folder}/`)).length;
}

const locksOf = (path: string): string[] => readdirSync(path).filter((name) => name.startsWith('unmapping.'));

test('what a thread mapped is unmapped once it is gone, that of others and of other sessions is not', async () => {
  const ended = await startThread(first, second);
  const living = await startThread(first);
  // Making its ring and counters, the second thread may have looked already; nothing was over.
  expect(mappedBelow(first)).toBe(4);
  expect(unmapEnded(first)).toBe(0);
  await end(ended);
  expect(unmapEnded(first)).toBe(2);
  expect(mappedBelow(first)).toBe(2);
  expect(mappedBelow(second)).toBe(2);
  expect(unmapEnded(first)).toBe(0);
  // Would be killed by SIGSEGV if its own had gone.
  expect(await unmapIn(living, second)).toBe(2);
  expect(mappedBelow(second)).toBe(0);
  await end(living);
  expect(unmapEnded(first)).toBe(2);
  expect(locksOf(first)).toEqual([]);
});

test('a file of another name that is mapped there stays', async () => {
  mkdirSync(join(first, 'sub/rings'), { recursive: true });
  const ended = await startThread(join(first, 'sub'));
  await end(ended);
  expect(unmapEnded(first)).toBe(0);
  expect(mappedBelow(first)).toBe(2);
  expect(unmapEnded(join(first, 'sub'))).toBe(2);
});

test('nothing is unmapped while a thread that runs is at it; one that is gone holds nobody up', async () => {
  const ended = await startThread(first);
  await end(ended);
  writeFileSync(join(first, 'unmapping.0'), String(currentThreadId()));
  expect(unmapEnded(first)).toBe(0);
  expect(mappedBelow(first)).toBe(2);
  // No thread has the number 0.
  writeFileSync(join(first, 'unmapping.0'), '0');
  expect(unmapEnded(first)).toBe(2);
  expect(locksOf(first)).toEqual(['unmapping.0']);
});

test('threads that unmap at the same time each take what no other takes', async () => {
  const ended = await Promise.all(Array.from({ length: 6 }, () => startThread(first)));
  const living = await Promise.all(Array.from({ length: 3 }, () => startThread(second)));
  await Promise.all(ended.map(end));
  const before = mappedBelow(first);
  let taken = 0;
  for (let round = 0; round < 5; round += 1) {
    for (const unmapped of await Promise.all(living.map((worker) => unmapIn(worker, first))))
      taken += unmapped;
  }
  expect(taken).toBe(before);
  expect(mappedBelow(first)).toBe(0);
  expect(mappedBelow(second)).toBe(6);
  await Promise.all(living.map(end));
});
