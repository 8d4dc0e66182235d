// sudden-death.mjs COUNT: emits COUNT events and kills itself with SIGKILL in the same turn of the event loop.
import { tracepoint } from '@spoor/tracer';

const count = Number(process.argv[2]);
const step = tracepoint('death:step', { number: 'u32', text: 'string' });
for (let i = 0; i < count; i++) step(i, `step number ${i}`);
process.kill(process.pid, 'SIGKILL');
