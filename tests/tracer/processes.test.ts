// The tracer in real programs: how they end, what they forbid, what their machine lacks.
import { openTrace } from '@spoor/components/node';
import { RingReader, fileStore } from '@spoor/ringbuffer';
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { repoRoot } from '../support/machine.ts';
import { registerUrl } from '../support/session.ts';
import { TracedRun, tracerUrl } from '../support/traced.ts';
import { removeTree } from '../support/removal.ts';

const tick = `const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });`;

/** The numbers of `test:tick` by stream, in order of reading. */
function ticksByThread(run: TracedRun): Map<number, number[]> {
  const ticks = new Map<number, number[]>();
  const trace = openTrace(run.tracePath);
  for (const event of trace.events()) {
    if (event.name !== 'test:tick') continue;
    const list = ticks.get(event.stream.index) ?? [];
    list.push(Number(event.field('n')));
    ticks.set(event.stream.index, list);
  }
  expect(trace.warnings).toEqual([]);
  return ticks;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a traced program', () => {
  test('that kills itself with SIGKILL leaves all its events', async () => {
    using run = new TracedRun();
    const ended = await run.run(`${tick}
      for (let n = 0; n < 15000; n += 1) tick(n, 'event ' + n);
      process.kill(process.pid, 'SIGKILL');
      for (;;);`);
    expect(ended.signal).toBe('SIGKILL');
    const [ring] = run.drain();
    expect(ring).toMatchObject({ wasRecovered: true, eventCount: 15000 });
    expect([...ticksByThread(run).values()]).toEqual([upTo(15000)]);
  });

  test('that is killed from outside at any moment leaves an unbroken run of events', async () => {
    for (let round = 0; round < 4; round += 1) {
      using run = new TracedRun({ subBufferSizeBytes: 4096, subBufferCount: 16 });
      const ended = await run.run(`${tick} for (let n = 0; ; n += 1) tick(n, 'x');`, {
        whileRunning(kill) {
          run.takeFinished();
          if (run.takenEvents > 20_000 + round * 7) kill('SIGKILL');
        },
      });
      expect(ended.signal).toBe('SIGKILL');
      const [ring] = run.drain();
      const [ticks = []] = ticksByThread(run).values();
      expect(ticks.length).toBeGreaterThan(0);
      // Killed between the commit of an event and its count, the count is one behind.
      expect([0, 1]).toContain(ticks.length - ring!.eventCount);
      expect([0, 1]).toContain(ticks.length - ring!.state.committedEvents);
      if (ring!.state.lostEvents === 0) expect(ticks).toEqual(upTo(ticks.length));
      else expect(ticks.every((n, index) => index === 0 || n > ticks[index - 1]!)).toBe(true);
    }
  });

  test('has a ring for each of its workers, however they end', async () => {
    using run = new TracedRun({ subBufferSizeBytes: 256 * 1024, subBufferCount: 16 });
    const ended = await run.run(`
      import { Worker, isMainThread, workerData, parentPort } from 'node:worker_threads';
      ${tick}
      const own = tracepoint('test:own' + (isMainThread ? 'main' : workerData % 2), { n: 'u8' });
      own(1);
      if (isMainThread) {
        const workers = Array.from({ length: 8 }, (_, workerData) => new Worker(new URL(import.meta.url), { workerData }));
        await Promise.all(workers.map((worker, index) => new Promise((done) => {
          worker.once('exit', done);
          worker.once('error', (error) => console.error(error.message));
          if (index === 7) worker.once('message', () => worker.terminate());
        })));
      } else {
        for (let n = 0; n < 20000; n += 1) tick(n, 'worker');
        if (workerData === 5) process.exit(3);
        if (workerData === 6) queueMicrotask(() => { throw new Error('on purpose'); });
        if (workerData === 7) { parentPort.postMessage('done'); setInterval(() => {}, 1000); }
      }`);
    expect(ended).toMatchObject({ status: 0, stderr: 'on purpose\n' });
    const rings = run.drain();
    expect(rings.length).toBe(9);
    expect(new Set(rings.map(({ header }) => header.tid)).size).toBe(9);
    expect(rings.every(({ state }) => state.lostEvents === 0)).toBe(true);
    const ticks = [...ticksByThread(run).values()];
    expect(ticks).toEqual(Array.from({ length: 8 }, () => upTo(20000)));
    const names = new Set(openTrace(run.tracePath).eventClasses.map(({ eventClass }) => eventClass.name));
    expect(names).toEqual(new Set(['test:ownmain', 'test:tick', 'test:own0', 'test:own1']));
  });

  test('has the rings of workers copied that might be ended for want of heap in a call of koffi', async () => {
    using run = new TracedRun({ subBufferSizeBytes: 16 * 1024, subBufferCount: 2 });
    const ended = await run.run(
      `import { Worker, isMainThread, workerData } from 'node:worker_threads';
      import v8 from 'node:v8';
      const limitMb = 32;
      if (isMainThread) {
        const resourceLimits = { maxOldGenerationSizeMb: limitMb, maxYoungGenerationSizeMb: 1 };
        for (const leftMb of [1.5, 16]) new Worker(new URL(import.meta.url), { workerData: leftMb, resourceLimits });
      } else {
        const tick = tracepoint('test:tick', { n: 'u32' });
        const kept = [];
        while (limitMb * 2 ** 20 - v8.getHeapStatistics().used_heap_size > workerData * 2 ** 20) kept.push(new Array(512).fill({}));
        tick(kept.length);
      }`,
    );
    expect(ended).toMatchObject({ signal: null, status: 0, stderr: '' });
    const statuses = run.statuses().filter(({ rings }) => rings !== undefined);
    expect(statuses.map(({ rings }) => rings![0]!.tier).sort()).toEqual(['copied', 'mapped']);
    const reasons = statuses.flatMap((status) => status.reasons);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain('nearly all of the heap');
    expect(run.drain().map(({ eventCount }) => eventCount)).toEqual([1, 1]);
  });

  test('may forbid code made from strings', async () => {
    using run = new TracedRun();
    const ended = await run.run(
      `${tick}
      try { new Function('1'); console.log('allowed'); } catch { console.log('forbidden'); }
      for (let n = 0; n < 1000; n += 1) tick(n, 'é');`,
      { nodeArgs: ['--disallow-code-generation-from-strings'] },
    );
    expect(ended).toMatchObject({ status: 0, stdout: 'forbidden\n' });
    run.drain();
    expect([...ticksByThread(run).values()]).toEqual([upTo(1000)]);
  });

  test.each([0, 3])(
    'has recorded without koffi what it emits as it ends, after %i events',
    async (before) => {
      using run = new TracedRun();
      const ended = await run.run(
        `${tick}
      for (let n = 0; n < ${before}; n += 1) tick(n, 'before');
      process.on('exit', () => { for (let n = ${before}; n < 20; n += 1) tick(n, 'at its end'); });`,
        { env: { SPOOR_NO_KOFFI: '1' } },
      );
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      run.drain();
      expect([...ticksByThread(run).values()]).toEqual([upTo(20)]);
    },
  );

  test('is recorded without koffi too, and says so', async () => {
    for (const mode of ['discard', 'overwrite'] as const) {
      using run = new TracedRun({ mode, subBufferSizeBytes: 16 * 1024, subBufferCount: 4 });
      const ended = await run.run(
        `${tick}
        for (let n = 0; n < 50000; n += 1) {
          tick(n, 'copied');
          if (n % 500 === 0) await new Promise((done) => setTimeout(done, 1));
        }`,
        {
          env: { SPOOR_NO_KOFFI: '1' },
          whileRunning: () => {
            if (mode === 'discard') run.takeFinished();
          },
        },
      );
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(run.statuses()).toMatchObject([
        {
          state: 'recording',
          rings: [{ tier: 'copied' }],
          reasons: [expect.stringMatching(/^koffi is switched off by SPOOR_NO_KOFFI: events are copied/)],
        },
      ]);
      const [ring] = run.drain();
      const [ticks = []] = ticksByThread(run).values();
      expect(ring!.eventCount).toBe(ticks.length);
      if (mode === 'discard') {
        expect(ticks.length + ring!.state.lostEvents).toBe(50000);
        expect(ticks[0]).toBe(0);
      } else {
        expect(ticks).toEqual(upTo(50000).slice(50000 - ticks.length));
        expect(ticks.length).toBeGreaterThan(1000);
      }
    }
  });

  test('loses what does not fit, and the trace says how much', async () => {
    for (const SPOOR_NO_KOFFI of ['0', '1']) {
      using run = new TracedRun({ subBufferSizeBytes: 4096, subBufferCount: 4 });
      await run.run(`${tick} for (let n = 0; n < 20000; n += 1) tick(n, 'full');`, {
        env: { SPOOR_NO_KOFFI },
      });
      const [ring] = run.drain();
      const [ticks = []] = ticksByThread(run).values();
      expect(ring!.state.lostEvents).toBeGreaterThan(10000);
      expect(ticks).toEqual(upTo(ticks.length));
      expect(ticks.length + ring!.state.lostEvents).toBe(20000);
      expect(ring!.sequences).toEqual(upTo(ring!.sequences.length));
    }
  });

  test('overwrites the oldest in the flight-recorder mode', async () => {
    using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 8192, subBufferCount: 4 });
    await run.run(
      `${tick} for (let n = 0; n < 20000; n += 1) tick(n, 'over'); process.kill(process.pid, 'SIGKILL'); for (;;);`,
    );
    const [ring] = run.drain();
    const [ticks = []] = ticksByThread(run).values();
    expect(ring!.state.lostEvents).toBe(0);
    expect(ticks).toEqual(upTo(20000).slice(20000 - ticks.length));
    expect(ring!.sequences.length).toBe(4);
  });

  test('whose session is gone runs untraced', async () => {
    using run = new TracedRun();
    const ended = await run.run(`${tick} console.log(tick.enabled); tick(1, 'x');`, {
      env: { SPOOR_SESSION: '/nonexistent/session' },
    });
    expect(ended).toMatchObject({ status: 0, stdout: 'false\n', stderr: '' });
  });

  test('whose built-ins were replaced hears nothing of the tracer through them', async () => {
    using run = new TracedRun();
    const ended = await run.run(`${tick}
      const wide = tracepoint('test:wide', { big: 'i64', list: sequence('u16') });
      const late = tracepoint('test:late', { text: 'string' });
      tick(0, 'before');
      wide(1, []);
      late('');
      const fail = () => { throw new Error('called'); };
      for (const [holder, names] of [
        [Math, ['trunc', 'floor', 'min', 'max']],
        [Array, ['isArray', 'from']],
        [Number, ['isFinite', 'isNaN']],
        [BigInt, ['asIntN', 'asUintN']],
        [process.hrtime, ['bigint']],
      ]) for (const name of names) holder[name] = fail;
      tick(1, 'é');
      wide(-5, [1, 2, 3]);
      wide(-5n, new Set([4]));
      late({ toString: () => 'object' });
      const setters = Object.getOwnPropertyDescriptors(DataView.prototype);
      for (const name of ['setUint8', 'setUint32']) DataView.prototype[name] = fail;
      tick(2, 'lost');
      wide(3, [1]);
      Object.defineProperties(DataView.prototype, setters);
      for (const name of ['charCodeAt', 'includes']) String.prototype[name] = fail;
      late('lost too');
      tick(3, '');
      process.stdout.write('unharmed');`);
    expect(ended).toMatchObject({ status: 0, stdout: 'unharmed', stderr: '' });
    run.drain();
    const trace = openTrace(run.tracePath);
    const events: string[] = [];
    for (const event of trace.events()) {
      const value = (event.field('n') ?? event.field('big') ?? event.field('text')) as
        bigint | number | string;
      events.push(`${event.name} ${value}`);
    }
    expect(trace.warnings).toEqual([]);
    expect(events.slice(0, 7)).toEqual([
      'test:tick 0',
      'test:wide 1',
      'test:late ',
      'test:tick 1',
      'test:wide -5',
      'test:wide -5',
      'test:late object',
    ]);
    expect(events).not.toContain('test:tick 2');
    expect(events.at(-1)).toBe('test:tick 3');
  });

  test('allocates nothing for its events', async () => {
    using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 256 * 1024, subBufferCount: 16 });
    const ended = await run.run(
      `${tick} const one = tracepoint('test:one', { n: 'i32' });
      const list = tracepoint('test:list', { big: 'u64', list: sequence('u16') });
      const numbers = [1, 2, 3, 4];
      for (let round = 0; round < 8; round += 1) {
        console.log('round');
        for (let n = 0; n < 1000000; n += 1) tick(n, 'sixteen chars ab');
        for (let n = 0; n < 1000000; n += 1) one(n);
        for (let n = 0; n < 1000000; n += 1) list(n, numbers);
      }
      console.log('done');`,
      { nodeArgs: ['--trace-gc'] },
    );
    expect(ended.status).toBe(0);
    const rounds = ended.stdout.slice(0, ended.stdout.indexOf('done\n')).split('round\n').slice(1);
    // Code that is not compiled yet allocates, and when it is depends on the load. A million events of 100 bytes each
    // would be six scavenges of 16 MiB.
    const collections = rounds.map((text) => text.match(/Scavenge|Mark-Compact/g)?.length ?? 0);
    expect(Math.min(...collections)).toBeLessThanOrEqual(3);
  });

  test('shares event ids among threads whose declarations are equal', async () => {
    using run = new TracedRun();
    expect(tracerUrl).toMatch(/dist\/index\.js$/);
    await run.run(`
      import { Worker, isMainThread } from 'node:worker_threads';
      for (let i = 0; i < 40; i += 1) tracepoint('test:e' + i, { n: 'u8' })(i);
      if (isMainThread) for (let i = 0; i < 4; i += 1) new Worker(new URL(import.meta.url));`);
    run.drain();
    const trace = openTrace(run.tracePath);
    const counts = new Map<string, number>();
    for (const event of trace.events()) {
      counts.set(event.name, (counts.get(event.name) ?? 0) + 1);
      expect(event.name).toBe(`test:e${Number(event.field('n'))}`);
    }
    expect(trace.eventClasses.length).toBe(40);
    expect([...counts.values()]).toEqual(Array.from({ length: 40 }, () => 5));
  });

  test('can be looked at while it overwrites at full speed', async () => {
    using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 16 * 1024, subBufferCount: 8 });
    let snapshots = 0;
    let packets = 0;
    const ended = await run.run(`${tick} for (let n = 0; ; n += 1) tick(n, 'x');`, {
      whileRunning(kill) {
        for (const path of run.ringPaths()) {
          const fd = openSync(path, 'r');
          const reader = new RingReader(fileStore(fd), path);
          let last = -1;
          reader.snapshot(({ bytes, sequence, eventCount }) => {
            const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
            const values: number[] = [];
            for (let at = 80; at < bytes.byteLength;) {
              at += (bytes[at]! & 31) === 31 ? 13 : 4;
              values.push(view.getUint32(at, true));
              at += 6;
            }
            // Whole, unbroken, after the packet before it.
            expect(values).toEqual(values.map((_, index) => values[0]! + index));
            expect(values[0]!).toBeGreaterThan(last);
            // Of the packet that is being written, bytes and count are of moments one store apart.
            expect(Math.abs(eventCount - values.length)).toBeLessThanOrEqual(1);
            expect(view.getUint32(56, true)).toBe(sequence);
            last = values.at(-1)!;
            packets += 1;
          });
          closeSync(fd);
          snapshots += packets > 0 ? 1 : 0;
        }
        if (snapshots >= 100) kill('SIGKILL');
      },
    });
    expect(ended.signal).toBe('SIGKILL');
    expect(packets).toBeGreaterThan(200);
  });

  test('has times that are the clock’s, over pauses of any length', async () => {
    using run = new TracedRun({ clockOffsetNs: '1000000000000000000' });
    await run.run(`
      const at = tracepoint('test:at', { before: 'u64', after: 'u64' });
      let last = 0n;
      for (const pauseMs of [0, 1, 5, 50, 133, 134, 135, 140, 200, 270, 0, 0, 400, 1]) {
        await new Promise((done) => setTimeout(done, pauseMs));
        const before = process.hrtime.bigint();
        at(before, last);
        last = process.hrtime.bigint();
      }`);
    run.drain();
    const trace = openTrace(run.tracePath);
    let count = 0;
    let timeNs = 0n;
    for (const event of trace.events()) {
      const previousNs = timeNs;
      timeNs = trace.baseNs + BigInt(event.timeNs) - 1_000_000_000_000_000_000n;
      expect(timeNs).toBeGreaterThanOrEqual(BigInt(event.field('before') as number));
      expect(previousNs).toBeLessThanOrEqual(BigInt(event.field('after') as number));
      count += 1;
    }
    expect(count).toBe(14);
  });

  test('has one ring a thread, though it loads the tracer twice', async () => {
    using run = new TracedRun();
    // Inside the checkout, so that it finds the packages that it imports.
    mkdirSync(join(repoRoot, '.cache'), { recursive: true });
    const copy = mkdtempSync(join(repoRoot, '.cache/tracer-copy-'));
    try {
      cpSync(join(repoRoot, 'packages/tracer/dist'), copy, { recursive: true });
      await run.run(`${tick}
        const copy = await import(${JSON.stringify(pathToFileURL(join(copy, 'index.js')).href)});
        if (copy.tracepoint === tracepoint) throw new Error('not a copy');
        copy.tracepoint('test:tick', { n: 'u32', text: 'string' })(0, 'copy');
        tick(1, 'own');`);
    } finally {
      removeTree(copy);
    }
    expect(run.drain()).toHaveLength(1);
    expect([...ticksByThread(run).values()]).toEqual([[0, 1]]);
  });

  test('has one of each automatic event, though every way to load the tracer is taken, and another copy', async () => {
    using run = new TracedRun({ auto: true });
    const copy = mkdtempSync(join(repoRoot, '.cache/tracer-copy-'));
    try {
      cpSync(join(repoRoot, 'packages/tracer/dist'), copy, { recursive: true });
      const ended = await run.run(
        `await import(${JSON.stringify(registerUrl)}); function once() { return console.log('said'); } once();`,
        {
          nodeArgs: ['--require', join(copy, 'register.bundle.cjs'), '--import', registerUrl],
          env: { SPOOR_FUNCTIONS: run.path },
        },
      );
      expect(ended).toMatchObject({ status: 0, stdout: 'said\n', stderr: '' });
    } finally {
      removeTree(copy);
    }
    expect(run.statuses().map(({ reasons }) => reasons)).toEqual([[]]);
    run.drain();
    const names = Array.from(openTrace(run.tracePath).events(), ({ name }) => name);
    for (const name of ['nodejs:process_start', 'console:message', 'js:func_entry'])
      expect(names.filter((other) => other === name)).toHaveLength(1);
  });

  test('has workers made of text recorded as those of files', async () => {
    using run = new TracedRun({ auto: true });
    const ended = await run.run(
      `const { Worker } = await import('node:worker_threads'); new Worker('console.log(1 + 1)', { eval: true });`,
    );
    expect(ended).toMatchObject({ status: 0, stdout: '2\n', stderr: '' });
    run.drain();
    const threads = Array.from(openTrace(run.tracePath).events(), (event) =>
      event.name === 'nodejs:thread_begin' ? event.field('name') : undefined,
    );
    expect(threads.filter((name) => name !== undefined)).toEqual(['main', 'worker 1']);
  });

  test('may forbid new globals', async () => {
    using run = new TracedRun();
    const frozen = join(run.path, 'frozen.cjs');
    writeFileSync(frozen, 'Object.preventExtensions(globalThis);');
    const ended = await run.run(`${tick} for (let n = 0; n < 10; n += 1) tick(n, 'x');`, {
      nodeArgs: ['--require', frozen],
    });
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    run.drain();
    expect([...ticksByThread(run).values()]).toEqual([upTo(10)]);
  });
});
