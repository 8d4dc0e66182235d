// What goes wrong around `spoor record`: one line with a hint, the right exit status, and what was good is kept.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, describeNeeding, root } from './support/needs.ts';
import { RecordingPlace, linesOf, program, readByPeer, summaryOf, until } from './support/recording.ts';
import { spoorProgram } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';
import { tracerUrl } from './support/traced.ts';

describe('spoor record refuses with one line', () => {
  test('a command that is not there', () => {
    using place = new RecordingPlace();
    const done = place.record(['--', 'no-such-command-anywhere']);
    expect(done.status).toBe(127);
    expect(linesOf(done.stderr)).toEqual([
      expect.stringMatching(/command not found: no-such-command-anywhere \(.+\)/),
    ]);
    expect(existsSync(place.traceDir)).toBe(false);
    expect(place.sessions()).toEqual([]);
  });

  test('a command that cannot be run', () => {
    using place = new RecordingPlace();
    const script = join(place.root, 'script');
    writeFileSync(script, '#!/no/such/interpreter\n');
    for (const mode of [0o644, 0o755]) {
      chmodSync(script, mode);
      const done = place.record(['--', script]);
      expect(done.status, done.stderr).toBe(126);
      expect(linesOf(done.stderr)).toEqual([expect.stringMatching(/cannot run .*script.* \(.+\)/)]);
      expect(existsSync(place.traceDir)).toBe(false);
      expect(place.sessions()).toEqual([]);
    }
    const source = place.record(['--', program('count.mjs')]);
    expect(source.status).toBe(126);
    expect(source.stderr).toContain('spoor record -- node ');
  });

  test('an output directory that holds something, or that cannot be made', () => {
    using place = new RecordingPlace();
    mkdirSync(place.traceDir);
    writeFileSync(join(place.traceDir, 'mine'), 'precious');
    const full = place.record(['--', 'true']);
    expect(full.status).toBe(1);
    expect(linesOf(full.stderr)).toEqual([expect.stringMatching(/not empty \(.+-o\)/)]);
    expect(readdirSync(place.traceDir)).toEqual(['mine']);
    const nowhere = place.recordWithoutOutput(['-o', '/proc/no/place', '--', 'true']);
    expect(nowhere.status).toBe(1);
    expect(linesOf(nowhere.stderr)).toEqual([expect.stringMatching(/cannot write to the output directory/)]);
  });

  test('a run directory that cannot be made', () => {
    using place = new RecordingPlace();
    const done = place.record(['--', 'true'], { SPOOR_RUN_DIR: '/proc/no/place' });
    expect(done.status).toBe(1);
    expect(linesOf(done.stderr)).toEqual([expect.stringMatching(/SPOOR_RUN_DIR/)]);
    expect(existsSync(place.traceDir)).toBe(false);
  });

  test('sizes that make no sense', () => {
    using place = new RecordingPlace();
    for (const flags of [
      ['--subbuf-size', '3k'],
      ['--num-subbuf', '1'],
    ]) {
      expect(place.record([...flags, '--', 'true']).status).toBe(2);
    }
  });
});

describe('spoor record that may open few files itself', () => {
  const record = (limit: number, place: RecordingPlace): SpawnSyncReturns<string> => {
    const words = ['record', '--no-auto', '-o', place.traceDir, '--', 'node', program('count.mjs'), '1000'];
    return spawnSync(
      'sh',
      ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, spoorProgram, ...words],
      { encoding: 'utf8', timeout: 120_000, env: { ...process.env, SPOOR_RUN_DIR: place.folder('run') } },
    );
  };

  test('records as ever, for it reads one of its modules after the other', () => {
    using place = new RecordingPlace();
    const done = record(60, place);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 1000, lostCount: 0 });
    linesOf(done.stderr);
  });

  test('names the cause where that is too little, and no package that is missing', () => {
    using place = new RecordingPlace();
    const done = record(20, place);
    expect(done.status).toBe(1);
    expect(linesOf(done.stderr)).toEqual([
      'spoor: too many open files: the limit of 20 is too low (raise it in the shell or service that starts spoor: ulimit -n 1024, LimitNOFILE=1024)',
    ]);
  });
});

describeNeeding([command('babeltrace2')], 'spoor record keeps what was good', () => {
  test('when the program is killed: every event that it emitted is there', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('kill-self.mjs'), '123457']);
    expect(done.status, done.stderr).toBe(137);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 123_457, lostCount: 0 });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 123_457, stderr: '' });
  });

  test('when the consumer is killed again and again during a recording: nothing is lost or repeated', async () => {
    using place = new RecordingPlace();
    const folder = place.folder('turns');
    // All of it fits into the ring, so that no loss is to be blamed on a slow machine.
    const portions = ['60000', '60000', '60000', '60000', '60000'];
    const sizes = ['--subbuf-size', '256k', '--num-subbuf', '32'];
    const command = ['node', program('in-portions.mjs'), folder, ...portions];
    const run = place.start([...sizes, '--no-auto', '--', ...command]);
    const killed = new Set<number>();
    for (const turn of portions.keys()) {
      writeFileSync(join(folder, `go-${turn}`), '');
      if (turn + 1 === portions.length) break;
      let consumer: number | undefined;
      await until(() => {
        consumer = run.consumerPid(place.sessions());
        return consumer !== undefined && !killed.has(consumer);
      });
      // Some die while events come, some between two portions.
      if (turn % 2 === 0) await until(() => existsSync(join(folder, `done-${turn}`)));
      killed.add(consumer!);
      process.kill(consumer!, 'SIGKILL');
    }
    const done = await run.ended;
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 300_000, lostCount: 0 });
    expect(done.stderr).toContain('the consumer died (SIGKILL) and was replaced');
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 300_000, stderr: '' });
  });

  test('when command and consumer are killed: the next recording completes the trace and frees the memory', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--', 'node', program('forever.mjs')]);
    await run.said('running');
    const consumer = run.consumerPid(place.sessions())!;
    process.kill(run.pid, 'SIGSTOP');
    process.kill(consumer, 'SIGKILL');
    await new Promise((next) => setTimeout(next, 200));
    process.kill(run.pid, 'SIGKILL');
    run.signalGroup('SIGKILL');
    await run.ended;
    expect(place.sessions()).toHaveLength(1);
    // What belongs to a live recorder, or to one of another PID namespace, is left alone.
    const foreign = join(place.runDir, '1-4000000-1');
    mkdirSync(foreign);
    const next = join(place.root, 'next');
    const done = place.recordWithoutOutput(['-o', next, '--no-auto', '--', 'node', '-e', '']);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/broken off is completed: [1-9]\d* events/);
    expect(place.sessions()).toEqual([foreign]);
    const { eventCount, stderr } = readByPeer(place.traceDir);
    expect(stderr).toBe('');
    expect(eventCount).toBeGreaterThan(20);
  });

  test('when all were killed and the next recording is given the same directory: it completes the trace, and is refused', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--overwrite', '--', 'node', program('forever.mjs')]);
    await run.said('running');
    const consumer = run.consumerPid(place.sessions())!;
    // A flight recorder's trace is written at its end: until then there are but empty folders in its directory.
    await until(() => existsSync(join(place.traceDir, 'ust')));
    process.kill(run.pid, 'SIGSTOP');
    process.kill(consumer, 'SIGKILL');
    run.signalGroup('SIGKILL');
    await run.ended;
    const again = place.record(['--no-auto', '--overwrite', '--', 'node', '-e', '']);
    expect(again.status).toBe(1);
    expect(again.stderr).toMatch(/note: a recording that was broken off is completed: [1-9]\d* events/);
    expect(again.stderr).toMatch(/trace of a recording that was broken off \(that trace is complete now/);
    expect(place.sessions()).toEqual([]);
    const { eventCount, stderr } = readByPeer(place.traceDir);
    expect(stderr).toBe('');
    expect(eventCount).toBeGreaterThan(20);
  });

  test('when koffi is not there: recorded by copying, and the summary says so', () => {
    using place = new RecordingPlace();
    const args = ['--no-auto', '--', 'node', program('count.mjs'), '100000', '200000'];
    const done = place.record(args, { SPOOR_NO_KOFFI: '1' });
    expect(done.status, done.stderr).toBe(0);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect({ eventCount, lostCount }).toEqual({ eventCount: 100_000, lostCount: 0 });
    expect(done.stderr).toMatch(
      /^spoor: note: koffi .*: events are copied out of process memory, and a killed program loses/m,
    );
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 100_000, stderr: '' });
  });

  test('when the trace is removed meanwhile: the summary does not call it recorded', () => {
    using place = new RecordingPlace();
    const remover = `${process.execPath} ${program('count.mjs')} 20000; until ls "$TRACE_DIR"/ust/pid/*/ch0_0 >/dev/null 2>&1; do sleep 0.05; done; rm -rf "$TRACE_DIR"; true`;
    const done = place.record(['--subbuf-size', '4k', '--', 'sh', '-c', remover], {
      TRACE_DIR: place.traceDir,
    });
    expect(done.status).toBe(1);
    expect(linesOf(done.stderr)).toContainEqual(
      expect.stringMatching(/ch0_0 was removed or cut while it was recorded/),
    );
  });

  test.each([
    ['an event class', 'before(1);', 1, ''],
    ['a ring', '', 0, ''],
    ['a ring, and it is killed', '', 0, 'await sleep(1000); process.kill(process.pid, "SIGKILL");'],
  ])('when the program has no file descriptor left for %s: what it emits is counted as lost', (...given) => {
    const [, before, recorded, end] = given;
    using place = new RecordingPlace();
    const code = `
      import { openSync } from 'node:fs';
      import { setTimeout as sleep } from 'node:timers/promises';
      import { tracepoint } from '${tracerUrl}';
      const before = tracepoint('test:before', { n: 'u32' });
      const late = tracepoint('test:late', { n: 'u32' });
      ${before}
      try {
        for (;;) openSync('/dev/null');
      } catch (error) {
        if (error.code !== 'EMFILE') throw error;
      }
      for (let n = 0; n < 1000; n += 1) late(n);
      ${end}`;
    const file = join(place.root, 'program.mjs');
    writeFileSync(file, code);
    const done = place.record(['--no-auto', '--', 'sh', '-c', `ulimit -n 100; exec node ${file}`]);
    expect(done.status, done.stderr).toBe(end === '' ? 1 : 137);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: recorded, lostCount: 1000 });
    expect(linesOf(done.stderr)).toContainEqual(
      expect.stringMatching(
        /no file descriptor is left; raise the limit of open files of the program \(ulimit -n\)$/,
      ),
    );
    expect(done.stderr).not.toContain('no event came');
  });

  test('when a file reaches the size limit: what fits is readable, the rest counts as lost', () => {
    using place = new RecordingPlace();
    const record = [process.execPath, spoorProgram, 'record', '-o', place.traceDir, '--no-auto', '--'];
    // Rings in /dev/shm are files, too: the program gets its own limit back. What its ring holds (4 MiB) is more than
    // the trace may, so that the limit is reached however late the consumer runs. In bash the unit is 1 KiB.
    const counting = `ulimit -Sf unlimited; exec node "${program('count.mjs')}" 1000000`;
    const words = [...record, 'bash', '-c', counting].map((word) => `'${word}'`).join(' ');
    const done = spawnSync('bash', ['-c', `ulimit -Sf 2000; exec ${words}`], {
      encoding: 'utf8',
      env: place.environment,
      timeout: 60_000,
    });
    expect(done.status, done.stderr).toBe(1);
    expect(done.stderr).toMatch(/the file size limit is reached/);
    const { eventCount, lostCount } = summaryOf(done.stderr);
    expect(eventCount + lostCount).toBe(1_000_000);
    expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
    expect(eventCount).toBeGreaterThan(60_000);
  });
});

describeNeeding([root()], 'a program that gives up the rights of root', () => {
  test('is said to be recorded in part while it runs, once, and what is recorded is there', async () => {
    using place = new RecordingPlace();
    const source = join(place.root, 'gives-up.mjs');
    writeFileSync(
      source,
      `import { tracepoint } from ${JSON.stringify(tracerUrl)};
       const before = tracepoint('shop:before', { number: 'u32' });
       before(1);
       process.setegid(65534);
       process.seteuid(65534);
       tracepoint('shop:after', { number: 'u32' })(2);
       before(3);
       process.on('SIGTERM', () => process.exit(0));
       setInterval(() => {}, 1000);`,
    );
    const recording = place.start(['--no-auto', '--', 'node', source]);
    await recording.warned(
      'has become user 65534: threads that it starts since, and events that come for the first',
    );
    process.kill(recording.pid, 'SIGTERM');
    const done = await recording.ended;
    expect(done.status, done.stderr).toBe(0);
    expect(done.stderr.match(/has become user/g)).toHaveLength(1);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 2, lostCount: 0 });
  });
});

test('a folder that others may write to is not taken for shared memory', () => {
  if (process.getuid?.() !== 0) return;
  using place = new RecordingPlace();
  const stolen = mkdtempSync('/dev/shm/spoor-stolen-');
  try {
    spawnSync('chown', ['12345', stolen]);
    const done = place.record(['--', 'true'], { SPOOR_RUN_DIR: stolen });
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/not your own/);
  } finally {
    removeTree(stolen);
  }
});

test('a folder of all users is not made its own, by whoever owns it', () => {
  using place = new RecordingPlace();
  const shared = mkdtempSync('/dev/shm/spoor-shared-');
  try {
    chmodSync(shared, 0o1777);
    writeFileSync(join(shared, 'of-somebody'), '');
    for (const path of [shared, '/dev/shm']) {
      const { mode } = statSync(path);
      const done = place.record(['--', 'true'], { SPOOR_RUN_DIR: path });
      expect(done.status).toBe(1);
      expect(done.stderr).toMatch(/is (for all users|not your own)/);
      expect(statSync(path).mode).toBe(mode);
    }
    expect(readdirSync(shared)).toEqual(['of-somebody']);
  } finally {
    removeTree(shared);
  }
});

test('two recorders at the same time do not touch each other', async () => {
  using place = new RecordingPlace();
  const first = place.start(['--no-auto', '--', 'node', program('forever.mjs')]);
  await first.said('running');
  const other = join(place.root, 'other');
  const done = place.recordWithoutOutput([
    '-o',
    other,
    '--no-auto',
    '--',
    'node',
    program('count.mjs'),
    '1000',
  ]);
  expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 1000, lostCount: 0 });
  expect(place.sessions()).toHaveLength(1);
  first.signalGroup('SIGINT');
  expect(summaryOf((await first.ended).stderr)).toMatchObject({ processCount: 1, lostCount: 0 });
  await until(() => place.sessions().length === 0);
});
