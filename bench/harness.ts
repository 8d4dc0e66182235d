// The benchmarks' common ground: contenders take turns in one run (A B B A …), whole commands are measured by
// what the kernel says they spent, and only ratios between contenders of one run are judged.
//
//   await compare({
//     name: 'read', question: 'How fast is a trace counted and printed?',
//     contenders: [command('spoor', [process.execPath, spoor, dir]), command('babeltrace2', ['babeltrace2', dir])],
//     judge: [faster('spoor', 'babeltrace2', 'cpuS', 3), atMost('spoor', 'peakRssBytes', 90e6)],
//   });
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { repoRoot } from '../tests/support/machine.ts';
import { median, medianBounds } from './support/statistics.ts';
import { formatFigure, renderReport } from './support/report.ts';

/** One round's figures of one contender; each name ends in its unit (`cpuS`, `peakRssBytes`, `emptyNs`). */
export type Sample = Readonly<Record<string, number>>;

/** One of the things compared. */
export interface Contender {
  readonly name: string;
  /** One round. Runs alone: the next contender starts when it has settled. */
  readonly run: () => Promise<Sample> | Sample;
}

/** A demand on the medians of a run; made by {@link faster}, {@link ratioAtMost} and {@link atMost}. */
export type Judgement =
  | {
      readonly kind: 'faster' | 'ratio';
      readonly subject: string;
      readonly peer: string;
      readonly metric: string;
      readonly goal?: number;
    }
  | { readonly kind: 'limit'; readonly subject: string; readonly metric: string; readonly goal: number };

/** `subject` needs at least `goal` times less of `metric` than `peer`; without a goal it is only reported. */
export function faster(subject: string, peer: string, metric: string, goal?: number): Judgement {
  return { kind: 'faster', subject, peer, metric, ...(goal === undefined ? {} : { goal }) };
}

/** `subject` needs at most `goal` times as much of `metric` as `peer`; without a goal it is only reported. */
export function ratioAtMost(subject: string, peer: string, metric: string, goal?: number): Judgement {
  return { kind: 'ratio', subject, peer, metric, ...(goal === undefined ? {} : { goal }) };
}

/** The median of `metric` of `subject` is at most `goal`. */
export function atMost(subject: string, metric: string, goal: number): Judgement {
  return { kind: 'limit', subject, metric, goal };
}

/** What {@link compare} is to do. */
export interface Comparison {
  /** Names the JSON file below `.cache/bench`. */
  readonly name: string;
  /** What the reader learns, in one sentence. */
  readonly question: string;
  readonly contenders: readonly Contender[];
  readonly judge?: readonly Judgement[];
  /** Rounds that count; 5 by default, or SPOOR_BENCH_ROUNDS. */
  readonly rounds?: number;
  /** Rounds before them that do not count; 1 by default. */
  readonly warmups?: number;
  /** Facts to keep with the figures, such as sizes of inputs or versions of peers. */
  readonly facts?: Readonly<Record<string, string | number>>;
}

/** Median and extremes of one metric. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Between which the median lies with 95 % certainty; absent of few values. */
  readonly bounds?: readonly [low: number, high: number];
}

/** A judgement with what was measured. */
export interface Verdict {
  readonly text: string;
  /** What `value` is: the metric itself for a limit, a quotient of two contenders' otherwise. */
  readonly unit: 'metric' | 'quotient';
  readonly metric: string;
  /** Median of the rounds' values; for `faster` and `ratio` each round's value is a quotient within that round. */
  readonly value: Spread;
  /** Absent where there was no goal. */
  readonly met?: boolean;
}

/** A whole run, as it is written to `.cache/bench/NAME.json`. */
export interface BenchReport {
  readonly name: string;
  readonly question: string;
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  /** Per contender and metric. */
  readonly spreads: Readonly<Record<string, Readonly<Record<string, Spread>>>>;
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
  readonly verdicts: readonly Verdict[];
}

/** Runs the comparison, prints its table to standard output and writes the report. */
export async function compare(comparison: Comparison): Promise<BenchReport> {
  const rounds = comparison.rounds ?? Number(process.env['SPOOR_BENCH_ROUNDS'] ?? 5);
  const warmups = comparison.warmups ?? 1;
  const samples = new Map<string, Sample[]>(comparison.contenders.map(({ name }) => [name, []]));
  for (let round = -warmups; round < rounds; round++) {
    // Forwards and backwards in turn: nobody always comes after the same other one.
    const { contenders } = comparison;
    for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      const label = round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`;
      progress(`${comparison.name}: ${label}: ${contender.name}`);
      const sample = await contender.run();
      if (round >= 0) samples.get(contender.name)!.push(sample);
    }
  }
  progress('');
  const report: BenchReport = {
    name: comparison.name,
    question: comparison.question,
    date: new Date().toISOString(),
    machine: machineFacts(),
    facts: comparison.facts ?? {},
    rounds,
    spreads: Object.fromEntries([...samples].map(([name, list]) => [name, spreadsOf(list)])),
    samples: Object.fromEntries(samples),
    verdicts: (comparison.judge ?? []).map((judgement) => verdictOf(judgement, samples)),
  };
  const folder = join(repoRoot, '.cache', 'bench');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${comparison.name}.json`), `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(renderReport(report));
  return report;
}

/** When the last line was written to what is no terminal. */
let toldMs = Number.NEGATIVE_INFINITY;

function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[K${text}`);
    return;
  }
  // Hundreds of short rounds need no line each.
  const nowMs = performance.now();
  if (text === '' || nowMs - toldMs < 1000) return;
  toldMs = nowMs;
  process.stderr.write(`bench: ${text}\n`);
}

function spread(values: readonly number[]): Spread {
  const bounds = medianBounds(values);
  const range = { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  return bounds === undefined ? range : { ...range, bounds };
}

function spreadsOf(list: readonly Sample[]): Record<string, Spread> {
  const names = Object.keys(list[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spread(list.map((sample) => sample[name] ?? Number.NaN))]),
  );
}

/** Sets one judgement against the samples. Exported for its test. */
export function verdictOf(judgement: Judgement, samples: ReadonlyMap<string, readonly Sample[]>): Verdict {
  const column = (contender: string): number[] => {
    const list = samples.get(contender);
    if (list === undefined) throw new Error(`no contender named ${contender}`);
    return list.map((sample) => {
      const value = sample[judgement.metric];
      if (value === undefined) throw new Error(`${contender} gave no ${judgement.metric}`);
      return value;
    });
  };
  const own = column(judgement.subject);
  switch (judgement.kind) {
    case 'limit': {
      const { metric, subject, goal } = judgement;
      const value = spread(own);
      const text = `${metric} of ${subject} (goal: at most ${formatFigure(metric, goal)})`;
      return { text, unit: 'metric', metric, value, met: value.median <= goal };
    }
    case 'faster':
    case 'ratio': {
      const peer = column(judgement.peer);
      const quick = judgement.kind === 'faster';
      const value = spread(
        own.map((figure, round) => (quick ? peer[round]! / figure : figure / peer[round]!)),
      );
      const { subject, metric, goal } = judgement;
      const text = quick
        ? `${metric}: ${subject} against ${judgement.peer}, times less`
        : `${metric}: ${subject} ÷ ${judgement.peer}`;
      const measured = { unit: 'quotient', metric, value } as const;
      if (goal === undefined) return { text, ...measured };
      const met = quick ? value.median >= goal : value.median <= goal;
      return { text: `${text} (goal: at ${quick ? 'least' : 'most'} ${goal})`, ...measured, met };
    }
    default:
      return judgement satisfies never;
  }
}

function machineFacts(): Record<string, string | number> {
  const processors = cpus();
  return {
    node: process.versions.node,
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    ...versionOf('babeltrace2', /^Babeltrace (\S+)/),
    ...versionOf('lttng', /\) (\S+)/),
  };
}

function versionOf(program: string, pattern: RegExp): Record<string, string> {
  const version = pattern.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  return version === undefined ? {} : { [program]: version };
}

/** How {@link spend} and {@link command} run a program. */
export interface CommandOptions {
  /** `null` (default) drops standard output, `text` hands it over, a path writes it there. */
  readonly stdout?: 'null' | 'text' | { readonly path: string };
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The exit status that is right; 0 by default. */
  readonly status?: number;
  /** Figures read from the program's standard output (with `stdout: 'text'`), added to the sample. */
  readonly read?: (stdout: string) => Sample;
}

/** What one run of a program has spent, with the descendants that it waited for. */
export interface Spent {
  readonly userS: number;
  readonly sysS: number;
  /** User and system time together. */
  readonly cpuS: number;
  readonly wallS: number;
  /** Largest resident set of the largest process among them. */
  readonly peakRssBytes: number;
  readonly stdout: string;
}

/** Runs a program once and measures it by wait4(2), exact to the microsecond that the kernel accounts. */
export async function spend(argv: readonly string[], options: CommandOptions = {}): Promise<Spent> {
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-bench-'));
  try {
    const figures = join(scratch, 'spent');
    const output = options.stdout ?? 'null';
    const path = output === 'null' ? '/dev/null' : output === 'text' ? join(scratch, 'stdout') : output.path;
    // The shell only redirects and becomes `spend`: no pipe through this process, whose reading would be noise.
    const child = spawn(
      'sh',
      ['-c', 'out=$1; shift; exec "$@" >"$out"', 'sh', path, spender(), figures, ...argv],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      },
    );
    await new Promise<void>((done, failed) => {
      child.once('error', failed);
      child.once('close', () => done());
    });
    if (!existsSync(figures)) throw new Error(`${argv.join(' ')}: could not be measured`);
    const [status = 1, userUs = 0, sysUs = 0, wallNs = 0, peakKib = 0] = readFileSync(figures, 'utf8')
      .split(' ')
      .map(Number);
    if (status !== (options.status ?? 0)) throw new Error(`${argv.join(' ')}: ended with status ${status}`);
    return {
      userS: userUs / 1e6,
      sysS: sysUs / 1e6,
      cpuS: (userUs + sysUs) / 1e6,
      wallS: wallNs / 1e9,
      peakRssBytes: peakKib * 1024,
      stdout: output === 'text' ? readFileSync(path, 'utf8') : '',
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A contender that is a whole command; its samples are {@link Spent} without the text. */
export function command(name: string, argv: readonly string[], options: CommandOptions = {}): Contender {
  return {
    name,
    run: async () => {
      const { stdout, ...sample } = await spend(argv, options);
      return { ...sample, ...options.read?.(stdout) };
    },
  };
}

/** Compiles `support/spend.c` once a version of it. */
function spender(): string {
  const source = join(repoRoot, 'bench/support/spend.c');
  const program = join(repoRoot, '.cache/bench/spend');
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(join(repoRoot, '.cache/bench'), { recursive: true });
  const done = spawnSync('gcc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(`benchmarks need gcc (scripts/install-peers.sh): ${done.error?.message ?? done.stderr}`);
  }
  return program;
}

/**
 * Nanoseconds of processor time per iteration of a hot loop in this process: the median of several batches. Processor
 * time, for on a busy machine the clock on the wall also counts what others do meanwhile; compiling and collecting
 * garbage beside the loop count too.
 * @param loop does what is measured `iterations` times; the loop belongs inside, so that it is compiled as a whole.
 */
export function nsPerIteration(loop: (iterations: number) => void, iterations: number, batches = 7): number {
  loop(Math.min(iterations, 200_000));
  const figures: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const before = process.cpuUsage();
    loop(iterations);
    const { user, system } = process.cpuUsage(before);
    figures.push(((user + system) * 1000) / iterations);
  }
  return median(figures);
}

/**
 * Nanoseconds of processor time per iteration that `loop` takes more than `plain`: the median of short batches of both in
 * turn. What a program does otherwise varies by more than what is looked for, from one part of a second to the next.
 */
export function addedNsPerIteration(
  plain: (iterations: number) => void,
  loop: (iterations: number) => void,
  iterations: number,
  batches: number,
): number {
  plain(iterations);
  loop(iterations);
  const figures: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const before = process.cpuUsage();
    plain(iterations);
    const between = process.cpuUsage();
    loop(iterations);
    const after = process.cpuUsage(between);
    const ofPlain = between.user - before.user + between.system - before.system;
    figures.push(((after.user + after.system - ofPlain) * 1000) / iterations);
  }
  return median(figures);
}

/** Counts the garbage collections that happen while `work` runs. */
export async function countCollections(work: () => void): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    count += list.getEntries().length;
  });
  await sleep(20);
  observer.observe({ entryTypes: ['gc'] });
  work();
  // Entries are handed over in later turns of the event loop, which on a stalled machine are no matter of milliseconds.
  await sleep(50);
  for (let turn = 0; turn < 3; turn++) await new Promise((next) => setImmediate(next));
  count += observer.takeRecords().length;
  observer.disconnect();
  return count;
}
