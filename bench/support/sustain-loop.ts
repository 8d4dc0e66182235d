// The Spoor side of bench/sustain.ts: as ust-emit/sustain.c.
//   node sustain-loop.js SECONDS RATE
import { tracepoint } from '@spoor/tracer';

const four = tracepoint('emit:four', [
  ['a', 'i32'],
  ['b', 'i32'],
  ['c', 'i32'],
  ['d', 'i32'],
  ['text', 'string'],
]);
const seconds = Number(process.argv[2] ?? 1);
const rate = Number(process.argv[3] ?? 0);
const text = 'sixteen chars ab';
const never = new Int32Array(new SharedArrayBuffer(4));

/** Emits the events from `from` to `to`. */
function emit(from: number, to: number): void {
  for (let i = from; i < to; i += 1) four(i, i + 1, i + 2, i + 3, text);
}

const beganMs = performance.now();
let passedS = 0;
let count = 0;
while (passedS < seconds) {
  const due = rate > 0 ? Math.floor(passedS * rate) : count + 1024;
  if (due > count) emit(count, due);
  count = Math.max(count, due);
  if (rate > 0) Atomics.wait(never, 0, 0, 1);
  passedS = (performance.now() - beganMs) / 1000;
}
console.log(JSON.stringify({ events: count, seconds: passedS }));
