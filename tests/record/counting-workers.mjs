// counting-workers.mjs N: N workers, each counts and emits once and ends. Then it waits until no file of theirs takes
// shared memory any more, but for one sum of what they counted, and says how many files of rings are not empty.
import { counter, tracepoint } from '@spoor/tracer';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Worker, isMainThread } from 'node:worker_threads';

if (isMainThread) {
  for (let turn = 0; turn < Number(process.argv[2]); turn += 1) {
    await once(new Worker(new URL(import.meta.url)), 'exit');
  }
  const session = process.env.SPOOR_SESSION;
  const own = join(
    session,
    readdirSync(session).find((name) => name.startsWith(`${process.pid}-`)),
  );
  const files = (folder) => readdirSync(join(own, folder)).map((name) => join(own, folder, name));
  const full = () => files('rings').filter((path) => statSync(path).size > 0).length;
  while (files('status').length > 1 || files('counters').length > 1 || full() > 0) await setTimeout(20);
  console.log('free');
} else {
  tracepoint('t:number', { value: 'u32' })(1);
  counter('t:count').add(2);
}
