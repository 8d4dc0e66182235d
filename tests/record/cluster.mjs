// cluster.mjs WORKERS N: each cluster worker emits N events, some at a time.
import cluster from 'node:cluster';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });
const [workers, count] = process.argv.slice(2).map(Number);

if (cluster.isPrimary) {
  for (let started = 0; started < workers; started += 1) cluster.fork();
} else {
  for (let value = 0; value < count; value += 1) {
    number(value);
    if (value % 500 === 499) await new Promise((next) => setTimeout(next, 1));
  }
  process.disconnect();
}
