// Prints as JSON, of the main thread and of a worker, how often the time that the loop slept was what Node.js says, of 20 times,
// and how often Node.js was asked for it. The argument is the URL of @spoor/sys.
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

const url = process.argv[2];
const { loopIdleNs } = await import(url);
const { nodeTiming } = performance;
const { get } = Object.getOwnPropertyDescriptor(nodeTiming, 'idleTime');
let asked = 0;
Object.defineProperty(nodeTiming, 'idleTime', {
  get() {
    asked += 1;
    return get.call(nodeTiming);
  },
});
let same = 0;
let lastNs = 0;
for (let turns = 0; turns < 20;) {
  await setTimeout(2);
  const idleNs = Math.round(get.call(nodeTiming) * 1e6);
  // A loop that was late did not sleep.
  if (idleNs === lastNs) continue;
  lastNs = idleNs;
  turns += 1;
  if (loopIdleNs() === idleNs) same += 1;
}
const found = { same, asked };
if (isMainThread) {
  const [ofWorker] = await once(new Worker(new URL(import.meta.url), { argv: [url] }), 'message');
  console.log(JSON.stringify({ main: found, worker: ofWorker }));
} else {
  parentPort.postMessage(found);
}
