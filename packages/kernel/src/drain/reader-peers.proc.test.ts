// Threads that ask each other to read their rings, in threads.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { peerWords } from './reader-peers.node.ts';

/** Longer than any test. */
const longMs = 600_000;

test('threads that ask at the same time all get their answers', async () => {
  const words = peerWords(2);
  const rounds = 200;
  const module = new URL('../../dist/drain/reader-peers.node.js', import.meta.url).href;
  const code = `
    const { workerData, parentPort } = require('node:worker_threads');
    void import(workerData.module).then(({ ReaderPeers }) => {
      const { words, index, rounds, longMs } = workerData;
      const peers = new ReaderPeers({ words, index, bells: [] }, () => undefined);
      let served = 0;
      peers.join(longMs);
      parentPort.once('message', () => {
        for (let round = 0; round < rounds; round += 1) peers.settle(() => (served += 1));
        peers.leave();
        parentPort.postMessage(served);
      });
      parentPort.postMessage('ready');
    });`;
  const workers = [0, 1].map(
    (index) =>
      new Worker(code, { eval: true, execArgv: [], workerData: { module, words, index, rounds, longMs } }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const ended = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage('begin');
  const served = (await Promise.all(ended)).map(([count]) => Number(count));
  // Each answers while it waits itself; who is done first is asked no more.
  expect(Math.max(...served)).toBeGreaterThan(0);
  expect(Math.max(...served)).toBeLessThanOrEqual(rounds);
  await Promise.all(workers.map((worker) => worker.terminate()));
});
