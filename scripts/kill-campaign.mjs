// `npm run kill-campaign -- [--rounds N] [--seed N] [--from N]`: records a program again and again and kills it, the
// consumer, the recorder or several of them (SIGKILL) at random moments. Every event says what it is, and the program
// notes how far it came; so after each round it is known that the trace has every committed event exactly once, in
// order and untorn, that `spoor crash` finds those that were not in the trace yet and no other, and that babeltrace2, if there is
// one, reads as many. Ends with status 1 at the first round that is not so; its files are kept.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openTrace } from '@spoor/components/node';
import { decodeIndexEntry, indexEntryBytes, indexHeaderBytes } from '@spoor/sessiond';
import { checkOf, textOf } from '../tests/record/checked-event.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const spoorProgram = join(root, 'packages/cli/bin/spoor.cjs');
const program = join(root, 'tests/record/checked.mjs');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    from: { type: 'string', default: '0' },
  },
});

/** Longest wait for what must happen, however slow the machine is. */
const patienceMs = 120_000;
const modes = {
  discard: ['--subbuf-size', '16k', '--num-subbuf', '4'],
  blocking: ['--subbuf-size', '16k', '--num-subbuf', '4', '--blocking-timeout', 'inf'],
  overwrite: ['--subbuf-size', '64k', '--num-subbuf', '8', '--overwrite'],
};
const victims = ['producer', 'consumer', 'both', 'recorder', 'all'];
const hasPeer = spawnSync('babeltrace2', ['--version']).status === 0;

/** Random numbers from 0 to 1 that come again with seed and round. */
function randomOf(round) {
  let drawn = 0;
  return () => {
    drawn += 1;
    const hash = createHash('sha256').update(`${values.seed}/${round}/${drawn}`).digest();
    return hash.readUInt32LE(0) / 2 ** 32;
  };
}

function fail(what) {
  throw new Error(what);
}

async function until(condition, what) {
  for (const limit = Date.now() + patienceMs; !condition(); await sleep(2)) {
    if (Date.now() > limit) fail(`waited in vain for ${what}`);
  }
}

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function kill(pid) {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Processes that work on a run directory: the recorder, its consumers, the program. */
function workersOn(runDir) {
  return readdirSync('/proc').filter(
    (name) =>
      /^\d+$/.test(name) && Number(name) !== process.pid && read(`/proc/${name}/environ`).includes(runDir),
  );
}

/** One recording, and what is done to it. */
class Round {
  constructor(number) {
    this.random = randomOf(number);
    this.plan = {
      victim: this.pick(victims),
      mode: this.pick(Object.keys(modes)),
      threads: 1 + this.below(3),
      pauseUs: this.pick([0, 300, 1000]),
      isEarly: this.random() < 0.15,
    };
    this.folder = mkdtempSync(join(tmpdir(), 'spoor-campaign-'));
    this.runDir = mkdtempSync('/dev/shm/spoor-campaign-');
    this.trace = join(this.folder, 'trace');
    this.environment = { ...process.env, SPOOR_RUN_DIR: this.runDir };
  }

  below(limit) {
    return Math.floor(this.random() * limit);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  shuffled(list) {
    return list
      .map((item) => [this.random(), item])
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  }

  pause(mostMs) {
    return sleep(this.random() * mostMs);
  }

  spoor(...args) {
    const done = spawnSync(process.execPath, [spoorProgram, ...args], {
      encoding: 'utf8',
      env: this.environment,
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    return { status: done.status, stderr: done.stderr };
  }

  get producer() {
    return Number(read(join(this.folder, 'pid')).toString());
  }

  /** Directories of recordings; the compiled form of the tracer, a file, stays beside them. */
  get sessions() {
    return readdirSync(this.runDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  }

  get consumer() {
    const [session = ''] = this.sessions;
    const found = /"pid":(\d+)/.exec(read(join(this.runDir, session, 'consumer.json')).toString());
    return Number(found?.[1] ?? 0);
  }

  progressOf(thread) {
    const bytes = read(join(this.folder, `progress-${thread}`));
    return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  }

  /** Records, and kills. */
  async run() {
    const { victim, mode, threads, pauseUs, isEarly } = this.plan;
    const command = [process.execPath, program, this.folder, String(threads), String(pauseUs)];
    const recorder = spawn(
      process.execPath,
      [spoorProgram, 'record', '--no-auto', '-o', this.trace, ...modes[mode], '--', ...command],
      { env: this.environment, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let stderr = '';
    recorder.stderr.on('data', (chunk) => (stderr += chunk));
    const ended = new Promise((settle) => recorder.once('close', settle));
    try {
      await until(() => (isEarly ? this.producer > 0 : this.progressOf(0) > 0), 'the program');
      await this.pause(isEarly ? 60 : 150);
      const kinds = {
        producer: () => kill(this.producer),
        consumer: () => kill(this.consumer),
        recorder: () => {
          // Its death ends the recording: only what was committed before is sure to be in the trace.
          const threadNumbers = Array.from({ length: threads }, (_, thread) => thread);
          this.committed ??= threadNumbers.map((thread) => this.progressOf(thread));
          kill(recorder.pid);
        },
      };
      if (victim === 'consumer') {
        for (let times = 1 + this.below(3); times > 0; times -= 1) {
          kinds.consumer();
          await this.pause(100);
        }
        kinds.producer();
      } else if (victim === 'recorder') {
        kinds.recorder();
        const { producer } = this;
        await until(
          () => workersOn(this.runDir).every((pid) => Number(pid) === producer),
          'the consumer to end',
        );
        kinds.producer();
      } else {
        const kinds2 = { producer: ['producer'], both: ['consumer', 'producer'] };
        for (const kind of this.shuffled(kinds2[victim] ?? Object.keys(kinds))) {
          kinds[kind]();
          if (this.random() < 0.5) await this.pause(20);
        }
      }
      await until(() => workersOn(this.runDir).length === 0, 'the end of all processes');
      await ended;
    } finally {
      kill(this.producer);
      kill(recorder.pid);
    }
    return stderr;
  }

  /** Looks at what is left; returns the number of events in the trace. */
  check() {
    const before = eventsSoFar(this.trace);
    let rescued;
    if (this.hasRings()) {
      const saved = join(this.folder, 'saved');
      const crash = this.spoor('crash', this.runDir, '-o', saved);
      if (crash.status !== 0) fail(`spoor crash: ${crash.stderr}`);
      rescued = eventsOf(saved);
    }
    if (this.sessions.length > 0) {
      const next = this.spoor('record', '-o', join(this.folder, 'next'), '--', 'true');
      if (next.status !== 0) fail(`the next recording: ${next.stderr}`);
    }
    if (this.sessions.length > 0) fail('something is left in the run directory');
    const whole = eventsOf(this.trace);
    const lost = lostIn(this.trace);
    let missing = 0;
    for (const thread of Array.from({ length: this.plan.threads }, (_, index) => index)) {
      const numbers = whole.get(thread) ?? [];
      missing += this.checkOrder(thread, numbers, lost);
      const progress = this.committed?.[thread] ?? this.progressOf(thread);
      const reached = (numbers.at(-1) ?? -1) + 1;
      if (reached + lost < progress) {
        fail(`thread ${thread} committed ${progress} events, the trace ends at ${reached}`);
      }
      if (rescued !== undefined) {
        checkRest(thread, numbers, before && (before.get(thread) ?? []), rescued.get(thread) ?? []);
      }
    }
    if (this.plan.mode !== 'overwrite' && missing > lost)
      fail(`${missing} events are missing, ${lost} told as lost`);
    const count = [...whole.values()].reduce((sum, numbers) => sum + numbers.length, 0);
    if (hasPeer && count > 0) checkPeer(this.trace, count);
    return count;
  }

  /** Every number at most once, in order; returns how many are missing before the last. */
  checkOrder(thread, numbers, lost) {
    for (let index = 1; index < numbers.length; index += 1) {
      if (numbers[index] <= numbers[index - 1])
        fail(`thread ${thread}: ${numbers[index]} after ${numbers[index - 1]}`);
      if (lost === 0 && numbers[index] !== numbers[index - 1] + 1) {
        fail(`thread ${thread}: ${numbers[index]} after ${numbers[index - 1]}, and nothing is told as lost`);
      }
    }
    if (this.plan.mode !== 'overwrite' && lost === 0 && numbers.length > 0 && numbers[0] !== 0) {
      fail(`thread ${thread} begins at ${numbers[0]}`);
    }
    return (numbers.at(-1) ?? -1) + 1 - numbers.length;
  }

  hasRings() {
    return readdirSync(this.runDir, { recursive: true }).some(
      (name) => name.endsWith('.ring') && !name.includes('.gone/'),
    );
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.runDir, { recursive: true, force: true });
  }
}

/** The numbers of a trace's events by thread; none is torn. */
function eventsOf(path) {
  const found = new Map();
  if (
    !existsSync(path) ||
    !readdirSync(path, { recursive: true }).some((name) => name.endsWith('metadata'))
  ) {
    return found;
  }
  const trace = openTrace(path);
  for (const event of trace.events()) {
    const thread = Number(event.field('thread'));
    const n = Number(event.field('n'));
    if (Number(event.field('check')) !== checkOf(thread, n) || event.field('text') !== textOf(n)) {
      fail(`event ${n} of thread ${thread} is torn`);
    }
    if (!found.has(thread)) found.set(thread, []);
    found.get(thread).push(n);
  }
  if (trace.warnings.length > 0 && !trace.warnings.every((text) => /discarded|lost/.test(text))) {
    fail(`warnings of ${path}: ${trace.warnings.join('; ')}`);
  }
  return found;
}

/** The same of a trace that its consumer was killed over; undefined if that cannot be read as it is. */
function eventsSoFar(path) {
  try {
    return eventsOf(path);
  } catch {
    return undefined;
  }
}

/** What was not in the trace yet is what `spoor crash` finds, to the last event, and nothing that was. */
function checkRest(thread, whole, before, rest) {
  const first = before?.length ?? whole.length - rest.length;
  if (first + rest.length !== whole.length) {
    fail(
      `thread ${thread}: the trace had ${first} events, spoor crash found ${rest.length} of ${whole.length}`,
    );
  }
  if (rest.some((n, index) => whole[first + index] !== n))
    fail(`spoor crash: other events of thread ${thread}`);
}

/** Events that the index files of a trace tell as lost, those of all streams together. */
function lostIn(path) {
  if (!existsSync(path)) return 0;
  let sum = 0;
  for (const name of readdirSync(path, { recursive: true })) {
    if (!name.endsWith('.idx')) continue;
    const bytes = read(join(path, name));
    if (bytes.length < indexHeaderBytes + indexEntryBytes) continue;
    sum += Number(decodeIndexEntry(bytes.subarray(bytes.length - indexEntryBytes)).eventsDiscarded);
  }
  return sum;
}

function checkPeer(path, count) {
  const args = ['60', 'babeltrace2', 'convert', path, '--component=sink.utils.counter', '--params=step=+0'];
  const done = spawnSync('timeout', args, { encoding: 'utf8' });
  const found = Number(/(\d+) Event messages/.exec(done.stdout.replaceAll(',', ''))?.[1]);
  if (done.status !== 0 || found !== count)
    fail(`babeltrace2 reads ${found} of ${count} events: ${done.stderr}`);
}

const first = Number(values.from);
const tally = new Map();
let eventCount = 0;
console.log(
  `kill-campaign: seed ${values.seed}, ${values.rounds} rounds${hasPeer ? '' : ', without babeltrace2'}`,
);
for (let number = first; number < first + Number(values.rounds); number += 1) {
  const round = new Round(number);
  let said = '';
  try {
    said = await round.run();
    eventCount += round.check();
    round.remove();
  } catch (error) {
    console.log(
      `kill-campaign: round ${number} of seed ${values.seed} ${JSON.stringify(round.plan)}: ${error.message}\n${said}files: ${round.folder} ${round.runDir}`,
    );
    process.exitCode = 1;
    break;
  }
  const kind = `${round.plan.victim} (${round.plan.mode})`;
  tally.set(kind, (tally.get(kind) ?? 0) + 1);
  const done = number - first + 1;
  if (done % 25 === 0) console.error(`kill-campaign: ${done} rounds, ${eventCount} events`);
}
for (const [kind, count] of [...tally].sort(([a], [b]) => (a < b ? -1 : 1)))
  console.log(`${String(count).padStart(5)} ${kind}`);
if (process.exitCode !== 1)
  console.log(`kill-campaign: ${values.rounds} rounds, ${eventCount} events, all of them once and whole`);
