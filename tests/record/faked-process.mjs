// faked-process.mjs: has another `process`, with another number and clocks that stand still, as tests of loggers have.
// Emits 1001 events in each of two threads, the last a good while after the others: then its ring must still be there.
import { tracepoint } from '@spoor/tracer';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, isMainThread } from 'node:worker_threads';

const number = tracepoint('t:number', { value: 'u32' });
const real = process;
const hrtime = Object.assign(() => [0, 0], { bigint: () => 0n });
globalThis.process = { __proto__: real, pid: 123456, hrtime };
Date.now = performance.now = () => 1459875739796;
globalThis.setTimeout = globalThis.setInterval = () => {
  throw new Error('faked');
};
for (let value = 0; value < 1000; value += 1) number(value);
await sleep(300);
number(1000);
if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', () => console.log(process.pid));
