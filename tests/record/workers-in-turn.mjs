// workers-in-turn.mjs N: N workers one after the other, each emits 500 events; every second one is terminated from
// outside, the others exit by themselves.
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { once } from 'node:events';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });

if (isMainThread) {
  for (let turn = 0; turn < Number(process.argv[2]); turn += 1) {
    const worker = new Worker(new URL(import.meta.url));
    await once(worker, 'message');
    if (turn % 2 === 0) {
      await worker.terminate();
    } else {
      worker.postMessage('end');
      await once(worker, 'exit');
    }
  }
} else {
  for (let value = 0; value < 500; value += 1) number(value);
  parentPort.once('message', () => process.exit());
  parentPort.postMessage('done');
}
