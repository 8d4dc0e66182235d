// A worker that a program starts right after the first session that it ever sees.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE, RUN_VERSION } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { describeSession, registerPath } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';

// Nothing turns the main thread's event loop between the session's begin and the worker's answer.
const program = `
  import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
  import { Worker } from 'node:worker_threads';
  // Who follows hubs listens for workers from the first turn of the event loop on.
  await new Promise((resolve) => setTimeout(() => setImmediate(resolve), 1));
  const [hub, session] = process.argv.slice(2);
  mkdirSync(hub + '/sessions/first');
  writeFileSync(hub + '/sessions/first/session.json', session);
  writeFileSync(hub + '/draft', JSON.stringify({ version: ${RUN_VERSION}, watchMs: 200 }));
  renameSync(hub + '/draft', hub + '/${HUB_FILE}');
  const answer = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`
    import { workerData } from 'node:worker_threads';
    import { tracepoint } from '${tracerUrl}';
    const { enabled } = tracepoint('test:first', { n: 'u32' });
    Atomics.store(workerData, 0, enabled ? 1 : 2);
    Atomics.notify(workerData, 0);
  \`)), { workerData: answer });
  Atomics.store(answer, 1, 1);
  Atomics.notify(answer, 1);
  Atomics.wait(answer, 0, 0);
  console.log(answer[0] === 1 ? 'recorded from its first moment' : 'not recorded yet');
`;

// Before the tracer in both threads: the worker begins when the main thread says so, which may be while it loads the tracer.
const preload = `
  const vm = require('node:vm');
  const { isMainThread, workerData } = require('node:worker_threads');
  if (!isMainThread) Atomics.wait(workerData, 1, 0);
  vm.Script = class extends vm.Script {
    constructor(...args) {
      globalThis.whileLoading?.();
      super(...args);
    }
  };`;

/** What a program prints that is told its hub, and a session's description. */
function run(text: string, ...registerArgs: string[]) {
  using place = new TracedRun();
  const hub = join(place.path, 'spoor', 'hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true, mode: 0o700 });
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, text);
  const first = join(place.path, 'first.cjs');
  writeFileSync(first, preload);
  const { SPOOR_SESSION: _, SPOOR_RUN_DIR: _r, ...environment } = process.env;
  const session = JSON.stringify(describeSession('/nowhere'));
  return spawnSync(process.execPath, ['--require', first, ...registerArgs, file, hub, session], {
    env: { ...environment, LTTNG_RUNDIR: place.path },
    encoding: 'utf8',
    timeout: 110_000,
  });
}

const recorded = { status: 0, stderr: '', stdout: 'recorded from its first moment\n' };

test.each(['--require', '--import'])('is recorded from its first moment (%s)', (option) => {
  const register = option === '--require' ? registerPath : registerPath.replace('.bundle.cjs', '.js');
  expect(run(program, option, register)).toMatchObject(recorded);
});

test('is recorded from its first moment while the main thread still loads what records', () => {
  const loading = `
    globalThis.whileLoading = () => {
      Atomics.store(answer, 1, 1);
      Atomics.notify(answer, 1);
      Atomics.wait(answer, 0, 0, 60_000);
    };
    const worker =`;
  const text = program.replace('const worker =', () => loading);
  expect(run(text, '--require', registerPath)).toMatchObject(recorded);
});
