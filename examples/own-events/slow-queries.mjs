// A program that watches itself: the slowest of its own queries, told while it runs. No recorder is needed.
//   node examples/own-events/slow-queries.mjs
import { tracepoint } from '@spoor/tracer';
import { subscribe } from '@spoor/tracer/subscribe';

const queryDone = tracepoint('db:query_done', [
  ['query', 'interned-string'],
  ['rows', 'u32'],
  ['ms', 'f64'],
]);

const slowest = new Map();
const subscription = subscribe({ events: 'db:*', filter: 'ms > 10' }, ({ fields: { query, ms } }) => {
  slowest.set(query, Math.max(slowest.get(query) ?? 0, ms));
});

// After the subscription's own: the last events have come by then.
process.on('exit', () => {
  for (const [query, ms] of slowest) console.log(`${query}: up to ${ms} ms`);
  if (subscription.lostEvents > 0) console.log(`${subscription.lostEvents} events were lost`);
});

for (let n = 0; n < 1000; n += 1) {
  queryDone(n % 100 === 0 ? 'select * from orders' : 'select 1', n, n % 100 === 0 ? 40 + n / 100 : 2);
}
