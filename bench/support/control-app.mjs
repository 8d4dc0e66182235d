// control-app.mjs THREADS FILL: what ust-control/app.c is, for Node.js: a program that waits, with so many threads. Lines of its
// standard input say what to do: `classes` has each thread emit all of its 50 classes once, `fill` FILL events of about a
// kilobyte, `alarm` emits app:alarm.
import { createInterface } from 'node:readline';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { tracepoint } from '@spoor/tracer';

const [threads, fillCount] = process.argv.slice(2).map(Number);
const steps = [];
for (let ten = 1; ten <= 6; ten += 1) {
  for (let one = 0; one < 8; one += 1) steps.push(tracepoint(`app:step${ten}${one}`, { a: 'i32', b: 'i32' }));
}
const fill = tracepoint('app:fill', { n: 'u32', text: 'string' });
const alarm = tracepoint('app:alarm', { n: 'u32' });
const text = 'x'.repeat(1000);

/** What each thread does when it is told to. */
const deeds = {
  classes: () => {
    for (const step of steps) step(1, 2);
    fill(0, '');
    alarm(0);
  },
  fill: () => {
    for (let n = 0; n < fillCount; n += 1) fill(n, text);
  },
};

if (isMainThread) {
  const workers = [];
  for (let number = 1; number < threads; number += 1) {
    const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
    await new Promise((ready) => worker.once('message', ready));
    workers.push(worker);
  }
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'alarm') {
      const nowNs = process.hrtime.bigint();
      alarm(1);
      console.log(`alarm ${nowNs}`);
    } else {
      const done = workers.map((worker) => new Promise((settle) => worker.once('message', settle)));
      for (const worker of workers) worker.postMessage(line);
      deeds[line]();
      await Promise.all(done);
      console.log('done');
    }
  }
  process.exit(0);
} else {
  parentPort.on('message', (line) => {
    deeds[line]();
    parentPort.postMessage('done');
  });
  parentPort.postMessage('ready');
}
