// Spoor's side of the control benchmark: a daemon, programs of Node.js, and what is asked of both.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient, type EventRule } from '@spoor/control';
import { startDaemon } from '@spoor/sessiond';
import { openTrace } from '@spoor/trace';
import { repoRoot } from '../../tests/support/machine.ts';
import { registerUrl } from '../../tests/support/session.ts';
import { spoorProgram } from '../../tests/support/spoor.ts';
import { type Sample, spend } from '../harness.ts';
import {
  alarmTimeNs,
  cpuMsOf,
  newTrace,
  residentBytesOf,
  streamBytes,
  timed,
  until,
} from './control-facts.ts';
import { idleSeconds, loads } from './control-loads.ts';
import { median } from './statistics.ts';

const programPath = join(repoRoot, 'bench/support/control-app.mjs');

/** A program that does what it is told. */
class Program {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(environment: NodeJS.ProcessEnv, threads: number, fill: number) {
    const args = ['--import', registerUrl, programPath, String(threads), String(fill)];
    this.child = spawn(process.execPath, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('a program ended');
    return value;
  }

  tell(line: string): Promise<string> {
    this.child.stdin!.write(`${line}\n`);
    return this.answer();
  }
}

/** A daemon in directories of its own in shared memory. */
class Place {
  readonly path = mkdtempSync('/dev/shm/spoor-bench-control-');
  readonly environment: NodeJS.ProcessEnv;
  readonly programs: Program[] = [];
  #client: ControlClient | undefined;

  constructor() {
    const { SPOOR_SESSION: _session, SPOOR_RUN_DIR: _runDir, NODE_OPTIONS: _options, ...rest } = process.env;
    this.environment = { ...rest, HOME: this.path, LTTNG_HOME: this.path, LTTNG_RUNDIR: this.path };
  }

  get client(): ControlClient {
    return this.#client!;
  }

  get hub(): string {
    return join(this.path, 'spoor/hub');
  }

  get output(): string {
    return join(this.path, 'trace');
  }

  async connect(): Promise<void> {
    await startDaemon({ environment: this.environment });
    this.#client = await ControlClient.connect({ environment: this.environment });
  }

  /** A session with one channel that takes all events of the programs. */
  async session(
    mode: 'local' | 'snapshot',
    subBufferSizeBytes: number,
    subBufferCount: number,
  ): Promise<void> {
    const output = { kind: 'local', path: this.output } as const;
    await this.client.call('create-session', { name: 's', mode, output, automaticEvents: false });
    const attributes = {
      subBufferSizeBytes,
      subBufferCount,
      lossMode: mode === 'snapshot' ? 'overwrite' : 'discard',
    } as const;
    const channel = { session: 's', domain: 'user', channel: 'c' } as const;
    await this.client.call('enable-channel', { ...channel, attributes });
    await this.enable('app:*');
    await this.client.call('start-session', { session: 's' });
  }

  async enable(name: string): Promise<void> {
    const rule: EventRule = { kind: 'user-tracepoint', name };
    await this.client.call('enable-event', { session: 's', domain: 'user', channel: 'c', rule });
  }

  async start(count: number, threads: number, fill = 0): Promise<void> {
    const ready: Promise<string>[] = [];
    for (let left = count; left > 0; left -= 1) {
      const program = new Program(this.environment, threads, fill);
      this.programs.push(program);
      ready.push(program.answer());
      // A few at a time: what is measured comes after their starts.
      if (left % 4 === 1) await Promise.all(ready);
    }
  }

  /** Waits until so many threads know of the session as it is now. */
  async joined(threads: number): Promise<void> {
    const [id = ''] = readdirSync(join(this.hub, 'sessions'));
    const session = join(this.hub, 'sessions', id);
    const { revision } = JSON.parse(readFileSync(join(session, 'session.json'), 'utf8')) as {
      readonly revision: number;
    };
    /** What was seen to be so stays so: who looks takes processor time from those that are looked at. */
    const told = new Set<string>();
    const done = new Set<string>();
    await until(
      'all threads know of the session',
      () => {
        for (const process of readdirSync(session)) {
          if (done.has(process) || !/^\d+-\d+$/.test(process)) continue;
          const folder = join(session, process, 'status');
          const paths = listed(folder).map((name) => join(folder, name));
          for (const path of paths) if (!told.has(path) && revisionOf(path) >= revision) told.add(path);
          const isTold =
            paths.length * this.programs.length >= threads && paths.every((path) => told.has(path));
          if (isTold) done.add(process);
        }
        return told.size >= threads;
      },
      20,
    );
  }

  get daemonPid(): number {
    return this.client.welcome.pid;
  }

  get consumerPid(): number {
    const [id = ''] = readdirSync(join(this.hub, 'sessions'));
    const text = readFileSync(join(this.hub, 'sessions', id, 'consumer.json'), 'utf8');
    return (JSON.parse(text) as { readonly pid: number }).pid;
  }

  async close(): Promise<void> {
    for (const { child } of this.programs) child.kill('SIGKILL');
    await this.client.call('destroy-session', { session: 's' }).catch(() => undefined);
    process.kill(this.daemonPid, 'SIGTERM');
    await until('the daemon has ended', () => !isThere(this.daemonPid));
    this.client.close();
    // The consumer ends by itself, a while after its daemon.
    rmSync(this.path, { recursive: true, force: true, maxRetries: 20 });
  }
}

function isThere(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function revisionOf(path: string): number {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { readonly revision?: number }).revision ?? 0;
  } catch {
    return 0;
  }
}

async function inPlace(work: (place: Place) => Promise<Sample>): Promise<Sample> {
  const place = new Place();
  try {
    await place.connect();
    return await work(place);
  } finally {
    await place.close();
  }
}

/** Commands, and requests over a connection. */
export function answers(): Promise<Sample> {
  return inPlace(async (place) => {
    await place.session('local', 65_536, 4);
    const env = place.environment as Record<string, string>;
    const walls: number[] = [];
    const node: number[] = [];
    const cpuMs: number[] = [];
    const nodeCpuMs: number[] = [];
    const requests: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      const bare = await spend([process.execPath, '-e', '0'], { env });
      const verb = await spend([process.execPath, spoorProgram, 'list'], { env });
      node.push(bare.wallS * 1000);
      nodeCpuMs.push(bare.cpuS * 1000);
      walls.push(verb.wallS * 1000);
      cpuMs.push(verb.cpuS * 1000);
      requests.push(await timed(() => place.client.call('list-sessions', {})));
    }
    return {
      commandMs: median(walls),
      besideStartMs: median(walls) - median(node),
      commandCpuMs: median(cpuMs),
      besideStartCpuMs: median(cpuMs) - median(nodeCpuMs),
      requestMs: median(requests),
    };
  });
}

/** Many programs: what it takes to record them, to have another event of all, and to leave them alone. */
export function programs(): Promise<Sample> {
  const { programs: count, threads } = loads.many;
  return inPlace(async (place) => {
    await place.start(count, threads);
    await sleep(1000);
    const pids = place.programs.map(({ child }) => child.pid!);
    const cpuBefore = cpuMsOf(pids);
    const registerMs = await timed(async () => {
      // The sizes that channels have by default.
      await place.session('local', 524_288, 4);
      await place.joined(count * threads);
    });
    const registerCpuMs = cpuMsOf(pids) - cpuBefore;
    const enables: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      await sleep(50);
      enables.push(
        await timed(async () => {
          await place.enable(`other:${turn}`);
          await place.joined(count * threads);
        }),
      );
    }
    const cpuBeforeClasses = cpuMsOf(pids);
    const declareMs = await timed(async () => {
      await Promise.all(place.programs.map((program) => program.tell('classes')));
    });
    const declareCpuMs = cpuMsOf(pids) - cpuBeforeClasses;
    await sleep(2000);
    const daemon = [place.daemonPid];
    const consumer = [place.consumerPid];
    const before = [daemon, consumer, pids].map(cpuMsOf);
    await sleep(idleSeconds * 1000);
    const after = [daemon, consumer, pids].map(cpuMsOf);
    const percent = (index: number): number => (after[index]! - before[index]!) / (idleSeconds * 10);
    return {
      registerMs,
      registerCpuMs,
      enableMs: median(enables),
      declareMs,
      declareCpuMs,
      idleDaemonCpuPercent: percent(0),
      idleConsumerCpuPercent: percent(1),
      idleProgramsCpuPercent: percent(2),
      idleDaemonBytes: residentBytesOf(daemon),
      idleConsumerBytes: residentBytesOf(consumer),
    };
  });
}

/** Rings that are full are written to a tmpfs. */
export function drain(): Promise<Sample> {
  const { programs: count, threads, events, subBufferBytes, subBuffers } = loads.drain;
  return inPlace(async (place) => {
    await place.session('local', subBufferBytes, subBuffers);
    await place.start(count, threads, events);
    await place.joined(count * threads);
    const { consumerPid } = place;
    process.kill(consumerPid, 'SIGSTOP');
    for (const program of place.programs) await program.tell('fill');
    const before = cpuMsOf([consumerPid]);
    const tookMs = await timed(async () => {
      process.kill(consumerPid, 'SIGCONT');
      await place.client.call('stop-session', { session: 's' });
    });
    const cpuMs = cpuMsOf([consumerPid]) - before;
    const files = readdirSync(place.output, { recursive: true }).map((name) => {
      const path = join(place.output, String(name));
      const found = statSync(path);
      return { path, sizeBytes: found.isFile() ? found.size : 0 };
    });
    const megabytes = streamBytes(files) / 1e6;
    return {
      drainMbPerSecond: megabytes / (tookMs / 1000),
      drainMbPerCpuSecond: megabytes / (cpuMs / 1000),
      drainedMb: megabytes,
    };
  });
}

/** A flight recorder is written out, told to by a request, and by a trigger. */
export function snapshot(): Promise<Sample> {
  const { threads, events, subBufferBytes, subBuffers } = loads.snapshot;
  return inPlace(async (place) => {
    await place.session('snapshot', subBufferBytes, subBuffers);
    await place.start(1, threads, events);
    await place.joined(threads);
    const [program] = place.programs;
    await program!.tell('fill');
    const took: number[] = [];
    let snapshotMb = 0;
    for (let turn = 0; turn < loads.turns; turn += 1) {
      const seen = new Set(listedFolders(place.output));
      took.push(await timed(() => place.client.call('record-snapshot', { session: 's' })));
      const path = newTrace(place.output, seen)!;
      snapshotMb = checkedMegabytes(path);
      rmSync(path, { recursive: true });
    }
    await place.client.call('add-trigger', {
      condition: {
        kind: 'event-rule-matches',
        rule: { kind: 'user-tracepoint', name: 'app:alarm' },
        captures: [],
      },
      actions: [{ kind: 'snapshot-session', session: 's' }],
    });
    await sleep(1000);
    const triggered: number[] = [];
    for (let turn = 0; turn < loads.turns; turn += 1) {
      const seen = new Set(listedFolders(place.output));
      const emittedNs = alarmTimeNs(await program!.tell('alarm'));
      await until('the snapshot is there', () => newTrace(place.output, seen) !== undefined, 1);
      triggered.push(Number(process.hrtime.bigint() - emittedNs) / 1e6);
      rmSync(newTrace(place.output, seen)!, { recursive: true });
    }
    return { snapshotMs: median(took), snapshotMb, triggerMs: median(triggered) };
  });
}

function listedFolders(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Megabytes of a trace that can be read. */
function checkedMegabytes(path: string): number {
  let count = 0;
  for (const _event of openTrace(path).events()) count += 1;
  if (count === 0) throw new Error(`no event in ${path}`);
  let sum = 0;
  for (const name of readdirSync(path, { recursive: true })) {
    const found = statSync(join(path, String(name)));
    if (found.isFile()) sum += found.size;
  }
  return sum / 1e6;
}
