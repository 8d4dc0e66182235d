// How many threads of a process call koffi.
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { Availability } from './library.ts';

const sysUrl = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'index.js')).href;

/** What a thread is told that Node.js has given this number. */
async function availabilityIn(threadNumber: number): Promise<Availability> {
  const code = `
    const threads = require('node:worker_threads');
    threads.threadId = ${threadNumber};
    import(${JSON.stringify(sysUrl)}).then(({ isAvailable }) => threads.parentPort.postMessage(isAvailable()));`;
  const [answer] = (await once(new Worker(code, { eval: true, execArgv: [] }), 'message')) as [Availability];
  return answer;
}

test('a program that starts workers without end does not fill its address space with what koffi leaves of each', async () => {
  expect(await availabilityIn(2000)).toEqual({ available: true });
  expect(await availabilityIn(2001)).toEqual({
    available: false,
    reason: expect.stringContaining('more than 2000 workers'),
  });
});
