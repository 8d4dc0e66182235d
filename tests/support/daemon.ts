// A session daemon of its own for a test, with programs that emit what they are told to, and a client.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openTrace } from '@spoor/components/node';
import { ControlClient, type Environment } from '@spoor/control';
import type { startDaemon } from '@spoor/sessiond';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { repoRoot } from './machine.ts';
import { removeTree } from './removal.ts';
import { registerUrl } from './session.ts';
import { tracerUrl } from './traced.ts';

/** The daemon as it is built, for it starts processes. */
const built = (await import(pathToFileURL(join(repoRoot, 'packages/sessiond/dist/index.js')).href)) as {
  readonly startDaemon: typeof startDaemon;
};

const programText = `
import { counter, tracepoint } from ${JSON.stringify(tracerUrl)};
import { createInterface } from 'node:readline';
const step = tracepoint('test:step', { n: 'u32' });
const other = tracepoint('test:other', { n: 'u32' }, { logLevel: 'err' });
let next = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [word, count] = line.split(' ');
  if (word === 'emit') for (let left = Number(count); left > 0; left -= 1) step(next++);
  if (word === 'other') for (let n = 0; n < Number(count); n += 1) other(n);
  if (word === 'count') counter('test:counted').add(Number(count));
  if (word === 'end') break;
  console.log(word);
}
process.exit(0);
`;

/** Waits until something is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await isSo());) {
    if (performance.now() - began > 60_000) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Whether no thread of a process does anything any more; the first may have ended before the others. */
export function hasEnded(pid: number): boolean {
  try {
    const isDead = /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return isDead && readdirSync(`/proc/${pid}/task`).length <= 1;
  } catch {
    return true;
  }
}

/** A program that is loaded with the tracer, as anybody starts one. */
export class EmittingProgram {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly ended: Promise<void>;

  /** @param user whose program it is; this one's by default. */
  constructor(path: string, environment: Environment, user?: number) {
    this.child = spawn(process.execPath, ['--import', registerUrl, path], {
      env: environment as NodeJS.ProcessEnv,
      ...(user === undefined ? {} : { uid: user, gid: user }),
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.ended = new Promise((resolve) => this.child.once('close', () => resolve()));
  }

  /** Has the program do something; resolves when it has: `emit N` numbered events, `other N`, `count N` by a counter, `nothing`. */
  async tell(line: string): Promise<void> {
    this.child.stdin!.write(`${line}\n`);
    const { value } = (await this.#lines.next()) as { value: string };
    expect(value).toBe(line.split(' ')[0]);
  }

  async end(): Promise<void> {
    this.child.stdin!.write('end\n');
    await this.ended;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A daemon in directories of its own, all of which go with it. */
export class TestDaemon {
  readonly home: string;
  readonly runDir: string;
  readonly environment: Environment;
  readonly #programPath: string;
  readonly #programs: EmittingProgram[] = [];
  readonly #clients: ControlClient[] = [];

  constructor() {
    this.home = mkdtempSync(join(tmpdir(), 'spoor-home-'));
    this.runDir = mkdtempSync('/dev/shm/spoor-daemon-');
    const { SPOOR_SESSION: _s, SPOOR_RUN_DIR: _r, NODE_OPTIONS: _n, ...rest } = process.env;
    this.environment = {
      ...rest,
      TZ: 'UTC',
      LTTNG_HOME: this.home,
      HOME: this.home,
      LTTNG_RUNDIR: this.runDir,
    };
    this.#programPath = join(this.home, 'program.mjs');
    writeFileSync(this.#programPath, programText);
  }

  /** Process number of the daemon that runs; undefined without one. */
  get pid(): number | undefined {
    return this.#identity('daemon.json');
  }

  /** The directory by which programs learn of sessions. */
  get hub(): string {
    return join(this.runDir, 'spoor/hub');
  }

  async start(): Promise<ControlClient> {
    await built.startDaemon({ environment: this.environment });
    return this.connect();
  }

  async connect(): Promise<ControlClient> {
    const client = await ControlClient.connect({ environment: this.environment, client: 'test' });
    this.#clients.push(client);
    return client;
  }

  /** Starts a program, perhaps of another user; resolves when it runs. */
  async program(user?: number): Promise<EmittingProgram> {
    const program = new EmittingProgram(this.#programPath, this.environment, user);
    this.#programs.push(program);
    await program.tell('nothing');
    return program;
  }

  /** Kills the daemon without a warning. */
  async kill(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    process.kill(pid, 'SIGKILL');
    await until('the daemon is gone', () => hasEnded(pid));
  }

  /** Process numbers of the consumer and of whoever stands in for it. */
  consumerPid(session: number): number | undefined {
    return this.#identity(`hub/sessions/${session}/consumer.json`);
  }

  /** Waits until all threads of a program know of a session as it is now. */
  async joined(session: number, { child }: EmittingProgram): Promise<void> {
    const folder = join(this.hub, 'sessions', String(session));
    const { revision } = JSON.parse(readFileSync(join(folder, 'session.json'), 'utf8')) as {
      readonly revision: number;
    };
    await until('the program has joined the session', () => {
      const users = join(folder, 'users');
      const places = [
        folder,
        ...(existsSync(users) ? readdirSync(users).map((name) => join(users, name)) : []),
      ];
      const found = places.flatMap((place) =>
        readdirSync(place)
          .filter((entry) => entry.startsWith(`${child.pid}-`))
          .map((entry) => join(place, entry)),
      );
      if (found[0] === undefined) return false;
      const status = join(found[0], 'status');
      return (
        existsSync(status) &&
        readdirSync(status).length > 0 &&
        readdirSync(status).every((file) => {
          try {
            const text = readFileSync(join(status, file), 'utf8');
            return ((JSON.parse(text) as { revision?: number }).revision ?? 0) >= revision;
          } catch {
            return false;
          }
        })
      );
    });
  }

  /** Ends all that was started, and takes the directories away. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const program of this.#programs) await program.kill();
    await this.kill();
    for (const pid of this.#consumers()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        continue; // It is gone.
      }
      await until('a consumer is gone', () => hasEnded(pid));
    }
    // Programs that the test started itself may be about to leave something behind as they end.
    removeTree(this.home);
    removeTree(this.runDir);
  }

  /** Consumers of this daemon, those too that it had not heard of yet as it was killed. */
  #consumers(): number[] {
    return readdirSync('/proc').flatMap((name) => {
      try {
        const [command, environment] = ['cmdline', 'environ'].map((file) =>
          readFileSync(join('/proc', name, file), 'latin1'),
        );
        const isConsumer = /^spoor-consumer|host-main\.js/.test(command!);
        return isConsumer && environment!.split('\0').includes(`LTTNG_RUNDIR=${this.runDir}`)
          ? [Number(name)]
          : [];
      } catch {
        return []; // No process, or one that has ended.
      }
    });
  }

  #identity(file: string): number | undefined {
    try {
      const { pid } = JSON.parse(readFileSync(join(this.runDir, 'spoor', file), 'utf8')) as { pid: number };
      return existsSync(`/proc/${pid}/exe`) ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

/** Time for a test that starts many processes, on a machine that does much else. */
export const patientlyMs = 500_000;

/** A test with a daemon of its own. */
export function withDaemon(body: (daemon: TestDaemon) => Promise<void>): () => Promise<void> {
  return async () => {
    const daemon = new TestDaemon();
    try {
      await body(daemon);
    } finally {
      await daemon.close();
    }
  };
}

/** Makes and starts a session `s` that records the programs' numbered events, in rings of 64 KiB. */
export async function recordSteps(client: ControlClient, path: string) {
  const output = { kind: 'local', path } as const;
  const { session } = await client.call('create-session', { name: 's', mode: 'local', output });
  const attributes = { subBufferSizeBytes: 16_384, subBufferCount: 4 };
  await client.call('enable-channel', { session: 's', domain: 'user', channel: 'c', attributes });
  const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
  await client.call('enable-event', { session: 's', domain: 'user', channel: 'c', rule });
  await client.call('start-session', { session: 's' });
  return session;
}

/** The same by a daemon that is started for it, with a program that has joined the session. */
export async function recordProgram(daemon: TestDaemon, path: string) {
  const client = await daemon.start();
  const session = await recordSteps(client, path);
  const program = await daemon.program();
  await daemon.joined(session.id, program);
  return { client, session, program };
}

/** Numbers that the events `test:step` have, in the order of time, of all traces below a directory. */
export function steps(path: string): number[] {
  const numbers: number[] = [];
  for (const event of openTrace(path).events()) {
    if (event.name === 'test:step') numbers.push(Number(event.payload()['n']));
  }
  return numbers;
}

/** 0, 1, 2 … */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
