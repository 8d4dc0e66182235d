// `spoor record` whose program, consumer, recorder or several of them are killed at a random moment.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkPeer,
  eventsOf,
  fail,
  hasPeer,
  kill,
  lostByStream,
  read,
  sumOf,
  until,
  workersOn,
} from './evidence.mjs';
import { Round, checkedProgram, spoorProgram } from './round.mjs';

const modes = {
  discard: ['--subbuf-size', '16k', '--num-subbuf', '4'],
  blocking: ['--subbuf-size', '16k', '--num-subbuf', '4', '--blocking-timeout', 'inf'],
  overwrite: ['--subbuf-size', '64k', '--num-subbuf', '8', '--overwrite'],
};
const victims = ['producer', 'consumer', 'both', 'recorder', 'all'];

/** One recording, and what is done to it. */
export class RecordingRound extends Round {
  constructor(seed, number) {
    super(seed, number);
    this.plan = {
      victim: this.pick(victims),
      mode: this.pick(Object.keys(modes)),
      threads: 1 + this.below(3),
      pauseUs: this.pick([0, 300, 1000]),
      isEarly: this.random() < 0.15,
    };
    this.trace = join(this.folder, 'trace');
    this.environment = { ...process.env, SPOOR_RUN_DIR: this.runDir };
  }

  /** What was done in this round. */
  get kind() {
    return `${this.plan.victim} (${this.plan.mode})`;
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

  /** Records, and kills. */
  async run() {
    const { victim, mode, threads, pauseUs, isEarly } = this.plan;
    const command = [process.execPath, checkedProgram, this.folder, String(threads), String(pauseUs)];
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
        await until(() => workersOn(this.runDir).every((pid) => pid === producer), 'the consumer to end');
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
    const lost = sumOf(lostByStream(this.trace));
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
