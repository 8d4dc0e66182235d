// ended-mappings.mjs N: N workers one after the other, each emits and counts; every second one is terminated from outside,
// the others exit by themselves. Says how many mappings more than after the first there were at most.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { counter, tracepoint } from '@spoor/tracer';

const mappings = () =>
  (readFileSync('/proc/self/maps', 'utf8').match(/\/\d+-\d+\.(draft|counters)/g) ?? []).length;

if (isMainThread) {
  let most = 0;
  for (let turn = 0; turn < Number(process.argv[2]); turn += 1) {
    const worker = new Worker(new URL(import.meta.url));
    await once(worker, 'message');
    if (turn % 2 === 0) {
      await worker.terminate();
    } else {
      worker.postMessage('end');
      await once(worker, 'exit');
    }
    most = Math.max(most, mappings());
  }
  console.log(`most ${most}`);
} else {
  tracepoint('t:number', { value: 'u32' })(1);
  counter('t:count').add();
  parentPort.once('message', () => process.exit());
  parentPort.postMessage('done');
}
