// The Spoor side of bench/functions.ts: prints the median ns of processor time per call of a function that does next to
// nothing, as one JSON object. This module is the one that is rewritten; not rewritten, it measures the loop alone.
//   node function-loop.js COUNT BATCHES
import { countCollections, nsPerIteration } from '../harness.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const batches = Number(process.argv[3] ?? 7);

let sum = 0;

function add(a: number, b: number): number {
  return (a + b) | 0;
}
function loop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) sum = add(sum, i);
}

const pairNs = nsPerIteration(loop, count, batches);
const collectionsPer1M = ((await countCollections(() => loop(count))) / count) * 1e6;
console.log(JSON.stringify({ pairNs, collectionsPer1M }));
