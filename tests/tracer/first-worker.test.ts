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
  const answer = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(\`
    import { workerData } from 'node:worker_threads';
    import { tracepoint } from '${tracerUrl}';
    const { enabled } = tracepoint('test:first', { n: 'u32' });
    Atomics.store(workerData, 0, enabled ? 1 : 2);
    Atomics.notify(workerData, 0);
  \`)), { workerData: answer });
  Atomics.wait(answer, 0, 0);
  console.log(answer[0] === 1 ? 'recorded from its first moment' : 'not recorded yet');
`;

test.each(['--require', '--import'])('is recorded from its first moment (%s)', (option) => {
  using place = new TracedRun();
  const hub = join(place.path, 'spoor', 'hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true, mode: 0o700 });
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, program);
  const { SPOOR_SESSION: _, SPOOR_RUN_DIR: _r, ...environment } = process.env;
  const register = option === '--require' ? registerPath : registerPath.replace('.bundle.cjs', '.js');
  const session = JSON.stringify(describeSession('/nowhere'));
  const done = spawnSync(process.execPath, [option, register, file, hub, session], {
    env: { ...environment, LTTNG_RUNDIR: place.path },
    encoding: 'utf8',
    timeout: 110_000,
  });
  expect(done).toMatchObject({ status: 0, stderr: '', stdout: 'recorded from its first moment\n' });
});
