// `spoor record` end to end: programs of all kinds, what the command's ends are, and the real babeltrace2 on the trace.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command, describeNeeding } from './support/needs.ts';
import { expectSameText } from './support/same-text.ts';
import { spoor, spoorProgram } from './support/spoor.ts';
import { tracerUrl } from './support/traced.ts';
import {
  RecordingPlace,
  exists,
  isWaiting,
  program,
  readByPeer,
  summaryOf,
  textOfPeer,
  until,
} from './support/recording.ts';

/** All bare numbers of a field, in the order of the text. */
function valuesOf(text: string, field: string): number[] {
  return [...text.matchAll(new RegExp(`\\b${field} = (\\d+)`, 'g'))].map((found) => Number(found[1]));
}

const range = (count: number) => Array.from({ length: count }, (_, at) => at);

describeNeeding([command('babeltrace2')], 'spoor record', () => {
  test('records a program; the layout is that of LTTng per process', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('count.mjs'), '1000']);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toBe('emitted 1000\n');
    const summary = { eventCount: 1000, lostCount: 0, processCount: 1, threadCount: 1 };
    expect(summaryOf(done.stderr)).toEqual(summary);
    expect(done.stderr).toContain(`the trace is in ${place.traceDir}\n`);
    const [process = '', ...others] = readdirSync(join(place.traceDir, 'ust/pid'));
    expect(others).toEqual([]);
    expect(process).toMatch(/^node-\d+-\d{8}-\d{6}$/);
    const files = readdirSync(join(place.traceDir, 'ust/pid', process), {
      recursive: true,
      encoding: 'utf8',
    });
    expect(files.sort()).toEqual(['ch0_0', 'index', 'index/ch0_0.idx', 'metadata']);
    const text = textOfPeer(place.traceDir);
    expect(valuesOf(text, 'value')).toEqual(range(1000));
    expect(text).toContain('text = "twelve chars"');
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 1000, stderr: '' });
    expect(place.sessions()).toEqual([]);
  });

  test('ends with the program, though a module that its supervisor loaded before it listens for messages', async () => {
    using place = new RecordingPlace();
    const listener = join(place.root, 'listener.cjs');
    // As PM2 does.
    writeFileSync(listener, 'process.on("message", () => {});');
    const words = [
      'record',
      '-o',
      place.traceDir,
      '--',
      'node',
      '-e',
      'process.kill(process.pid, "SIGKILL")',
    ];
    const recorder = fork(spoorProgram, words, {
      env: place.environment,
      execArgv: ['--require', listener],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const [status] = (await once(recorder, 'exit', { signal: AbortSignal.timeout(100_000) })) as [number];
    expect(status).toBe(137);
    expect(place.sessions()).toEqual([]);
  });

  test('automatic events come without a change to the program, and its options of Node.js stay', () => {
    using place = new RecordingPlace();
    const code = 'console.log("hello", v8.getHeapStatistics().heap_size_limit < 400e6)';
    const done = place.record(['--', 'node', '-e', code], { NODE_OPTIONS: '--max-old-space-size=100' });
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toBe('hello true\n');
    expect(textOfPeer(place.traceDir)).toMatch(/console:\w+: .*hello/);
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: summaryOf(done.stderr).eventCount, stderr: '' });
  });

  test('spoor DIR prints what babeltrace2 DIR prints', () => {
    using place = new RecordingPlace();
    const args = ['--', 'node', program('cluster.mjs'), '3', '2000'];
    expect(place.record(args).status).toBe(0);
    const own = spoor([place.traceDir]);
    expect(own.status, own.stderr).toBe(0);
    const theirs = textOfPeer(place.traceDir);
    expect(theirs.split('\n').length).toBeGreaterThan(6000);
    expectSameText(own.stdout, theirs, 'a cluster with automatic events');
  });

  test('the default directory is that of LTTng, with the name of the program', () => {
    using place = new RecordingPlace();
    const home = place.folder('home');
    const args = ['--no-auto', '--', 'node', '-e', ''];
    const done = place.recordWithoutOutput(args, { LTTNG_HOME: home });
    expect(done.status, done.stderr).toBe(0);
    const [name = ''] = readdirSync(join(home, 'lttng-traces'));
    expect(name).toMatch(/^node-\d{8}-\d{6}$/);
    expect(done.stderr).toContain(join(home, 'lttng-traces', name));
  });

  test('a recording without an event is a readable trace', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', '-e', '']);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 0, processCount: 1, threadCount: 0 });
    expect(textOfPeer(place.traceDir)).toBe('');
  });

  test('a filter that fits no event that came is told of, one that fits some is not', () => {
    using place = new RecordingPlace();
    const args = [
      '-f',
      'value >= 0',
      '--channel',
      'b',
      '-f',
      'total > 1',
      '--channel',
      'c',
      '-f',
      'text == 1',
    ];
    const done = place.record([...args, '--', 'node', program('count.mjs'), '3']);
    expect(done.status, done.stderr).toBe(0);
    const notes = done.stderr.split('\n').filter((line) => line.startsWith('spoor: note: '));
    expect(notes).toEqual([
      expect.stringMatching(/note: channel b: filter `total > 1` fits none .*\(.*there is no total\)$/),
      expect.stringMatching(/note: channel c: filter `text == 1` fits none of the events that came/),
    ]);
    expect(readByPeer(place.traceDir).eventCount).toBe(3);
  });

  test('a context of the program’s own that nobody registered is told of', () => {
    using place = new RecordingPlace();
    const file = join(place.folder('home'), 'registers.mjs');
    writeFileSync(
      file,
      `import { registerContext, tracepoint } from ${JSON.stringify(tracerUrl)};
      import { Worker, isMainThread } from 'node:worker_threads';
      tracepoint('test:tick', { n: 'u32' })(1);
      if (isMainThread) new Worker(new URL(import.meta.url)).on('exit', () => registerContext('shop:cart', () => 3));`,
    );
    const done = place.record(['-t', '$app.shop:cart,$app.shop:card', '--', 'node', file]);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stderr.split('\n').filter((line) => line.includes('context'))).toEqual([
      'spoor: note: channel ch0: context $app.shop:card: no program has registered it (registerContext)',
    ]);
  });

  test('a command that is no Node.js program runs, and the summary says that nothing was traced', () => {
    using place = new RecordingPlace();
    const done = place.record(['--', 'sh', '-c', 'echo plain; exit 4']);
    expect(done.status).toBe(4);
    expect(done.stdout).toBe('plain\n');
    expect(done.stderr).toContain('no Node.js process was traced');
    expect(existsSync(place.traceDir)).toBe(false);
  });

  test('the exit status is the command’s, or 128 and the number of its signal', () => {
    for (const [script, status] of [
      ['exit 0', 0],
      ['exit 42', 42],
      ['kill -TERM $$', 143],
      ['kill -KILL $$', 137],
    ] as const) {
      using place = new RecordingPlace();
      expect(place.record(['--', 'sh', '-c', script]).status, script).toBe(status);
    }
  });

  test('workers of a cluster are processes of the trace', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('cluster.mjs'), '4', '20000']);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 80_000, lostCount: 0, processCount: 5 });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 80_000, stderr: '' });
  });

  test('worker threads that come and go each have their stream, however they end', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('workers-in-turn.mjs'), '20']);
    expect(done.status, done.stderr).toBe(0);
    const summary = { eventCount: 10_000, lostCount: 0, processCount: 1, threadCount: 20 };
    expect(summaryOf(done.stderr)).toEqual(summary);
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 10_000, stderr: '' });
  });

  test('threads that ended keep no shared memory, and what they counted is in the summary', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('counting-workers.mjs'), '6']);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toBe('free\n');
    expect(done.stderr).toContain('spoor: t:count = 12\n');
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 6, threadCount: 6 });
  });

  test('threads that ended leave no mappings, however they end', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('ended-mappings.mjs'), '40']);
    expect(done.status, done.stderr).toBe(0);
    // Two each stay mapped for a while: one attempt in four looks for those of others.
    expect(Number(/^most (\d+)$/m.exec(done.stdout)?.[1])).toBeLessThan(70);
    expect(done.stderr).toContain('spoor: t:count = 40\n');
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 40, lostCount: 0, threadCount: 40 });
  });

  test('a recording inside a recording: each has the events by its own rules', () => {
    using place = new RecordingPlace();
    const inner = join(place.root, 'inner');
    const nested = ['node', spoorProgram, 'record', '--no-auto', '-o', inner, '--'];
    const done = place.record([
      '-e',
      't:number,console:*',
      '--',
      ...nested,
      'node',
      program('count.mjs'),
      '1000',
    ]);
    expect(done.status, done.stderr).toBe(0);
    // Once of the inner recording, whose count is exact, once of the outer one.
    expect(summaryOf(done.stderr.slice(0, done.stderr.indexOf(inner)))).toEqual({
      eventCount: 1000,
      lostCount: 0,
      processCount: 1,
      threadCount: 1,
    });
    expect(valuesOf(textOfPeer(inner), 'value')).toEqual(range(1000));
    const outer = textOfPeer(place.traceDir);
    expect(valuesOf(outer, 'value')).toEqual(range(1000));
    expect(outer).toMatch(/console:\w+: .*emitted 1000/);
  });

  test('a program that fakes its process number, its clocks and its timers is recorded, and lives', () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('faked-process.mjs')]);
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toBe('123456\n');
    expect(summaryOf(done.stderr)).toEqual({
      eventCount: 2002,
      lostCount: 0,
      processCount: 1,
      threadCount: 2,
    });
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 2002, stderr: '' });
  });

  test('a program behind npm run is found', () => {
    using place = new RecordingPlace();
    const folder = place.folder('package');
    const start = `node ${program('count.mjs')} 100`;
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'x', scripts: { start } }));
    const done = place.record(['--no-auto', '--', 'npm', '--prefix', folder, 'run', 'start']);
    expect(done.status, done.stderr).toBe(0);
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: 100, lostCount: 0 });
    expect(valuesOf(textOfPeer(place.traceDir), 'value')).toEqual(range(100));
  });

  test('a recorder can be recorded', () => {
    using place = new RecordingPlace();
    const inner = join(place.root, 'inner');
    const counting = ['--no-auto', '--', 'node', program('count.mjs'), '1000'];
    const done = place.record(['--', process.execPath, spoorProgram, 'record', '-o', inner, ...counting]);
    expect(done.status, done.stderr).toBe(0);
    expect(readByPeer(inner)).toEqual({ eventCount: 1000, stderr: '' });
    const outer = textOfPeer(place.traceDir);
    expect(outer.match(/t:number/g)).toHaveLength(1000);
    expect(outer).toMatch(/nodejs:/);
    expect(place.sessions()).toEqual([]);
  });

  test('threads that find no room for a ring are counted as lost', () => {
    using place = new RecordingPlace();
    const args = [
      '--no-auto',
      '--max-memory',
      '40k',
      '--',
      'node',
      program('workers-waiting.mjs'),
      '3',
      '50',
    ];
    const done = place.record(args);
    expect(done.status, done.stderr).toBe(1);
    expect(summaryOf(done.stderr)).toEqual({
      eventCount: 50,
      lostCount: 100,
      processCount: 1,
      threadCount: 1,
    });
    expect(done.stderr).toContain('no ring buffer fits the memory limit of the process');
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: 50, stderr: '' });
  });

  test('overwrite mode keeps the last events of each thread', () => {
    using place = new RecordingPlace();
    const sizes = ['--overwrite', '--subbuf-size', '4k', '--num-subbuf', '4'];
    const done = place.record([...sizes, '--no-auto', '--', 'node', program('count.mjs'), '100000']);
    expect(done.status, done.stderr).toBe(0);
    const values = valuesOf(textOfPeer(place.traceDir), 'value');
    expect(values.length).toBeGreaterThan(300);
    expect(values).toEqual(range(100_000).slice(-values.length));
    expect(summaryOf(done.stderr)).toMatchObject({ eventCount: values.length, lostCount: 0 });
    expect(done.stderr).toContain('older events overwritten');
  });

  test('a process that outlives the command is stopped, not harmed; what it recorded is in the trace', async () => {
    using place = new RecordingPlace();
    const done = place.record(['--no-auto', '--', 'node', program('leave-behind.mjs')]);
    expect(done.status, done.stderr).toBe(0);
    const child = Number(/child (\d+)/.exec(done.stdout)?.[1]);
    try {
      expect(exists(child)).toBe(true);
      const { eventCount, stderr } = readByPeer(place.traceDir);
      expect(stderr).toBe('');
      expect(eventCount).toBeGreaterThanOrEqual(1000);
      expect(summaryOf(done.stderr)).toMatchObject({ eventCount, processCount: 2 });
      expect(place.sessions()).toEqual([]);
      const size = readdirSync(place.traceDir, { recursive: true }).length;
      await new Promise((next) => setTimeout(next, 300));
      expect(exists(child)).toBe(true);
      expect(readdirSync(place.traceDir, { recursive: true })).toHaveLength(size);
      expect(readByPeer(place.traceDir).eventCount).toBe(eventCount);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  test('Ctrl-C ends the program as it likes and leaves a readable trace', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--', 'node', program('forever.mjs')]);
    await run.said('running');
    run.signalGroup('SIGINT');
    const done = await run.ended;
    expect(done.status, done.stderr).toBe(3);
    expect(done.stdout).toContain('got SIGINT');
    const { eventCount, stderr } = readByPeer(place.traceDir);
    expect(stderr).toBe('');
    expect(eventCount).toBeGreaterThan(5);
    expect(summaryOf(done.stderr).eventCount).toBe(eventCount);
    expect(place.sessions()).toEqual([]);
  });

  test('SIGTERM to the recorder alone reaches the program', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--', 'node', program('forever.mjs')]);
    await run.said('running');
    process.kill(run.pid, 'SIGTERM');
    const done = await run.ended;
    expect(done.stdout).toContain('got SIGTERM');
    expect(done.status, done.stderr).toBe(3);
    expect(readByPeer(place.traceDir).stderr).toBe('');
  });

  test('a second Ctrl-C ends a program that does not listen', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--', 'node', program('forever.mjs'), 'deaf']);
    await run.said('running');
    run.signalGroup('SIGINT');
    await run.said('got SIGINT');
    // Two signals of a kind count as one while the first is still waiting for a recorder that has not been run.
    await until(() => !isWaiting(run.pid, constants.signals.SIGINT));
    run.signalGroup('SIGINT');
    const done = await run.ended;
    expect(done.status, done.stderr).toBe(137);
    expect(readByPeer(place.traceDir)).toEqual({ eventCount: summaryOf(done.stderr).eventCount, stderr: '' });
  });

  test('when the recorder itself is killed, the consumer completes the trace and cleans up', async () => {
    using place = new RecordingPlace();
    const run = place.start(['--no-auto', '--', 'node', program('forever.mjs')]);
    await run.said('running');
    process.kill(run.pid, 'SIGKILL');
    await until(() => place.sessions().length === 0);
    const { eventCount, stderr } = readByPeer(place.traceDir);
    expect(stderr).toBe('');
    expect(eventCount).toBeGreaterThan(5);
    run.signalGroup('SIGKILL');
    await run.ended;
    expect(existsSync(place.traceDir)).toBe(true);
  });
});
