// `spoor crash` on what really killed programs left: complete to the last event, whatever the kind of ring; what is
// damaged is told, and the rest is kept; nothing changes in the directory that is read.
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openTrace } from '@spoor/components/node';
import { RingReader, fileStore, makeChannel } from '@spoor/ringbuffer';
import { describe, expect, test } from 'vitest';
import { babeltrace2 } from './support/lttng.ts';
import { command, describeNeeding } from './support/needs.ts';
import { RecordingPlace, exists, linesOf, program, readByPeer, until } from './support/recording.ts';
import { spoor } from './support/spoor.ts';
import { TracedRun } from './support/traced.ts';

/** Everything below a folder: path, time of modification, content. */
function stateOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const path = join(folder, name);
      const { mtimeMs } = statSync(path);
      const content = statSync(path).isFile() ? createHash('sha256').update(readFileSync(path)) : undefined;
      return `${name} ${mtimeMs} ${content?.digest('hex') ?? ''}`;
    });
}

/** The numbers of `test:tick` by stream file's channel, process and thread. */
function ticksOf(path: string): number[][] {
  const byStream = new Map<number, number[]>();
  const trace = openTrace(path);
  for (const event of trace.events()) {
    if (event.name !== 'test:tick') continue;
    const list = byStream.get(event.stream.index) ?? [];
    list.push(Number(event.field('n')));
    byStream.set(event.stream.index, list);
  }
  expect(trace.warnings).toEqual([]);
  return [...byStream.values()];
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const tick = `const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });`;
const killed = 'process.kill(process.pid, "SIGKILL"); for (;;);';

describeNeeding([command('babeltrace2')], 'spoor crash', () => {
  test('finds every event of killed processes with threads and channels of all kinds', async () => {
    const size = { subBufferSizeBytes: 4096, subBufferCount: 4 };
    using place = new RecordingPlace();
    using run = new TracedRun({
      channels: [
        makeChannel({ name: 'roomy', subBufferSizeBytes: 64 * 1024, subBufferCount: 8 }),
        makeChannel({ name: 'narrow', ...size }),
        makeChannel({ name: 'last', mode: 'overwrite', ...size }),
        makeChannel({
          name: 'waiting',
          subBufferSizeBytes: 64 * 1024,
          subBufferCount: 8,
          blockingTimeoutUs: 5000,
        }),
      ],
    });
    const text = `
      import { Worker, isMainThread } from 'node:worker_threads';
      ${tick}
      if (isMainThread) {
        tick(0, 'main');
        const worker = new Worker(new URL(import.meta.url));
        worker.once('exit', () => { ${killed} });
      } else {
        for (let n = 0; n < 5000; n += 1) tick(n, 'tick ' + n);
      }`;
    for (let process = 0; process < 2; process += 1) expect((await run.run(text)).signal).toBe('SIGKILL');
    const before = stateOf(run.path);
    const done = spoor(['crash', '-o', place.traceDir, run.path]);
    expect(done.status, done.stderr).toBe(0);
    expect(stateOf(run.path)).toEqual(before);
    expect(done.stderr).toMatch(/in 16 rings of 2 processes, [\d,]+ events lost\n.*the trace is in /);

    const lengths = ticksOf(place.traceDir).map((ticks) => ticks.length);
    // Four rings of each main thread; of each worker's, the roomy and the waiting one hold all.
    expect(lengths.filter((length) => length === 1)).toHaveLength(8);
    expect(lengths.filter((length) => length === 5000)).toHaveLength(4);
    const few = ticksOf(place.traceDir).filter(({ length }) => length > 1 && length < 5000);
    expect(few).toHaveLength(4);
    // The full ring has the first events, the overwriting one the last.
    const firsts = few.filter(([first]) => first === 0);
    const lasts = few.filter((ticks) => ticks.at(-1) === 4999);
    expect([firsts.length, lasts.length]).toEqual([2, 2]);
    for (const ticks of firsts) expect(ticks).toEqual(upTo(ticks.length));
    for (const ticks of lasts) expect(ticks).toEqual(upTo(5000).slice(-ticks.length));

    const peer = babeltrace2([place.traceDir]);
    expect(peer.status, peer.stderr).toBe(0);
    expect(spoor([place.traceDir]).stdout).toBe(peer.stdout);
    // Without -o it prints them; a copy, also of one process alone, gives the same as the place itself.
    const copy = place.folder('copy');
    cpSync(run.path, copy, { recursive: true });
    const printed = spoor(['crash', copy]);
    expect(printed.status, printed.stderr).toBe(0);
    expect(printed.stdout).toBe(peer.stdout);
    const [one] = run.processPaths();
    expect(spoor(['crash', one!]).stdout.split('\n')).toHaveLength(
      (peer.stdout.split('\n').length - 1) / 2 + 1,
    );
  });

  test("takes lttng-crash's options", async () => {
    using place = new RecordingPlace();
    using run = new TracedRun({ subBufferSizeBytes: 4096, subBufferCount: 16 });
    await run.run(`${tick} for (let n = 0; n < 600; n += 1) tick(n, 'x'); ${killed}`);
    const [ring = ''] = run.ringPaths();
    const printed = spoor(['crash', run.path]);

    // Extracted is not shown, not even by a reader that is named.
    const kept = join(place.root, 'kept');
    const extracted = spoor(['crash', '-vv', '--extract', kept, '-e', 'echo shown', run.path]);
    expect([extracted.status, extracted.stdout]).toEqual([0, '']);
    expect(babeltrace2([kept]).stdout).toBe(printed.stdout);
    const told = extracted.stderr.split('\n').slice(0, -3);
    expect(told[0]).toMatch(/^spoor: .*: process \d+, node/);
    const packets = told.slice(1, -1).map((line) => line.replace(`spoor: ${ring}: `, ''));
    expect(packets.length).toBeGreaterThan(1);
    let sum = 0;
    for (const [index, line] of packets.entries()) {
      const [, number, count] = /^packet (\d+): (\d+) events, [\d.]+ k?B$/.exec(line) ?? [];
      expect(Number(number)).toBe(index);
      sum += Number(count);
    }
    expect(sum).toBe(600);
    const stream = join(kept, 'ust/pid');
    expect(
      told
        .at(-1)
        ?.startsWith(`spoor: ${ring}: 600 events in ${packets.length} packets, written to ${stream}/`),
    ).toBe(true);
    expect(existsSync(told.at(-1)!.replace(/^.* written to /, ''))).toBe(true);
    // Once less, and packets are not told.
    const once = spoor(['crash', '-v', '-x', join(place.root, 'once'), run.path]).stderr;
    expect(once.split('\n')).toHaveLength(told.length + 3 - packets.length);

    // A reader of one's choice has the directory last; it is gone afterwards, and a failure is told.
    const shown = spoor(['crash', '--viewer', 'babeltrace2 --names none', run.path]);
    expect(shown.stdout).toBe(babeltrace2(['--names', 'none', kept]).stdout);
    const echoed = spoor(['crash', '-e', 'echo the trace:', run.path]);
    expect(echoed.stdout).toMatch(/^the trace: \S+\n$/);
    expect(existsSync(echoed.stdout.trim().replace('the trace: ', ''))).toBe(false);
    expect(spoor(['crash', '-e', 'false', run.path]).status).toBe(1);
    const absent = spoor(['crash', '-e', 'no-such-reader', run.path]);
    expect([absent.status, absent.stdout]).toEqual([1, '']);
    expect(absent.stderr).toContain('spoor: cannot run no-such-reader: there is no such command\n');
    // One place is enough.
    const twice = spoor(['crash', '-x', join(place.root, 'a'), '-o', join(place.root, 'b'), run.path]);
    expect([twice.status, existsSync(join(place.root, 'a'))]).toEqual([2, false]);
  });

  test('has what is not yet in the trace of a recording of which all processes were killed', async () => {
    using place = new RecordingPlace();
    const folder = place.folder('turns');
    const portions = ['40000', '10'];
    const command = ['node', program('in-portions.mjs'), folder, ...portions, '1'];
    // It would wait for its last portion for ever; all of it fits into the ring.
    const run = place.start(['--no-auto', '--', ...command]);
    for (const turn of portions.keys()) {
      writeFileSync(join(folder, `go-${turn}`), '');
      await until(() => existsSync(join(folder, `done-${turn}`)));
    }
    const [session = ''] = place.sessions();
    const traced = Number(
      /(\d+)-\d+$/.exec(readdirSync(session).find((name) => /^\d+-\d+$/.test(name)) ?? '')?.[1],
    );
    await run.killWithConsumer(place.sessions());
    process.kill(traced, 'SIGKILL');
    await until(() => !exists(traced));
    await run.ended;

    const before = stateOf(place.runDir);
    const saved = join(place.root, 'saved');
    const done = spoor(['crash', place.runDir, '-o', saved]);
    expect(done.status, done.stderr).toBe(0);
    expect(stateOf(place.runDir)).toEqual(before);
    const numbersOf = (path: string): number[] => {
      const numbers: number[] = [];
      for (const event of openTrace(path).events()) numbers.push(Number(event.field('value')));
      return numbers;
    };
    const rest = numbersOf(saved);
    expect(rest).toEqual(upTo(40_010).slice(-rest.length));
    expect(readByPeer(saved)).toEqual({ eventCount: rest.length, stderr: '' });
    // The next recording completes the trace; together they miss nothing.
    expect(place.recordWithoutOutput(['-o', join(place.root, 'next'), '--', 'true']).stderr).toContain(
      'completed',
    );
    expect(numbersOf(place.traceDir)).toEqual(upTo(40_010));
  });

  test('counts what found no room after recorder and consumer were killed, and so does the next recording', async () => {
    using place = new RecordingPlace();
    const folder = place.folder('turns');
    const command = ['node', program('in-portions.mjs'), folder, '10', '5000'];
    const run = place.start(['--no-auto', '--subbuf-size', '4k', '--num-subbuf', '4', '--', ...command]);
    const portion = async (turn: number): Promise<void> => {
      writeFileSync(join(folder, `go-${turn}`), '');
      await until(() => existsSync(join(folder, `done-${turn}`)));
    };
    await portion(0);
    await run.killWithConsumer(place.sessions());
    await portion(1);
    await run.ended;

    const saved = spoor(['crash', place.runDir, '-x', join(place.root, 'saved')]);
    const [, found, lost] = /found ([\d,]+) events? .*, ([\d,]+) events lost/.exec(saved.stderr) ?? [];
    const count = (text: string | undefined): number => Number(text?.replaceAll(',', ''));
    expect(count(found)).toBeGreaterThan(10);
    expect(count(found) + count(lost)).toBe(5010);
    const next = place.recordWithoutOutput(['-o', join(place.root, 'next'), '--', 'true']);
    expect(next.stderr).toContain(
      `completed: ${count(found)} events, ${count(lost)} lost in ${place.traceDir}`,
    );
  });

  test('tells what is damaged, and keeps the rest', async () => {
    using place = new RecordingPlace();
    using run = new TracedRun({ subBufferSizeBytes: 4096, subBufferCount: 16 });
    const text = `
      import { Worker, isMainThread } from 'node:worker_threads';
      ${tick}
      const late = tracepoint('test:late', { n: 'u8' });
      for (let n = 0; n < 1500; n += 1) tick(n, 'x');
      if (isMainThread) {
        late(1);
        new Worker(new URL(import.meta.url)).once('exit', () => { ${killed} });
      }`;
    for (let process = 0; process < 2; process += 1) expect((await run.run(text)).signal).toBe('SIGKILL');
    const [whole = '', second = ''] = run.processPaths();
    const crashOf = (name: string, change: (copy: string) => void) => {
      const copy = place.folder(name);
      cpSync(whole, copy, { recursive: true });
      change(copy);
      const output = join(place.root, `${name}-saved`);
      const done = spoor(['crash', copy, '-o', output]);
      return {
        status: done.status,
        errors: linesOf(done.stderr).filter(
          (line) => !/ found | in /.test(line) || line.includes(' packet '),
        ),
        stderr: done.stderr,
        output,
      };
    };
    const ring = (copy: string, number: number): string => join(copy, 'rings', `${number}.ring`);
    /** Both readers on what was kept: they must agree. */
    const kept = (output: string): number[] => {
      const ticks = ticksOf(output);
      const peer = readByPeer(output);
      const all = [...openTrace(output).events()];
      expect(peer.eventCount).toBe(all.length);
      return ticks.map(({ length }) => length).sort((a, b) => a - b);
    };

    const untouched = crashOf('untouched', () => {});
    expect(untouched).toMatchObject({ status: 0, errors: [] });
    expect(kept(untouched.output)).toEqual([1500, 1500]);

    for (const [name, change] of [
      ['empty-control-page', (copy: string) => writeFileSync(ring(copy, 1), Buffer.alloc(70_000))],
      ['short', (copy: string) => truncateSync(ring(copy, 1), 1000)],
      ['text', (copy: string) => writeFileSync(ring(copy, 1), 'no ring at all\n'.repeat(1000))],
      [
        'link',
        (copy: string) => {
          rmSync(ring(copy, 1));
          symlinkSync(ring(second, 1), ring(copy, 1));
        },
      ],
      [
        'folder',
        (copy: string) => {
          rmSync(ring(copy, 1));
          mkdirSync(ring(copy, 1));
        },
      ],
    ] as const) {
      const done = crashOf(name, change);
      expect(done.status, name).toBe(1);
      expect(done.stderr.split('\n')[0], name).toMatch(/a ring could not be read: /);
      expect(kept(done.output), name).toEqual([1500]);
    }

    // Half a ring: its first packets are there.
    const half = crashOf('half', (copy) => truncateSync(ring(copy, 1), 4096 + 3 * 4096 + 2000));
    expect(half.status).toBe(1);
    expect(half.stderr).toMatch(/1\.ring: cannot read packet 3/);
    expect(half.stderr).toMatch(/1\.ring: its last \d+ events cannot be read/);
    const [few = 0, all] = kept(half.output);
    expect(all).toBe(1500);
    expect(few).toBeGreaterThan(0);
    expect(few).toBeLessThan(1500);

    // One packet of another trace: a gap, and the packets behind it.
    const foreign = crashOf('foreign', (copy) => {
      const bytes = readFileSync(ring(copy, 0));
      bytes.fill(0x5a, 4096 + 4096 + 4, 4096 + 4096 + 20);
      writeFileSync(ring(copy, 0), bytes);
    });
    expect(foreign.status).toBe(1);
    expect(foreign.stderr).toMatch(/0\.ring: packet 1 is damaged/);
    expect(kept(foreign.output)[1]).toBe(1500);

    // Files that a machine without power left empty: the class alone is lost, or the process.
    const classId = readdirSync(join(whole, 'events')).find((id) =>
      readFileSync(join(whole, 'events', id), 'utf8').includes('test:late'),
    );
    const zeros = crashOf('zeros', (copy) => {
      const path = join(copy, 'events', classId!);
      writeFileSync(path, Buffer.alloc(statSync(path).size));
    });
    expect(zeros.status).toBe(1);
    expect(zeros.stderr).toMatch(/a class is damaged: its events cannot be read/);
    expect(openTrace(zeros.output).eventClasses.map(({ eventClass }) => eventClass.name)).toContain(
      'test:tick',
    );

    const both = place.folder('both');
    cpSync(whole, join(both, 'a'), { recursive: true });
    cpSync(second, join(both, 'b'), { recursive: true });
    writeFileSync(join(both, 'a/process.json'), '{"version": 2, "uu');
    const output = join(place.root, 'both-saved');
    const done = spoor(['crash', both, '-o', output]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/a process's events cannot be read: /);
    expect(kept(output)).toEqual([1500, 1500]);

    // What would be read without end.
    const endless = crashOf('endless', (copy) => {
      rmSync(join(copy, 'events', classId!));
      symlinkSync('/dev/zero', join(copy, 'events', classId!));
    });
    expect(endless.status).toBe(1);
    expect(endless.stderr).toMatch(/a process's events cannot be read: \S+: neither a file nor a folder/);
  });
});

describe('spoor crash refuses with one line', () => {
  test('what holds no process, an output in the directory that is read, and one that holds something', async () => {
    using place = new RecordingPlace();
    const nothing = spoor(['crash', place.folder('empty')]);
    expect([nothing.status, nothing.stdout]).toEqual([1, '']);
    expect(nothing.stderr).toMatch(/^spoor: .*no process of a recording is here \(.*\)\n$/);
    expect(spoor(['crash', join(place.root, 'absent')]).stderr).toMatch(
      /^spoor: .*cannot read the directory.*\n$/,
    );
    // Files and folders of others that bear such names.
    mkdirSync(join(place.folder('others'), 'a/rings'), { recursive: true });
    writeFileSync(join(place.root, 'others/a/rings/gold.txt'), '');
    writeFileSync(join(place.root, 'others/process.json'), '{}');
    writeFileSync(join(place.root, 'others/rings'), '');
    expect(spoor(['crash', join(place.root, 'others')]).stderr).toBe(
      nothing.stderr.replace('/empty:', '/others:'),
    );
    using run = new TracedRun();
    await run.run(`${tick} tick(1, 'x'); ${killed}`);
    const before = stateOf(run.path);
    const inside = spoor(['crash', run.path, '-o', join(run.path, 'deep/saved')]);
    expect(inside.status).toBe(1);
    expect(inside.stderr).toMatch(/^spoor: .*the output would lie in the directory that is read.*\n$/);
    expect(stateOf(run.path)).toEqual(before);
    writeFileSync(join(place.folder('mine'), 'precious'), '');
    const full = spoor(['crash', run.path, '-o', join(place.root, 'mine')]);
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(/not empty/);
  });

  test('nothing: a program that runs still is read while it writes', async () => {
    using place = new RecordingPlace();
    using run = new TracedRun({ subBufferSizeBytes: 4096, subBufferCount: 16 });
    let status: number | null | undefined;
    await run.run(`${tick} for (let n = 0; ; n += 1) tick(n, 'x');`, {
      whileRunning(kill) {
        const [path] = run.ringPaths();
        if (path === undefined || status !== undefined) return;
        const fd = openSync(path, 'r');
        const { openedPackets } = new RingReader(fileStore(fd), path).poll();
        closeSync(fd);
        if (openedPackets < 16) return;
        status = spoor(['crash', run.path, '-o', place.traceDir]).status;
        kill('SIGKILL');
      },
    });
    expect(status).toBe(0);
    const [ticks = []] = ticksOf(place.traceDir);
    expect(ticks.length).toBeGreaterThan(0);
    expect(ticks).toEqual(upTo(ticks.length));
  });
});
