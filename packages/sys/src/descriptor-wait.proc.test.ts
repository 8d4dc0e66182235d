// Waiting for a named pipe, which is as a ring of the kernel is: there to be read at some time, or never.
import { spawnSync } from 'node:child_process';
import { readSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { DescriptorWait } from './descriptor-wait.ts';
import { NamedPipe } from './testing/named-pipe.ts';

const pipe = new NamedPipe();
const { descriptor } = pipe;
afterAll(() => pipe[Symbol.dispose]());

const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('waits until there is something, the time is over, or nobody wants to know', async () => {
  const filesBefore = openFiles();
  const ready = new DescriptorWait([descriptor]);
  let isOver = false;
  const over = ready.wait().then(() => (isOver = true));
  // It waits with the first, for as long.
  const other = ready.wait(10);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isOver).toBe(false);
  writeSync(descriptor, 'x');
  await Promise.all([over, other]);
  // It is there until it is read.
  await ready.wait();
  readSync(descriptor, Buffer.alloc(1));
  const beganMs = performance.now();
  await ready.wait(30);
  expect(performance.now() - beganMs).toBeGreaterThan(25);
  const last = ready.wait();
  ready.cancel();
  await last;
  await ready.wait();
  ready[Symbol.dispose]();
  expect(openFiles()).toBe(filesBefore);
  const unused = new DescriptorWait([descriptor]);
  unused.cancel();
  expect(openFiles()).toBe(filesBefore);
});

test('a process that waits ends when it wants to', () => {
  const sysUrl = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'index.js')).href;
  const code = `
    import { openSync } from 'node:fs';
    import { DescriptorWait } from ${JSON.stringify(sysUrl)};
    void new DescriptorWait([openSync(process.argv[1], 'r+')]).wait();
    setTimeout(() => process.exit(7), 50);`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code, pipe.path], {
    timeout: 60_000,
  });
  expect([done.status, done.stderr.toString()]).toEqual([7, '']);
});
