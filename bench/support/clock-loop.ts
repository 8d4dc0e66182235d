// What no pair of events can cost less than: prints the median ns of processor time of two readings of the clock that are
// stored as a ring stores them, and nothing else, as one JSON object.
//   node clock-loop.js COUNT BATCHES
import { nsPerIteration } from '../harness.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const batches = Number(process.argv[3] ?? 7);
const clock = new BigUint64Array(1);
const readClock = process.hrtime.bigint;

function loop(iterations: number): void {
  for (let i = 0; i < iterations; i += 1) {
    clock[0] = readClock();
    clock[0] = readClock();
  }
}

console.log(JSON.stringify({ pairNs: nsPerIteration(loop, count, batches) }));
