// What automatic events cost a whole service: examples/shop under a load that keeps its server busy, recorded by
// `spoor record`, and with OpenTelemetry's automatic instrumentation in place of it. All shops are open at once and get
// short bursts in turn, so that what else the machine does is spread over all of them alike; they are opened anew a few
// times, for no two runs of a program are compiled and laid out alike. A burst is meant to be a piece of a load that never
// ends: what V8 does in a program that has nothing to do must not tell the shops apart.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repoRoot } from '../tests/support/machine.ts';
import { spoorProgram } from '../tests/support/spoor.ts';
import { compare, ratioAtMost, type Contender, type Sample } from './harness.ts';

const shop = join(repoRoot, 'examples/shop/shop.mjs');
const otel = pathToFileURL(join(repoRoot, 'bench/support/otel-service.mjs')).href;
/** What runs the shops; another release of Node.js than the benchmark's, perhaps. */
const node = process.env['SPOOR_BENCH_NODE'] ?? process.execPath;
/**
 * V8 collects garbage once more in a program that has had little to do for eight seconds. Objects of no request are alive
 * then, so V8 forgets their classes and with them the code that was made for them, and the next ten thousand requests cost
 * up to twice as much. It depends on when the last full collection was whether that comes before the bursts, between them or
 * never, traced or not. A service under load does not come to it, nor do these.
 */
const nodeArgs = ['--no-memory-reducer'];
/** Prices are computed once: their age would make a slower shop compute more of them for each request. */
const shopArgs = [...nodeArgs, shop, '--serve', '--price-age', '100000000'];
/**
 * Until the code of all shops is compiled as it stays, each has had a full collection, and each ring was written through once: Linux
 * gives out its pages, and those of V8's heap, as they are first written.
 */
const warmupRequests = Number(process.env['SPOOR_BENCH_WARMUP'] ?? 70_000);
/**
 * A burst takes less than a tenth of a second: what else the machine does changes little from one shop's to the next one's,
 * and there are many of them to take the median of.
 */
const burstRequests = Number(process.env['SPOOR_BENCH_REQUESTS'] ?? 500);
/**
 * What each burst begins with that is not measured: the processor's caches have what the shop before needed. The first and the last
 * shop of a round come twice in a row, and would have the others pay for that.
 */
const leadRequests = 300;
const burstsPerLaunch = 48;
const launches = Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 5);
const customers = 16;
/** Which shops stand beside the untraced ones: `sets`, `otel` or both, the usual sets always. */
const parts = (process.env['SPOOR_BENCH_PARTS'] ?? 'sets,otel').split(',');

const { NODE_OPTIONS: _options, ...plainEnvironment } = process.env;
const generator = fork(join(repoRoot, 'bench/support/shop-load.mjs'), { env: plainEnvironment });

async function load(port: number, requests: number): Promise<{ requests: number; seconds: number }> {
  generator.send({ port, requests, customers });
  const [done] = (await once(generator, 'message')) as [{ requests: number; seconds: number }];
  return done;
}

/** Processor time of a thread so far, in ns. */
function threadNs(pid: number, tid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
}

/** That of all threads of a process that are still there: a shop ends none while it is open. */
function processNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + threadNs(pid, Number(tid)), 0);
}

/** The process that runs the shop: the one that was started, or its child if that is the recorder. */
function shopPid(started: ChildProcess, isRecorded: boolean): number {
  if (!isRecorded) return started.pid!;
  const children = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const found = children.map(Number).find((pid) => {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes(shop);
  });
  if (found === undefined) throw new Error('the shop is not among the children of the recorder');
  return found;
}

/** How a shop is started. */
interface Opening {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where a recording goes, if it is recorded. */
  readonly folder?: string;
}

/** A shop that is open for a while. */
class OpenShop {
  readonly #started: ChildProcess;
  readonly #folder: string | undefined;
  #port = 0;
  #pid = 0;

  private constructor({ args, env, folder }: Opening) {
    this.#folder = folder;
    this.#started = spawn(node, args, {
      env: { ...plainEnvironment, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  static async open(opening: Opening): Promise<OpenShop> {
    const made = new OpenShop(opening);
    const started = made.#started;
    made.#port = await new Promise<number>((resolve, reject) => {
      started.once('exit', () => reject(new Error('the shop did not open')));
      let text = '';
      started.stdout!.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const found = /open on http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
        if (found !== undefined) resolve(Number(found));
      });
    });
    made.#pid = shopPid(started, opening.folder !== undefined);
    return made;
  }

  async warm(requests: number): Promise<void> {
    await load(this.#port, requests);
  }

  async burst(): Promise<Sample> {
    await this.warm(leadRequests);
    const [beforeNs, beforeMainNs] = [processNs(this.#pid), threadNs(this.#pid, this.#pid)];
    const done = await load(this.#port, burstRequests);
    const mainNs = threadNs(this.#pid, this.#pid) - beforeMainNs;
    return {
      requestsPerSecond: done.requests / done.seconds,
      requestCpuUs: (processNs(this.#pid) - beforeNs) / 1e3 / done.requests,
      mainThreadCpuUs: mainNs / 1e3 / done.requests,
      busyRatio: mainNs / 1e9 / done.seconds,
    };
  }

  async close(): Promise<void> {
    const exit = once(this.#started, 'exit');
    process.kill(this.#pid, 'SIGINT');
    await exit;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  kill(): void {
    this.#started.kill('SIGKILL');
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

const open = new Map<string, OpenShop>();
const openings = new Map<string, () => Opening>();
let launch = -1;

async function closeAll(): Promise<void> {
  await Promise.all([...open.values()].map((own) => own.close()));
  open.clear();
}

/** Opens all shops anew, and warms them by bursts in turn: no one waits idly for the others. */
async function openAll(): Promise<void> {
  await closeAll();
  for (const [name, opening] of openings) open.set(name, await OpenShop.open(opening()));
  for (let requests = 0; requests < warmupRequests; requests += burstRequests) {
    for (const own of open.values()) await own.warm(burstRequests);
  }
}

/** A shop that gets its share of bursts at each launch. */
function contender(name: string, opening: () => Opening): Contender {
  openings.set(name, opening);
  let bursts = 0;
  return {
    name,
    run: async () => {
      const wanted = Math.floor(bursts / burstsPerLaunch);
      bursts += 1;
      if (launch !== wanted) await openAll();
      launch = wanted;
      return await open.get(name)!.burst();
    },
  };
}

/** The shop's own events are left out: what is measured are those that come by themselves. */
function recorded(name: string, sets: string): Contender {
  return contender(name, () => {
    const folder = mkdtempSync('/dev/shm/spoor-service-');
    const options = ['-o', join(folder, 'trace'), '--auto', sets, '-x', 'shop:*', '-x', 'payment:*'];
    return { args: [spoorProgram, 'record', ...options, '--', node, ...shopArgs], folder };
  });
}

const moreSets = (): readonly Contender[] => [
  recorded('default and request-context', 'default,request-context'),
  recorded('with fs, timers, http2, cluster, modules', 'all,-console-log,-async,-async-end'),
  recorded('all sets', 'all'),
];
const setsJudged = [
  ratioAtMost('untraced', 'all sets', 'requestsPerSecond'),
  ratioAtMost('default and request-context', 'untraced', 'requestCpuUs'),
  ratioAtMost('with fs, timers, http2, cluster, modules', 'untraced', 'requestCpuUs'),
  ratioAtMost('all sets', 'untraced', 'requestCpuUs'),
];
const openTelemetry = (): Contender =>
  contender('OpenTelemetry', () => ({ args: shopArgs, env: { NODE_OPTIONS: `--import ${otel}` } }));
const openTelemetryJudged = [
  ratioAtMost('untraced', 'OpenTelemetry', 'requestsPerSecond'),
  ratioAtMost('OpenTelemetry', 'untraced', 'requestCpuUs'),
];

try {
  await compare({
    name: 'service',
    question: 'How much of its throughput does a service lose by automatic events?',
    contenders: [
      contender('untraced', () => ({ args: shopArgs })),
      contender('untraced, again', () => ({ args: shopArgs })),
      recorded('default sets', 'default'),
      ...(parts.includes('sets') ? moreSets() : []),
      ...(parts.includes('otel') ? [openTelemetry()] : []),
    ],
    rounds: launches * burstsPerLaunch,
    // The shops were warm when they opened.
    warmups: 0,
    judge: [
      // What it means for two figures to be the same.
      ratioAtMost('untraced', 'untraced, again', 'requestsPerSecond'),
      ratioAtMost('untraced, again', 'untraced', 'requestCpuUs'),
      ratioAtMost('untraced', 'default sets', 'requestsPerSecond', 1.031),
      ratioAtMost('default sets', 'untraced', 'requestCpuUs', 1.031),
      ratioAtMost('default sets', 'untraced', 'mainThreadCpuUs'),
      ...(parts.includes('sets') ? setsJudged : []),
      ...(parts.includes('otel') ? openTelemetryJudged : []),
    ],
    facts: {
      shopsOn: node === process.execPath ? process.version : node,
      warmupRequests,
      leadRequests,
      burstRequests,
      launches,
      customers,
    },
  });
  await closeAll();
} finally {
  for (const own of open.values()) own.kill();
  generator.kill();
}
