// What automatic events cost a whole service: examples/shop under a load that keeps its server busy, recorded by
// `spoor record`, and with OpenTelemetry's automatic instrumentation in place of it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { compare, ratioAtMost, type Contender, type Sample } from './harness.ts';

const shop = join(repoRoot, 'examples/shop/shop.mjs');
/** Prices are computed once: their age would make a slower shop compute more of them for each request. */
const shopArgs = [shop, '--serve', '--price-age', '100000000'];
const generator = join(repoRoot, 'bench/support/shop-load.mjs');
const otel = pathToFileURL(join(repoRoot, 'bench/support/otel-service.mjs')).href;
const warmupRequests = 8000;
const requests = Number(process.env['SPOOR_BENCH_REQUESTS'] ?? 40_000);
const customers = 16;

const { NODE_OPTIONS: _options, ...plainEnvironment } = process.env;

async function load(port: number, count: number): Promise<{ requests: number; seconds: number }> {
  const args = [generator, String(port), String(count), String(customers)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: plainEnvironment });
  return JSON.parse(stdout) as { requests: number; seconds: number };
}

/** Processor time of a process so far, in ticks of 10 ms. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** The process that runs the shop: the one that was started, or its child if that is the recorder. */
function shopPid(started: ChildProcess, isRecorded: boolean): number {
  if (!isRecorded) return started.pid!;
  const children = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const found = children.map(Number).find((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words[1] === shop;
  });
  if (found === undefined) throw new Error('the shop is not among the children of the recorder');
  return found;
}

async function measure(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isRecorded: boolean,
): Promise<Sample> {
  const started = spawn(process.execPath, args, {
    env: { ...plainEnvironment, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const port = await new Promise<number>((resolve, reject) => {
      started.once('exit', () => reject(new Error('the shop did not open')));
      let text = '';
      started.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const found = /open on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
    });
    const pid = shopPid(started, isRecorded);
    await load(port, warmupRequests);
    const before = cpuTicks(pid);
    const done = await load(port, requests);
    const cpuS = (cpuTicks(pid) - before) / 100;
    process.kill(pid, 'SIGINT');
    await once(started, 'exit');
    return {
      requestsPerSecond: done.requests / done.seconds,
      requestCpuUs: (cpuS / done.requests) * 1e6,
      busyRatio: cpuS / done.seconds,
    };
  } finally {
    started.kill('SIGKILL');
  }
}

/** The shop's own events are left out: what is measured are those that come by themselves. */
function recorded(name: string, sets: string): Contender {
  return {
    name,
    run: async () => {
      const folder = mkdtempSync('/dev/shm/spoor-service-');
      try {
        const options = ['-o', join(folder, 'trace'), '--auto', sets, '-x', 'shop:*', '-x', 'payment:*'];
        const args = [spoorProgram, 'record', ...options, '--', process.execPath, ...shopArgs];
        return await measure(args, {}, true);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

await compare({
  name: 'service',
  question: 'How much of its throughput does a service lose by automatic events?',
  contenders: [
    { name: 'untraced', run: () => measure(shopArgs, {}, false) },
    recorded('default sets', 'default'),
    recorded('default, no request context', '-request-context'),
    recorded('with fs, timers, http2, cluster, modules', 'all,-console-log,-async,-async-end'),
    recorded('all sets', 'all'),
    {
      name: 'OpenTelemetry',
      run: () => measure(shopArgs, { NODE_OPTIONS: `--import ${otel}` }, false),
    },
  ],
  judge: [
    ratioAtMost('untraced', 'default sets', 'requestsPerSecond', 1 / 0.97),
    ratioAtMost('untraced', 'all sets', 'requestsPerSecond'),
    ratioAtMost('untraced', 'OpenTelemetry', 'requestsPerSecond'),
    ratioAtMost('default sets', 'untraced', 'requestCpuUs'),
    ratioAtMost('default, no request context', 'untraced', 'requestCpuUs'),
    ratioAtMost('with fs, timers, http2, cluster, modules', 'untraced', 'requestCpuUs'),
    ratioAtMost('all sets', 'untraced', 'requestCpuUs'),
    ratioAtMost('OpenTelemetry', 'untraced', 'requestCpuUs'),
  ],
  facts: { requests, customers },
});
