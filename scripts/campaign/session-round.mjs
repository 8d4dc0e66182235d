// A session of a daemon that is told to rotate, to take snapshots, to clear, to stop and to start, by connections and by
// commands, while daemon, consumer, programs and commands are killed.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SpoorError } from '@spoor/base';
import { ControlClient } from '@spoor/control';
import { startDaemon } from '@spoor/sessiond';
import {
  checkPeer,
  eventsOf,
  fail,
  hasPeer,
  kill,
  lostByStream,
  packetGapsOf,
  patienceMs,
  read,
  sumOf,
  until,
  workersOn,
} from './evidence.mjs';
import { Round, checkedProgram, registerPath, spoorProgram } from './round.mjs';

const channels = {
  discard: { subBufferSizeBytes: 16_384, subBufferCount: 4 },
  blocking: { subBufferSizeBytes: 16_384, subBufferCount: 4, blockingTimeoutUs: -1 },
  overwrite: { subBufferSizeBytes: 65_536, subBufferCount: 8, lossMode: 'overwrite' },
};
const verbs = {
  local: ['rotate', 'rotate', 'clear', 'pause', 'usage'],
  snapshot: ['snapshot', 'snapshot', 'clear', 'pause', 'usage'],
};
const victims = ['daemon', 'consumer', 'program', 'command', 'daemon and consumer'];
/** What a request may be answered with whose predecessor was cut off: it may have been carried out. */
const afterwards = new Set(['control/already-started', 'control/already-stopped', 'control/session-exists']);
/** The daemon, or the consumer again and again, died over a request. */
const cutOff = new Set(['control/disconnected', 'control/unreachable', 'control/consumer']);

export class SessionRound extends Round {
  constructor(seed, number) {
    super(seed, number);
    const mode = this.pick(['local', 'local', 'snapshot']);
    this.plan = {
      mode,
      channel: mode === 'snapshot' ? 'overwrite' : this.pick(Object.keys(channels)),
      programs: 1 + this.below(2),
      threads: 1 + this.below(2),
      pauseUs: this.pick([50, 300, 1000]),
      verbs: Array.from({ length: 2 + this.below(4) }, () => this.pick(verbs[mode])),
      victims: Array.from({ length: 1 + this.below(4) }, () => this.pick(victims)),
      survives: this.random() < 0.5,
    };
    const { SPOOR_SESSION: _session, SPOOR_RUN_DIR: _runDir, NODE_OPTIONS: _options, ...rest } = process.env;
    this.environment = {
      ...rest,
      TZ: 'UTC',
      HOME: this.folder,
      LTTNG_HOME: this.folder,
      LTTNG_RUNDIR: this.runDir,
    };
    this.output = join(this.folder, 'trace');
    this.snapshots = [];
    this.children = [];
    /** How often recording was interrupted, and how often something was forgotten: so many gaps a thread may have. */
    this.pauseCount = 0;
    this.clearCount = 0;
    this.log = [];
  }

  get kind() {
    return `${this.plan.mode}, ${this.plan.channel}: ${[...new Set(this.plan.victims)].toSorted((a, b) => a.localeCompare(b)).join(', ')}`;
  }

  /** Numbers of all threads of all programs. */
  get threads() {
    const { programs, threads } = this.plan;
    return Array.from({ length: programs * threads }, (_, n) => 10 * Math.floor(n / threads) + (n % threads));
  }

  get daemon() {
    return Number(/"pid":(\d+)/.exec(read(join(this.runDir, 'spoor/daemon.json')).toString())?.[1] ?? 0);
  }

  get consumers() {
    return workersOn(this.runDir).filter((pid) =>
      /spoor-consumer|host-main/.test(read(`/proc/${pid}/cmdline`)),
    );
  }

  note(what) {
    this.log.push(`${Math.round(performance.now() - this.beganMs)} ms: ${what}`);
  }

  /** A connection to the daemon, which is started if it was killed. */
  async reach() {
    for (const limit = Date.now() + patienceMs; ;) {
      try {
        await startDaemon({ environment: this.environment });
        return await ControlClient.connect({ environment: this.environment });
      } catch (error) {
        // It may be killed again over its start.
        if (Date.now() > limit || !this.isKilling) throw error;
      }
    }
  }

  /** Has the daemon do something, if need be the next one; undefined when it is not known whether it was done. */
  async ask(method, params) {
    let wasCutOff = false;
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const client = await this.reach();
      try {
        return await inTime(client.call(method, params), method);
      } catch (error) {
        if (!(error instanceof SpoorError)) throw error;
        this.note(`${method}: ${error.code}`);
        if (wasCutOff && afterwards.has(error.code)) return undefined;
        if (!cutOff.has(error.code)) throw error;
        wasCutOff = true;
      } finally {
        client.close();
      }
    }
    return fail(`${method} was cut off again and again`);
  }

  /** Runs the command; it may be killed. */
  async command(...args) {
    const child = spawn(process.execPath, [spoorProgram, ...args], {
      env: this.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    this.commandPid = child.pid;
    const ended = new Promise((settle) =>
      child.once('close', (status, signal) => settle({ status, signal })),
    );
    const { status, signal } = await inTime(ended, args.join(' '));
    this.commandPid = 0;
    this.note(`spoor ${args.join(' ')}: ${signal ?? status} ${stderr.trim()}`);
  }

  async run() {
    this.beganMs = performance.now();
    const { mode, channel, programs, threads, pauseUs, survives } = this.plan;
    const name = 's';
    try {
      const output = { kind: 'local', path: this.output };
      await this.ask('create-session', { name, mode, output, automaticEvents: false });
      const attributes = channels[channel];
      await this.ask('enable-channel', { session: name, domain: 'user', channel: 'c', attributes });
      const rule = { kind: 'user-tracepoint', name: 't:checked' };
      await this.ask('enable-event', { session: name, domain: 'user', channel: 'c', rule });
      await this.ask('start-session', { session: name });
      for (let program = 0; program < programs; program += 1) {
        const args = [this.folder, threads, pauseUs, program * 10].map(String);
        const child = spawn(
          process.execPath,
          ['--import', pathToFileURL(registerPath).href, checkedProgram, ...args],
          {
            env: this.environment,
            stdio: ['ignore', 'ignore', 'inherit'],
          },
        );
        this.children.push(child);
      }
      await until(() => this.threads.every((thread) => this.progressOf(thread) > 0), 'the programs');
      this.note('programs run');
      this.isKilling = true;
      await Promise.all([this.operate(), this.harm()]);
      this.isKilling = false;
      if (!survives) this.killPrograms();
      this.committed = this.threads.map((thread) => this.progressOf(thread));
      await this.ask('stop-session', { session: name });
      const left = (await this.ask('list-sessions', {})).sessions.map((session) => session.name);
      if (left.join() !== name) fail(`the sessions are ${left.join()}`);
      this.result = await this.ask('destroy-session', { session: name });
      if (this.result.warnings.length > 0) fail(`warnings at the end: ${this.result.warnings.join('; ')}`);
    } finally {
      this.killPrograms();
      await this.end();
    }
    return this.log.join('\n');
  }

  killPrograms() {
    for (const child of this.children) child.kill('SIGKILL');
  }

  /** Ends daemon and consumer as they are ended in earnest: neither must be stuck. */
  async end() {
    const { consumers } = this;
    if (consumers.length > 1) this.troubles = `there are ${consumers.length} consumers`;
    kill(this.daemon, 'SIGTERM');
    for (const pid of consumers) kill(pid, 'SIGTERM');
    try {
      await until(() => workersOn(this.runDir).length === 0, 'the end of all processes');
    } catch (error) {
      for (const pid of workersOn(this.runDir)) kill(pid);
      this.troubles ??= error.message;
    }
  }

  /** Does what the plan says. */
  async operate() {
    const session = 's';
    for (const verb of this.plan.verbs) {
      await this.pause(150);
      const isByCommand = this.random() < 0.4;
      this.note(verb);
      if (verb === 'clear') this.clearCount += 1;
      if (verb === 'pause') {
        this.pauseCount += 1;
        await this.ask('stop-session', { session });
        await this.pause(50);
        await this.ask('start-session', { session });
      } else if (isByCommand) {
        const words = { usage: ['status'], snapshot: ['snapshot', 'record', '-s', session] };
        await this.command(...(words[verb] ?? [verb, session]));
      } else if (verb === 'usage') await this.ask('get-usage', { session });
      else if (verb === 'rotate') await this.ask('rotate-session', { session });
      else if (verb === 'clear') await this.ask('clear-session', { session });
      else {
        const reached = this.threads.map((thread) => this.progressOf(thread));
        const done = await this.ask('record-snapshot', { session });
        for (const { path } of done?.snapshots ?? []) this.snapshots.push({ path, reached });
      }
    }
  }

  /** Kills whom the plan says. */
  async harm() {
    for (const victim of this.plan.victims) {
      await this.pause(250);
      this.note(`killing ${victim}`);
      if (victim === 'program') this.pick(this.children).kill('SIGKILL');
      if (victim === 'command') kill(this.commandPid ?? 0);
      if (victim.includes('daemon')) kill(this.daemon);
      if (victim.includes('consumer')) for (const pid of this.consumers) kill(pid);
    }
  }

  /** Looks at what is left; returns the number of events. */
  check() {
    if (this.troubles !== undefined) fail(this.troubles);
    this.checkPlaces();
    return this.plan.mode === 'local' ? this.checkChunks() : this.checkSnapshots();
  }

  /** Nothing is left of the session in shared memory and in the daemon's directory. */
  checkPlaces() {
    const left = readdirSync(this.runDir, { recursive: true }).filter((name) =>
      /sessions\/.*\d|\.ring|draft|\.gone|stale|daemon\.json|\.sock/.test(name),
    );
    if (left.length > 0) fail(`left behind: ${left.join(', ')}`);
  }

  checkChunks() {
    const archives = join(this.output, 'archives');
    const ids = (name) => Number(/-(\d+)$/.exec(name)?.[1]);
    const chunks = existsSync(archives)
      ? readdirSync(archives)
          .sort((a, b) => ids(a) - ids(b))
          .map((name) => join(archives, name))
      : [];
    for (const name of readdirSync(this.output)) {
      if (name !== 'archives' && name !== 'ust') fail(`${name} is left in the output directory`);
    }
    if (existsSync(join(this.output, 'ust'))) chunks.push(this.output);
    const whole = new Map();
    const lost = new Map();
    let count = 0;
    for (const chunk of chunks) {
      const path = chunk === this.output ? join(chunk, 'ust') : chunk;
      const found = eventsOf(path);
      let inChunk = 0;
      for (const [thread, numbers] of found) {
        inChunk += numbers.length;
        whole.set(thread, [...(whole.get(thread) ?? []), ...numbers]);
      }
      for (const [stream, events] of lostByStream(path)) {
        const key = stream.split('/').slice(-3).join('/');
        lost.set(key, Math.max(events, lost.get(key) ?? 0));
      }
      if (hasPeer && inChunk > 0) checkPeer(path, inChunk);
      count += inChunk;
    }
    const lostCount = sumOf(lost);
    for (const [index, thread] of this.threads.entries()) {
      this.checkThread(thread, whole.get(thread) ?? [], this.committed[index], lostCount);
    }
    if (this.clearCount === 0 && this.result?.losses.eventCount !== count) {
      fail(`the session had ${this.result?.losses.eventCount} events, its trace has ${count}`);
    }
    return count;
  }

  checkThread(thread, numbers, committed, lost) {
    const isWhole = this.plan.channel !== 'overwrite';
    let gaps = 0;
    for (let index = 1; index < numbers.length; index += 1) {
      const step = numbers[index] - numbers[index - 1];
      if (step <= 0) fail(`thread ${thread}: ${numbers[index]} after ${numbers[index - 1]}`);
      if (step > 1) gaps += 1;
    }
    if (!isWhole) return;
    if (lost === 0 && gaps > this.pauseCount + this.clearCount) {
      fail(`thread ${thread}: ${gaps} gaps, ${this.pauseCount} pauses, ${this.clearCount} clears`);
    }
    if (lost === 0 && this.clearCount === 0 && (numbers[0] ?? 0) !== 0)
      fail(`thread ${thread} begins at ${numbers[0]}`);
    const reached = (numbers.at(-1) ?? -1) + 1;
    // A program that was killed while its session stood still had events that nobody wanted.
    if (reached + lost < committed && this.pauseCount === 0 && this.clearCount === 0) {
      fail(`thread ${thread} committed ${committed} events, the trace ends at ${reached}`);
    }
  }

  checkSnapshots() {
    let count = 0;
    const complete = new Map(this.snapshots.map(({ path, reached }) => [path, reached]));
    for (const name of existsSync(this.output) ? readdirSync(this.output) : []) {
      const path = join(this.output, name);
      const found = eventsOf(path);
      const packetGaps = packetGapsOf(path);
      let inSnapshot = 0;
      for (const [thread, numbers] of found) {
        inSnapshot += numbers.length;
        let gaps = 0;
        for (let index = 1; index < numbers.length; index += 1) {
          const step = numbers[index] - numbers[index - 1];
          if (step <= 0) fail(`${name}: thread ${thread}: ${numbers[index]} after ${numbers[index - 1]}`);
          if (step > 1) gaps += 1;
        }
        if (gaps > this.pauseCount + packetGaps) {
          fail(
            `${name}: thread ${thread}: ${gaps} gaps, ${this.pauseCount} pauses, ${packetGaps} in packets`,
          );
        }
      }
      const reached = complete.get(path);
      complete.delete(path);
      if (reached !== undefined && this.pauseCount === 0 && this.clearCount === 0) {
        for (const [index, thread] of this.threads.entries()) {
          const last = (found.get(thread)?.at(-1) ?? -1) + 1;
          if (last < reached[index])
            fail(`${name}: thread ${thread} ends at ${last}, before ${reached[index]}`);
        }
      }
      if (hasPeer && inSnapshot > 0) checkPeer(path, inSnapshot);
      count += inSnapshot;
    }
    if (complete.size > 0) fail(`missing: ${[...complete.keys()].join(', ')}`);
    return count;
  }
}

async function inTime(promise, what) {
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`${what} is stuck`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
