// What each set of automatic events costs: processor time of one thing that it watches, without the tracer, with the
// set while event rules leave its events out, and with its events recorded. The ring is overwritten and nobody reads it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { repoRoot } from '../tests/support/machine.ts';
import { describeSession, registerPath } from '../tests/support/session.ts';
import { compare, ratioAtMost, type Contender, type Sample } from './harness.ts';

const loop = join(repoRoot, 'bench/support/set-loop.mjs');

/** What is done, and the sets that watch it. */
const operations: Readonly<Record<string, string>> = {
  httpRequest: 'http-server,http-client,net',
  fetchRequest: 'http-server,undici,net',
  http2Stream: 'http2',
  netConnection: 'net',
  dnsLookup: 'dns',
  workerThread: 'workers',
  childProcess: 'children',
  garbageMegabyte: 'gc',
  idleSecond: 'event-loop',
  processEmit: 'errors',
  consoleLine: 'console',
  pinoLine: 'loggers',
  bunyanLine: 'loggers',
  winstonLine: 'loggers',
  fileStatSync: 'fs',
  fileStatCallback: 'fs',
  fileStatPromise: 'fs',
  immediate: 'timers',
  timeoutSetAndCleared: 'timers',
  moduleLoad: 'modules',
  promiseAwait: 'async',
  channelMessage: 'diagnostics:bench.*',
};
/** Sets that watch what another one does, too. */
const again: Readonly<Record<string, readonly [operation: string, sets: string]>> = {
  promiseAwaitWithEnd: ['promiseAwait', 'async,async-end'],
  consoleLineAsLog: ['consoleLine', 'console-log'],
};
const measured = Object.entries({
  ...Object.fromEntries(Object.entries(operations).map(([name, sets]) => [name, [name, sets] as const])),
  ...again,
});

function timeNs(operation: string, env: Readonly<Record<string, string>>): number {
  const { NODE_OPTIONS: _options, ...inherited } = process.env;
  const args = operation === 'idleSecond' ? [loop, operation, '1'] : [loop, operation];
  const done = spawnSync(process.execPath, args, {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const figure = Number(done.stderr);
  if (done.status !== 0 || Number.isNaN(figure)) throw new Error(`${operation}: ${done.stderr}`);
  return figure;
}

function sampleOf(time: (operation: string, sets: string) => number): Sample {
  return Object.fromEntries(
    measured.map(([name, [operation, sets]]) => [`${name}Ns`, time(operation, sets)]),
  );
}

/** @param rule names of the events that are recorded. */
function traced(name: string, rule: string): Contender {
  return {
    name,
    run: () =>
      sampleOf((operation, sets) => {
        const run = mkdtempSync('/dev/shm/spoor-bench-');
        try {
          const session = describeSession('/nowhere', {
            auto: true,
            mode: 'overwrite',
            subBufferSizeBytes: 256 * 1024,
            subBufferCount: 16,
            rules: [{ name: rule, exclude: [] }],
          });
          writeFileSync(join(run, SESSION_FILE), JSON.stringify(session));
          const env = {
            [SESSION_VARIABLE]: run,
            SPOOR_AUTO: sets,
            NODE_OPTIONS: `--require ${registerPath}`,
          };
          return timeNs(operation, env);
        } finally {
          rmSync(run, { recursive: true });
        }
      }),
  };
}

await compare({
  name: 'sets',
  question: 'What does each set of automatic events cost?',
  warmups: 0,
  contenders: [
    { name: 'untraced', run: () => sampleOf((operation) => timeNs(operation, {})) },
    traced('off by rules', 'none:*'),
    traced('on', '*'),
  ],
  judge: measured.flatMap(([name]) => [
    ratioAtMost('off by rules', 'untraced', `${name}Ns`),
    ratioAtMost('on', 'untraced', `${name}Ns`),
  ]),
});
