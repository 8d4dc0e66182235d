// forever.mjs [HOW]: emits an event each millisecond and says `running` at the fiftieth. On SIGINT and SIGTERM it ends with status 3,
// or, with HOW `deaf`, ignores them.
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });
let value = 0;
setInterval(() => {
  number(value++);
  if (value === 50) console.log(`running ${process.pid}`);
}, 1);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    console.log(`got ${signal}`);
    if (process.argv[2] !== 'deaf') process.exit(3);
  });
}
