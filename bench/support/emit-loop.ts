// The Spoor side of bench/emit.ts: prints the median ns of processor time per event of each tracepoint's hot loop,
// as one JSON object.
// Run with SPOOR_SESSION set it records; without, it measures what an untraced program pays.
//   node emit-loop.js COUNT BATCHES [reject]
import { tracepoint } from '@spoor/tracer';
import { addedNsPerIteration, countCollections, nsPerIteration } from '../harness.ts';

const empty = tracepoint('emit:empty', []);
const one = tracepoint('emit:one', [['a', 'i32']]);
const four = tracepoint('emit:four', [
  ['a', 'i32'],
  ['b', 'i32'],
  ['c', 'i32'],
  ['d', 'i32'],
  ['text', 'string'],
]);

const ints = [
  ['a', 'i32'],
  ['b', 'i32'],
  ['c', 'i32'],
  ['d', 'i32'],
] as const;
const cached = tracepoint('emit:cached', [...ints, ['text', 'cached-string']]);
const interned = tracepoint('emit:interned', [...ints, ['text', 'interned-string']]);

const many = Array.from({ length: 64 }, (_, index) =>
  tracepoint(`emit:many${index}`, [
    ['a', 'i32'],
    ['b', 'i32'],
  ]),
);

const count = Number(process.argv[2] ?? 1_000_000);
const batches = Number(process.argv[3] ?? 7);
const text = 'sixteen chars ab';
/** As few as the routes of a service. */
const routes = ['GET /orders/:id ', 'PUT /orders/:id ', 'GET /customers  ', 'POST /baskets/ab'];

function emptyLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) empty();
}
function oneLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) one(i);
}
function fourLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) four(i, i + 1, i + 2, i + 3, text);
}
function cachedLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) cached(i, i + 1, i + 2, i + 3, routes[i & 3]!);
}
function internedLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) interned(i, i + 1, i + 2, i + 3, routes[i & 3]!);
}

/** 64 classes through one call site. */
function manyLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) many[i & 63]!(i, i + 1);
}

let sink = 0;
/** About a microsecond of a program's own work, which wants the caches for itself. */
function work(i: number): number {
  const order = JSON.parse(JSON.stringify({ id: i, next: i + 1, name: 'an order of a customer' })) as {
    readonly id: number;
  };
  return order.id;
}
function workLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) sink += work(i);
}
function workedLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) {
    sink += work(i);
    four(i, i + 1, i + 2, i + 3, text);
  }
}

if (process.argv[4] === 'reject') {
  console.log(JSON.stringify({ rejectNs: nsPerIteration(oneLoop, count, batches) }));
} else if (!one.enabled) {
  // The loop alone costs about as much as the disabled call in it; both together are the honest figure.
  console.log(JSON.stringify({ disabledNs: nsPerIteration(oneLoop, count * 10, batches) }));
} else {
  const emptyNs = nsPerIteration(emptyLoop, count, batches);
  const oneNs = nsPerIteration(oneLoop, count, batches);
  const fourNs = nsPerIteration(fourLoop, count, batches);
  const cachedNs = nsPerIteration(cachedLoop, count, batches);
  const internedNs = nsPerIteration(internedLoop, count, batches);
  const manyNs = nsPerIteration(manyLoop, count, batches);
  const inWorkNs = addedNsPerIteration(workLoop, workedLoop, count / 50, batches * 9);
  const collectionsPer10M = await countCollections(() => {
    for (let part = 0; part < 10; part += 1) {
      fourLoop(400_000);
      cachedLoop(300_000);
      internedLoop(300_000);
    }
  });
  console.log(
    JSON.stringify({
      emptyNs,
      oneNs,
      fourNs,
      cachedNs,
      internedNs,
      manyNs,
      inWorkNs,
      collectionsPer10M,
    }),
  );
}
