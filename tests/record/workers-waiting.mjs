// Starts as many workers as the first argument says, one after the other, each of which emits as many events as the second
// says and then waits until all have.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { tracepoint } from '@spoor/tracer';

if (isMainThread) {
  const [workerCount, eventCount] = process.argv.slice(2).map(Number);
  const workers = [];
  for (let number = 0; number < workerCount; number += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: eventCount });
    workers.push(worker);
    await once(worker, 'message');
  }
  for (const worker of workers) worker.postMessage('end');
} else {
  const tick = tracepoint('test:tick', { n: 'u32' });
  for (let n = 0; n < workerData; n += 1) tick(n);
  parentPort.once('message', () => undefined);
  parentPort.postMessage('done');
}
