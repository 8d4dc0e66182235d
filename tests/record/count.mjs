// count.mjs N [RATE]: emits N events `t:number` with the values 0 to N - 1, all at once or RATE a second.
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32', text: 'string' });
const total = Number(process.argv[2]);
const rate = Number(process.argv[3] ?? Infinity);
const began = performance.now();
let value = 0;

function tick() {
  // After a stall of the machine the rest comes in portions, so that the pace is never a burst.
  const inTime = ((performance.now() - began) / 1000) * rate;
  const due = rate === Infinity ? total : Math.min(total, inTime, value + 5000);
  for (; value < due; value += 1) number(value, 'twelve chars');
  if (value < total) setTimeout(tick, 1);
  else console.log(`emitted ${value}`);
}

tick();
