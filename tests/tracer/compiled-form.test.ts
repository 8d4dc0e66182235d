// The compiled form of the tracer, which a traced program leaves for those after it: written whole, taken where it is
// safe, and never in the way of the program.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeSession, registerPath } from '../support/session.ts';
import { removeTree } from '../support/removal.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spoor-compiled-'));
  mkdirSync(join(root, 'session'));
  const session = describeSession('/nowhere', { auto: true });
  writeFileSync(join(root, 'session', SESSION_FILE), JSON.stringify(session));
});
afterEach(() => removeTree(root));

/** Runs a traced program; answers the state of its thread. */
function run(...flags: string[]): string {
  const done = spawnSync(
    process.execPath,
    [...flags, '--require', registerPath, '-e', 'console.log("ran")'],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', [SESSION_VARIABLE]: join(root, 'session') },
    },
  );
  expect([done.status, done.stdout, done.stderr]).toEqual([0, 'ran\n', '']);
  const session = join(root, 'session');
  const states = readdirSync(session)
    .filter((name) => /^\d+-\d+$/.test(name))
    .flatMap((name) => {
      const status = join(session, name, 'status');
      const [file = ''] = readdirSync(status);
      const { state } = JSON.parse(readFileSync(join(status, file), 'utf8')) as { readonly state: string };
      rmSync(join(session, name), { recursive: true });
      return state;
    });
  return states.join();
}

const kept = (): string[] => readdirSync(root).filter((name) => name !== 'session');

test('is written by the first program and taken by the next', () => {
  expect(run()).toBe('recording');
  const [name = '', second = '', ...more] = kept().sort();
  expect([second, ...more]).toEqual([`${name}.second`]);
  expect(name).toMatch(/^tracer-v\d+\.\d+\.\d+-\w+-\d+-\d+-[\d.]+\.v8$/);
  expect(statSync(join(root, name)).mode & 0o777).toBe(0o600);
  const before = statSync(join(root, name)).mtimeMs;
  expect(run()).toBe('recording');
  expect(kept().sort()).toEqual([name, second]);
  expect(statSync(join(root, name)).mtimeMs).toBe(before);
});

test('of what events take is none without an event: it is not loaded', () => {
  writeFileSync(join(root, 'session', SESSION_FILE), JSON.stringify(describeSession('/nowhere', {})));
  expect(run()).toBe('attached');
  expect(kept()).toEqual([expect.stringMatching(/\.v8$/)]);
});

test('of other flags, cut or empty, is no hindrance', () => {
  run();
  const paths = kept().map((name) => join(root, name));
  expect(paths).toHaveLength(2);
  expect(run('--no-opt')).toBe('recording');
  for (const path of paths) truncateSync(path, statSync(path).size / 2);
  expect(run()).toBe('recording');
  for (const path of paths) truncateSync(path, 0);
  expect(run()).toBe('recording');
});

test('is neither written nor taken where others may write', () => {
  chmodSync(root, 0o777);
  expect(run()).toBe('recording');
  expect(kept()).toEqual([]);
  chmodSync(root, 0o700);
  run();
  // Were this taken, V8 would refuse it; what shows that it was not is that it is still there with its own bytes.
  const paths = kept().map((name) => join(root, name));
  expect(paths).toHaveLength(2);
  for (const path of paths) writeFileSync(path, 'not code');
  chmodSync(root, 0o777);
  expect(run()).toBe('recording');
  for (const path of paths) expect(readFileSync(path, 'utf8')).toBe('not code');
});

test('is written at once by a program that a session meets while it runs', async () => {
  // The program never comes to what else would write it: its end, or a timer of five seconds.
  const noTimers = join(root, 'no-timers.cjs');
  writeFileSync(
    noTimers,
    `const own = setTimeout;
     globalThis.setTimeout = (call, ms, ...more) => own(call, ms >= 5000 ? 2 ** 30 : ms, ...more);`,
  );
  const runDir = join(root, 'run');
  const hub = join(runDir, 'spoor/hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true, mode: 0o700 });
  const { SPOOR_SESSION: _session, ...environment } = process.env;
  const program = spawn(
    process.execPath,
    [
      '--require',
      noTimers,
      '--require',
      registerPath,
      '-e',
      'console.log("runs"); setInterval(() => {}, 1000)',
    ],
    { env: { ...environment, NODE_OPTIONS: '', LTTNG_RUNDIR: runDir }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(program, 'close');
  try {
    await once(program.stdout, 'data');
    mkdirSync(join(hub, 'sessions/s'), { mode: 0o700 });
    const description = describeSession('/nowhere', { auto: false });
    writeFileSync(join(hub, 'sessions/s', SESSION_FILE), JSON.stringify(description));
    writeFileSync(join(hub, 'hub.json'), JSON.stringify({ version: 2, watchMs: 200 }));
    const written = (): string[] =>
      readdirSync(join(runDir, 'spoor')).filter((name) => /\.v8(?:\.second)?$/.test(name));
    for (const began = Date.now(); written().length < 2;) {
      expect(Date.now() - began).toBeLessThan(60_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(readdirSync(join(runDir, 'spoor')).filter((name) => name.includes('.first'))).toEqual([]);
  } finally {
    program.kill('SIGKILL');
    await ended;
  }
});

/** Has programs that run meet a session, and waits until all have joined it and one compiled form of each bundle is left. */
async function meet(count: number, prepare: (draft: string) => void): Promise<void> {
  const runDir = join(root, 'run');
  const hub = join(runDir, 'spoor/hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true, mode: 0o700 });
  const { SPOOR_SESSION: _session, ...environment } = process.env;
  const programs = Array.from({ length: count }, () =>
    spawn(
      process.execPath,
      ['--require', registerPath, '-e', 'console.log("runs"); setInterval(() => {}, 1000)'],
      {
        env: { ...environment, NODE_OPTIONS: '', LTTNG_RUNDIR: runDir },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    ),
  );
  const ended = programs.map((program) => once(program, 'close'));
  try {
    await Promise.all(programs.map((program) => once(program.stdout, 'data')));
    const bundle = statSync(registerPath.replace('register.', 'start-thread.'));
    const name = `tracer-${process.version}-${process.arch}-${bundle.ino}-${bundle.size}-${bundle.mtimeMs}.v8`;
    prepare(join(runDir, 'spoor', `${name}.first`));
    const session = join(hub, 'sessions/s');
    mkdirSync(session, { mode: 0o700 });
    writeFileSync(join(session, SESSION_FILE), JSON.stringify(describeSession('/nowhere', { auto: false })));
    writeFileSync(join(hub, 'hub.json'), JSON.stringify({ version: 2, watchMs: 200 }));
    const joined = (): number => readdirSync(session).filter((found) => /^\d+-\d+$/.test(found)).length;
    const left = (): string[] =>
      readdirSync(join(runDir, 'spoor')).filter((found) => found.startsWith('tracer-'));
    const names = [name, `${name}.second`];
    for (const began = Date.now(); joined() < count || !left().every((found) => names.includes(found));) {
      expect(Date.now() - began).toBeLessThan(60_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(left().toSorted()).toEqual(names);
  } finally {
    for (const program of programs) program.kill('SIGKILL');
    await Promise.all(ended);
  }
}

test('of many programs that a session meets one compiles, the others wait for it', async () => {
  await meet(4, () => undefined);
});

test('who compiles for all and is killed keeps nobody from being recorded', async () => {
  await meet(2, (draft) => {
    writeFileSync(draft, '');
    utimesSync(draft, 1, 1);
  });
});
