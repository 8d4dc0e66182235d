// What a program does that a session is to meet, where something goes wrong or begins twice: processes over the built module.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root: string;
beforeEach(() => {
  // Nobody else may write to the folder above a hub.
  root = mkdtempSync('/dev/shm/spoor-follow-');
  mkdirSync(join(root, 'hub', 'sessions'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs a program that follows the hub, has `begin`, and is met by a session; answers what it printed. */
function follow(begin: string): string {
  const built = pathToFileURL(join(import.meta.dirname, '..', 'dist', 'follow-hub.js')).href;
  const hub = join(root, 'hub');
  const code = `
    import { mkdirSync, writeFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { followHubs } from ${JSON.stringify(built)};
    let calls = 0;
    followHubs([${JSON.stringify(hub)}], (isRunning) => { calls += 1; ${begin} }, false);
    setTimeout(() => {
      mkdirSync(${JSON.stringify(join(hub, 'sessions', '1'))});
      writeFileSync(${JSON.stringify(join(hub, 'hub.json'))}, '{}');
    }, 10);
    const timer = setInterval(() => {
      if (calls === 0) return;
      clearInterval(timer);
      setTimeout(() => console.log(calls), 500);
    }, 10);`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  expect([done.status, done.stderr]).toEqual([0, '']);
  return done.stdout.trim();
}

test('what begins is not begun again by the worker that it makes', () => {
  expect(follow("new Worker('', { eval: true }); return true;")).toBe('1');
});

test('what cannot begin does not end the program, and is not tried again', () => {
  expect(follow("throw new Error('frozen');")).toBe('1');
});

test('a CommonJS program comes before the first timer, and one that ends at once has it behind itself', () => {
  const bundle = join(import.meta.dirname, '..', 'dist', 'register.bundle.cjs');
  const code = `
    let timers = 0;
    const { setInterval: make } = globalThis;
    globalThis.setInterval = (...args) => { timers += 1; return make(...args); };
    require(${JSON.stringify(bundle)});
    console.log(timers);
    process.on('exit', () => console.log(timers));`;
  const env = { ...process.env, NODE_OPTIONS: '', SPOOR_RUN_DIR: root };
  const done = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8', env });
  expect([done.status, done.stderr, done.stdout]).toEqual([0, '', '0\n1\n']);
});
