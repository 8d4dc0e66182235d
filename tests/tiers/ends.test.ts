// However a program or a thread of it ends, its events are in the rings: all of them where memory is mapped; without
// koffi all that came before the last moment.
import { openTrace } from '@spoor/components/node';
import { readCounters } from '@spoor/ringbuffer';
import { describe, expect, test } from 'vitest';
import { nodeReleases, ownNode, type NodeRelease } from '../support/node-versions.ts';
import { TracedRun } from '../support/traced.ts';
import { coreTiersOf, type Tier } from './tiers.ts';

interface Ending {
  readonly name: string;
  /** What the program does after its events. */
  readonly code: string;
  readonly status: number | null;
  readonly signal: string | null;
  readonly stderr: RegExp;
}

/** Longer than a thread takes to write out what is not mapped; timers run in the order of their times. */
const quiet = 'new Promise((done) => setTimeout(done, 500))';

const endings: readonly Ending[] = [
  { name: 'by itself', code: '', status: 0, signal: null, stderr: /^$/ },
  {
    name: 'by process.exit',
    code: 'setInterval(() => {}, 1000); process.exit(3);',
    status: 3,
    signal: null,
    stderr: /^$/,
  },
  {
    name: 'by an error that nobody catches',
    code: `throw new RangeError('on purpose');`,
    status: 1,
    signal: null,
    stderr: /RangeError: on purpose/,
  },
  {
    name: 'by a rejection that nobody handles',
    code: `Promise.reject(new RangeError('on purpose')); await ${quiet};`,
    status: 1,
    signal: null,
    stderr: /RangeError: on purpose/,
  },
  {
    name: 'by SIGKILL, after a quiet moment',
    code: `await ${quiet}; process.kill(process.pid, 'SIGKILL'); for (;;);`,
    status: null,
    signal: 'SIGKILL',
    stderr: /^$/,
  },
];

const emitting = `const tick = tracepoint('test:tick', { n: 'u32', text: 'string' });
  const ticks = counter('test:ticks');
  for (let n = 0; n < 3000; n += 1) { tick(n, 'event ' + n); ticks.add(); }`;

/** The numbers of the events, by thread. */
function numbersOf(run: TracedRun): number[][] {
  const trace = openTrace(run.tracePath);
  const numbers = new Map<number, number[]>();
  for (const event of trace.events()) {
    const own = numbers.get(event.stream.index) ?? [];
    own.push(Number(event.field('n')));
    numbers.set(event.stream.index, own);
  }
  expect(trace.warnings).toEqual([]);
  return [...numbers.values()];
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

function suite(release: NodeRelease, tiers: readonly Tier[]): void {
  describe.each(tiers.map((tier) => [tier.name, tier] as const))('recorded by way of %s', (_, tier) => {
    const node = release.path;
    const nodeArgs = ['--no-warnings', ...tier.nodeArgs];
    const env = tier.environment;

    test.each(endings)('may end $name', async ({ code, ...ending }) => {
      using run = new TracedRun({ mode: 'overwrite', subBufferSizeBytes: 64 * 1024, subBufferCount: 8 });
      const ended = await run.run(`${emitting} ${code}`, { node, nodeArgs, env });
      expect(ended).toMatchObject({ status: ending.status, signal: ending.signal });
      expect(ended.stderr).toMatch(ending.stderr);
      const rings = run.drain();
      expect(rings).toMatchObject([
        { eventCount: 3000, header: { tier: tier.ring }, state: { lostEvents: 0 } },
      ]);
      expect(numbersOf(run)).toEqual([upTo(3000)]);
      expect(readCounters(run.processPaths()[0]!).get('test:ticks')).toBe(3000);
    });

    test('may have threads that end in every way', async () => {
      using run = new TracedRun({ subBufferSizeBytes: 64 * 1024, subBufferCount: 8 });
      const ended = await run.run(
        `import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
        if (isMainThread) {
          const workers = ['ends', 'exits', 'throws', 'is terminated'].map((workerData) =>
            new Worker(new URL(import.meta.url), { workerData }));
          workers.forEach((worker) => worker.on('error', () => {}).on('message', () => worker.terminate()));
        } else {
          ${emitting}
          if (workerData === 'exits') process.exit(3);
          if (workerData === 'throws') throw new Error('on purpose');
          if (workerData === 'is terminated') { await ${quiet}; parentPort.postMessage('now'); for (;;); }
        }`,
        { node, nodeArgs, env },
      );
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(run.drain().map(({ eventCount }) => eventCount)).toEqual([3000, 3000, 3000, 3000]);
      expect(numbersOf(run)).toEqual([upTo(3000), upTo(3000), upTo(3000), upTo(3000)]);
      expect(readCounters(run.processPaths()[0]!).get('test:ticks')).toBe(12_000);
    });
  });
}

describe('a program', () => suite(ownNode, coreTiersOf(ownNode)));

describe.each(nodeReleases.filter(({ major }) => major !== ownNode.major))(
  'a program on Node.js $major',
  (release) => {
    suite(release, coreTiersOf(release).slice(0, 2));
  },
);
