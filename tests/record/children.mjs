// children.mjs N: N short-lived children, four at a time; each emits 100 events.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });

if (process.argv[2] === 'child') {
  for (let value = 0; value < 100; value += 1) number(value);
} else {
  let started = 0;
  const lane = async () => {
    while (started < Number(process.argv[2])) {
      started += 1;
      await once(spawn(process.execPath, [process.argv[1], 'child'], { stdio: 'inherit' }), 'exit');
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
}
