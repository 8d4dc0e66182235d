// A recording as `spoor record` makes it, with no hub to look at: what fails for want of descriptors is tried again all
// the same, and what fails for good is neither tried again nor told of as if it might pass.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION_VARIABLE } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { describeNeeding, root } from '../support/needs.ts';
import { registerPath } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';

/** What the programs of these tests begin with: `.cjs`, so that it is there before the tracer is. */
const held = `
  const fs = require('node:fs');
  const { closeSync, openSync, readFileSync } = fs;
  const held = [];
  globalThis.takeAll = () => {
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
  };
  globalThis.giveAll = () => held.splice(0).forEach((fd) => closeSync(fd));
  /** Takes all descriptors when the tracer's own files are read: before the first, between them, or when all have been. */
  globalThis.takeAllAround = (when) => {
    const file = (when === 'after' ? 'first-event' : 'start-thread') + '.bundle.cjs';
    fs.readFileSync = (path, ...rest) => {
      if (!String(path).endsWith(file)) return readFileSync(path, ...rest);
      fs.readFileSync = readFileSync;
      if (when === 'before') takeAll();
      const text = readFileSync(path, ...rest);
      if (when !== 'before') takeAll();
      return text;
    };
    // The tracer begins to wait.
    const { setInterval } = globalThis;
    globalThis.setInterval = (...args) => {
      globalThis.setInterval = setInterval;
      giveAll();
      return setInterval(...args);
    };
  };
`;

const beginning = `
  import { readFileSync, readdirSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { counter, tracepoint } from '${tracerUrl}';
  const session = process.env.${SESSION_VARIABLE};
  const tick = tracepoint('test:tick', { n: 'u32' });
  const status = () => {
    const [own] = readdirSync(session).filter((name) => /^\\d+-\\d+$/.test(name));
    const folder = session + '/' + own + '/status/';
    const files = readdirSync(folder).filter((name) => !name.endsWith('.link.json'));
    return files.map((file) => JSON.parse(readFileSync(folder + file, 'utf8')))[0];
  };
  const until = async (isSo) => { while (!isSo()) await sleep(5); };
`;

/** Runs a module that begins so, recorded, with few descriptors; what it printed. @param early runs before the tracer. */
function run(text: string, early = ''): string {
  using place = new TracedRun();
  writeFileSync(join(place.path, 'held.cjs'), held + early);
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, beginning + text);
  const before = ['--require', join(place.path, 'held.cjs'), '--require', registerPath];
  const done = spawnSync('sh', ['-c', 'ulimit -n 200; exec "$@"', 'sh', process.execPath, ...before, file], {
    env: { ...process.env, [SESSION_VARIABLE]: place.path },
    encoding: 'utf8',
    timeout: 110_000,
  });
  expect(done).toMatchObject({ status: 0, signal: null, stderr: '' });
  return done.stdout;
}

test('a ring that could not be made is made once it can be, and the thread says what was', () => {
  const stdout = run(
    `
    takeAll();
    tick(1);
    giveAll();
    await until(() => { tick(2); return status().state === 'recording'; });
    console.log(status().reasons.join('|'));`,
  );
  expect(stdout).toMatch(
    /^for a while channel ch0 records nothing: no file descriptor is left; raise the limit [^|]*\n$/,
  );
});

test.each(['before', 'amid', 'after'])(
  'a thread that has no descriptor %s the tracer is loaded joins once it has one',
  (when) => {
    const stdout = run(
      `
    await until(() => tick.enabled);
    tick(1);
    console.log(status().state, status().reasons.join('|'));`,
      `takeAllAround('${when}');`,
    );
    expect(stdout).toMatch(when === 'after' ? /^recording a thread joined late [^|]*\n$/ : /^recording \n$/);
  },
);

test('what a worker mapped goes some seconds after it, though no thread maps anything any more', () => {
  const stdout = run(`
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const mapped = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes(session)).length;
    tick(1);
    counter('test:count').add();
    const before = mapped();
    // Some of them unmap what others left; what is left of the last ones nobody but the main thread does.
    for (let n = 0; n < 4; n += 1) {
      const worker = new Worker(\`import('${tracerUrl}').then(({ tracepoint }) => tracepoint('test:tock', { n: 'u32' })(1))\`, { eval: true });
      await once(worker, 'exit');
    }
    await until(() => mapped() <= before);
    console.log('gone');`);
  expect(stdout).toBe('gone\n');
}, 120_000);

describeNeeding([root()], 'what fails for good', () => {
  test('is said once, as it is, and not tried again', () => {
    const stdout = run(
      `
    import { chmodSync } from 'node:fs';
    const [own] = readdirSync(session).filter((name) => /^\\d+-\\d+$/.test(name));
    const statuses = readdirSync(session + '/' + own + '/status').map((name) => own + '/status/' + name);
    for (const path of ['.', own, own + '/status', ...statuses]) chmodSync(session + '/' + path, 0o777);
    process.seteuid(65534);
    tick(1);
    const said = () => console.log(status().state, status().reasons.join('|'));
    said();
    process.seteuid(0);
    for (const folder of ['events', 'rings']) chmodSync(session + '/' + own + '/' + folder, 0o777);
    process.seteuid(65534);
    await sleep(1500);
    tick(2);
    said();`,
    );
    const [first = '', second] = stdout.trimEnd().split('\n');
    expect(first).toMatch(/^off channel ch0 records nothing: EACCES: permission denied, [^|]*$/);
    expect(second).toBe(first);
  });
});
