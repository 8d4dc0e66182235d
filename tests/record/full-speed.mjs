// full-speed.mjs WORKERS MS: each worker emits as fast as it can for that long; says how many in all.
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32', text: 'string' });
const [workers, durationMs] = process.argv.slice(2).map(Number);

if (isMainThread) {
  let emitted = 0;
  let left = workers;
  for (let started = 0; started < workers; started += 1) {
    new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }).on('message', (count) => {
      emitted += count;
      left -= 1;
      if (left === 0) console.log(`emitted ${emitted}`);
    });
  }
} else {
  const end = Date.now() + durationMs;
  let value = 0;
  while (Date.now() < end) {
    for (let round = 0; round < 1000; round += 1) number(value++, 'sixteen chars ab');
  }
  parentPort.postMessage(value);
}
