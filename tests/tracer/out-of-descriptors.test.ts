// A program that has used up its file descriptors, and lets go of them later: a session that it meets meanwhile.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HUB_FILE, RUN_VERSION, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { expect, test } from 'vitest';
import { describeSession, registerPath } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';

const beginning = `
  import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { tracepoint } from '${tracerUrl}';
  const [hub, description] = process.argv.slice(2);
  const session = hub + '/sessions/first';
  const tick = tracepoint('test:tick', { n: 'u32' });
  const held = [];
  const takeAll = () => {
    try {
      for (;;) held.push(openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
  };
  const giveAll = () => held.splice(0).forEach((fd) => closeSync(fd));
  /** Does something without the tracer having its turn meanwhile. */
  const aside = (work) => {
    giveAll();
    const result = work();
    takeAll();
    return result;
  };
  const begin = () => {
    mkdirSync(session);
    writeFileSync(session + '/session.json', description);
    writeFileSync(hub + '/draft', JSON.stringify({ version: ${RUN_VERSION}, watchMs: 10 }));
    renameSync(hub + '/draft', hub + '/${HUB_FILE}');
  };
  const status = () => {
    const [own] = readdirSync(session).filter((name) => /^\\d+-\\d+$/.test(name));
    const folder = session + '/' + own + '/status/';
    const files = readdirSync(folder).filter((name) => !name.endsWith('.link.json'));
    return files.map((file) => JSON.parse(readFileSync(folder + file, 'utf8')))[0];
  };
  const until = async (isSo) => { while (!isSo()) await sleep(5); };
`;

/** Runs a module that begins so, with few descriptors; what it printed. */
function run(text: string): string {
  using place = new TracedRun();
  const hub = join(place.path, 'hub');
  mkdirSync(join(hub, 'sessions'), { recursive: true });
  writeFileSync(join(hub, HUB_FILE), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
  const file = join(place.path, 'program.mjs');
  writeFileSync(file, beginning + text);
  const done = spawnSync(
    'sh',
    [
      '-c',
      'ulimit -n 200; exec "$@"',
      'sh',
      process.execPath,
      '--require',
      registerPath,
      file,
      hub,
      JSON.stringify(describeSession('/nowhere')),
    ],
    { env: { ...process.env, [SESSION_VARIABLE]: hub }, encoding: 'utf8', timeout: 110_000 },
  );
  expect(done).toMatchObject({ status: 0, signal: null, stderr: '' });
  return done.stdout;
}

test('it joins once it can, though it could not when the session came', () => {
  const printed = run(`
    takeAll();
    aside(begin);
    await sleep(300);
    console.log(tick.enabled);
    giveAll();
    await until(() => tick.enabled);
    tick(1);
    await until(() => status().state === 'recording');
    console.log('recording');`);
  expect(printed).toBe('false\nrecording\n');
});

test('it records once it can, though it could make no ring at its first event, and is told what to do', () => {
  const printed = run(`
    begin();
    await until(() => tick.enabled);
    takeAll();
    tick(1);
    console.log(tick.enabled);
    giveAll();
    await until(() => { tick(2); return status().state === 'recording'; });
    console.log(status().reasons.join());`);
  expect(printed).toMatch(
    /^true\nfor a while channel ch0 records nothing: no file descriptor is left; raise the limit .*\n$/,
  );
});
