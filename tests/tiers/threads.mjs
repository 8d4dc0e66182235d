// threads.mjs THREADS N: worker threads, all at the same time, emit N events each; so does the main thread.
import { Worker, isMainThread, workerData } from 'node:worker_threads';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { thread: 'u32', value: 'u32', text: 'string' });

function emit(thread, count) {
  for (let value = 0; value < count; value += 1) number(thread, value, 'some text');
}

if (isMainThread) {
  const [threads, count] = process.argv.slice(2).map(Number);
  // All of them wait for the last one: then all rings are there at once.
  const gate = new Int32Array(new SharedArrayBuffer(4));
  for (let thread = 1; thread <= threads; thread += 1) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { thread, count, threads, gate } });
    worker.on('error', (error) => console.error(error));
  }
  emit(0, count);
} else {
  const { thread, count, threads, gate } = workerData;
  emit(thread, 1);
  if (Atomics.add(gate, 0, 1) === threads - 1) Atomics.notify(gate, 0);
  for (let arrived = Atomics.load(gate, 0); arrived < threads; arrived = Atomics.load(gate, 0)) {
    Atomics.wait(gate, 0, arrived, 100);
  }
  emit(thread, count - 1);
}
