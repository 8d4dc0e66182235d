// leave-behind.mjs: starts a child that lives on, waits until it has emitted 1,000 events, and ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tracepoint } from '@spoor/tracer';

const number = tracepoint('t:number', { value: 'u32' });

if (process.argv[2] === 'child') {
  let value = 0;
  for (; value < 1000; value += 1) number(value);
  process.send('ready', () => process.disconnect());
  setInterval(() => {
    for (let round = 0; round < 1000; round += 1) number(value++);
  }, 1);
} else {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
  const child = spawn(process.execPath, [process.argv[1], 'child'], { stdio, detached: true });
  await once(child, 'message');
  console.log(`child ${child.pid}`);
  child.unref();
}
