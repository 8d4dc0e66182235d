// checked.mjs FOLDER THREADS PAUSE [FIRST]: emits numbered events that can be checked one by one, from so many threads,
// until it is killed; each pauses for PAUSE microseconds after 64 of them. How far a thread came is in `progress-THREAD`
// all the time, a 32-bit number that outlives the program. With FIRST its threads have the numbers from there on, and
// let their event loops turn now and then: so they learn of sessions that they record nothing for.
import { openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { tracepoint } from '@spoor/tracer';
import { checkOf, textOf } from './checked-event.mjs';

const [folder, threads, pauseUs, first] = process.argv.slice(2);
const checked = tracepoint('t:checked', { thread: 'u32', n: 'u32', check: 'u32', text: 'string' });
if (isMainThread) {
  writeFileSync(join(folder, `pid${first ?? ''}.draft`), String(process.pid));
  renameSync(join(folder, `pid${first ?? ''}.draft`), join(folder, `pid${first ?? ''}`));
  for (let thread = 1; thread < Number(threads); thread += 1) {
    new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: thread }).unref();
  }
}
const thread = Number(first ?? 0) + (isMainThread ? 0 : workerData);
const progress = openSync(join(folder, `progress-${thread}`), 'w');
const told = new Uint32Array(1);
const never = new Int32Array(new SharedArrayBuffer(4));

for (let n = 0; ;) {
  for (let left = 64; left > 0; left -= 1) {
    checked(thread, n, checkOf(thread, n), textOf(n));
    n += 1;
  }
  told[0] = n;
  writeSync(progress, told, 0, 4, 0);
  if (Number(pauseUs) > 0) Atomics.wait(never, 0, 0, Number(pauseUs) / 1000);
  if (first !== undefined && n % 1024 === 0) await new Promise((turn) => setImmediate(turn));
}
