// flood.mjs COUNT: emits COUNT events as fast as it can and prints the number.
import { tracepoint } from '@spoor/tracer';

const count = Number(process.argv[2]);
const drop = tracepoint('flood:drop', { number: 'u32', a: 'u64', b: 'u64', c: 'u64', d: 'u64' });
for (let i = 0; i < count; i++) drop(i, i, i, i, i);
console.log(count);
