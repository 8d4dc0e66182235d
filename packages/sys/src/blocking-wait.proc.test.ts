// A thread that waits for a named pipe, which is as a ring of the kernel is: there to be read at some time, or never.
import { readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { BlockingWait } from './blocking-wait.ts';
import { EventBell } from './event-bell.ts';
import { NamedPipe } from './testing/named-pipe.ts';

const pipe = new NamedPipe();
const { descriptor } = pipe;
afterAll(() => pipe[Symbol.dispose]());

test('says what ended the wait', () => {
  using bell = new EventBell();
  const wait = new BlockingWait([descriptor], bell.descriptor);
  const beganMs = performance.now();
  expect(wait.wait(20, false)).toBe('over');
  expect(performance.now() - beganMs).toBeGreaterThan(15);
  writeSync(descriptor, 'x');
  // It is there until it is read, for who asks for it.
  expect(wait.wait(60_000, false)).toBe('readable');
  expect(wait.wait(60_000, false)).toBe('readable');
  expect(wait.wait(1, true)).toBe('over');
  bell.ring();
  bell.ring();
  expect(wait.wait(60_000, true)).toBe('rung');
  expect(wait.wait(1, true)).toBe('over');
  bell.ring();
  expect(wait.wait(60_000, false)).toBe('rung');
  readSync(descriptor, Buffer.alloc(1));
  expect(wait.wait(1, false)).toBe('over');
});

test('a bell of another thread ends it, and so the thread can be ended', async () => {
  const sysUrl = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'index.js')).href;
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { BlockingWait } = await import(${JSON.stringify(sysUrl)});
    const wait = new BlockingWait([], workerData);
    parentPort.postMessage('ready');
    for (;;) parentPort.postMessage(wait.wait(600_000, false));`;
  for (let round = 0; round < 10; round += 1) {
    using bell = new EventBell();
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: bell.descriptor,
      // Not as the tests are run: it is the built package.
      execArgv: [],
    });
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', (message: string) => {
        said.push(message);
        if (said.length === 1) bell.ring();
        else resolve();
      });
    });
    expect(said).toEqual(['ready', 'rung']);
    // It waits again by now, or is about to.
    const ended = worker.terminate();
    bell.ring();
    expect(await ended).toBe(1);
  }
});
