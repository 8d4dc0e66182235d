// Prints when the first line of a worker runs, in milliseconds since the worker was asked for.
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
if (isMainThread) {
  const beganNs = process.hrtime.bigint();
  const worker = new Worker(new URL(import.meta.url));
  worker.on('message', (/** @type {bigint} */ lineNs) =>
    process.stdout.write(`${Number(lineNs - beganNs) / 1e6}`),
  );
} else {
  parentPort?.postMessage(process.hrtime.bigint());
}
