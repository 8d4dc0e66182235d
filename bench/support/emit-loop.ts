// The Spoor side of bench/emit.ts: prints the median ns of processor time per event of each tracepoint's hot loop,
// as one JSON object.
// Run with SPOOR_SESSION set it records; without, it measures what an untraced program pays.
//   node emit-loop.js COUNT BATCHES
import { tracepoint } from '@spoor/tracer';
import { countCollections, nsPerIteration } from '../harness.ts';

const empty = tracepoint('emit:empty', []);
const one = tracepoint('emit:one', [['a', 'i32']]);
const four = tracepoint('emit:four', [
  ['a', 'i32'],
  ['b', 'i32'],
  ['c', 'i32'],
  ['d', 'i32'],
  ['text', 'string'],
]);

const count = Number(process.argv[2] ?? 1_000_000);
const batches = Number(process.argv[3] ?? 7);
const text = 'sixteen chars ab';

function emptyLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) empty();
}
function oneLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) one(i);
}
function fourLoop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) four(i, i + 1, i + 2, i + 3, text);
}

if (!one.enabled) {
  // The loop alone costs about as much as the disabled call in it; both together are the honest figure.
  console.log(JSON.stringify({ disabledNs: nsPerIteration(oneLoop, count * 10, batches) }));
} else {
  const emptyNs = nsPerIteration(emptyLoop, count, batches);
  const oneNs = nsPerIteration(oneLoop, count, batches);
  const fourNs = nsPerIteration(fourLoop, count, batches);
  const collectionsPer10M = await countCollections(() => {
    for (let part = 0; part < 10; part += 1) fourLoop(1_000_000);
  });
  console.log(JSON.stringify({ emptyNs, oneNs, fourNs, collectionsPer10M }));
}
