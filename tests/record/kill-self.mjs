// kill-self.mjs N: emits N events and is killed by SIGKILL right after the last one.
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });
for (let value = 0; value < Number(process.argv[2]); value += 1) number(value);
process.kill(process.pid, 'SIGKILL');
