/** Services that decide about triggers, the hub that they are told by, and real programs in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Notification, RecordSnapshot, TriggerNotification, TriggerRequest } from '@spoor/control';
import { HUB_FILE, RUN_VERSION, SESSION_VARIABLE } from '@spoor/ringbuffer';
import type { FileUser } from '@spoor/sys';
import { readTriggerArguments } from '@spoor/trigger';
import { expect } from 'vitest';
import { registerPath } from '../../../../tests/support/session.ts';
import { tracerUrl } from '../../../../tests/support/traced.ts';
import { TriggerService } from '../triggers/trigger-service.ts';

/** What a program can be told to do. */
export type Call = readonly [
  name: 'order' | 'begin' | 'end' | 'sleep' | 'untilOff' | 'worker',
  ...args: readonly unknown[],
];

/** A traced program that makes the calls that it is told; it ends by itself when its input does. */
export interface Program {
  readonly pid: number;
  /** Has the program make calls, one after the other, and waits for their end. */
  readonly run: (...calls: readonly Call[]) => Promise<void>;
  /** Ends the program. */
  readonly end: () => Promise<void>;
}

const tracerPath = new URL(tracerUrl).pathname;

const programText = `
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { tracepoint, registerContext } from '${tracerPath}';
const order = tracepoint('shop:order', { id: 'u32', customer: 'string', items: { kind: 'sequence', element: 'u16' } }, { logLevel: 'info' });
const begin = tracepoint('shop:work_begin', { id: 'u32', what: 'string' });
const end = tracepoint('shop:work_end', { job: 'u32', status: 'u8' });
registerContext('shop:user', () => 'ann');
const calls = {
  order, begin, end,
  worker: (id) => new Promise((ended) => new Worker(threadText, { eval: true, workerData: id }).once('exit', ended)),
  sleep: (ms) => new Promise((wake) => setTimeout(wake, ms)),
  untilOff: async () => { while (begin.enabled) await calls.sleep(5); },
};
const threadText = "import('${tracerPath}').then(({ tracepoint }) => tracepoint('shop:order', { id: 'u32', customer: 'string', items: { kind: 'sequence', element: 'u16' } }, { logLevel: 'info' })(require('node:worker_threads').workerData, 'w', []))";
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  for (const [name, ...args] of JSON.parse(line)) await calls[name](...args);
  console.log('done');
}`;

/** What a user who adds a trigger writes, as it is sent. */
export function requestOf(...args: readonly string[]): TriggerRequest {
  return readTriggerArguments(args, {
    levels: { info: 6, warning: 4 },
    resolvePath: (path) => path,
    resolvePlace: (text) => text,
  });
}

/** Who asks, in tests. */
export const rootUser: FileUser = { uid: process.getuid!(), gid: 0 };

/** Adds a trigger of root's. */
export async function add(service: TriggerService, ...args: readonly string[]): Promise<void> {
  await service.add(requestOf(...args), 0);
}

/** Calls of `order` with numbers in their order. */
export const orders = (from: number, to: number, customer = 'a'): readonly Call[] =>
  Array.from({ length: to - from }, (_, index): Call => ['order', from + index, customer, []]);

/** Waits, however long it takes, until something is so; the test's own limit ends it. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((wake) => setTimeout(wake, 5));
}

/** A hub of a test. */
export class TriggerHub {
  /** What programs leave lies beside the hub. */
  readonly #runDir: string = mkdtempSync('/dev/shm/spoor-test-triggers-');
  readonly path: string = join(this.#runDir, 'hub');
  /** Of the session that triggers are decided from. */
  readonly watchPath: string = join(this.path, 'sessions', '.triggers');
  readonly published: TriggerNotification[] = [];
  /** Actions on sessions, in their order. */
  readonly done: string[] = [];
  readonly troubles: string[] = [];
  /** Names of sessions that record. */
  readonly active: Set<string> = new Set<string>();
  readonly #services: TriggerService[] = [];
  readonly #children: ChildProcess[] = [];

  constructor() {
    mkdirSync(join(this.path, 'sessions'), { recursive: true });
    this.#touch();
  }

  #touch(): void {
    writeFileSync(join(this.path, '.hub'), JSON.stringify({ version: RUN_VERSION, watchMs: 10 }));
    renameSync(join(this.path, '.hub'), join(this.path, HUB_FILE));
  }

  /** Ends all that was begun here. */
  close(): void {
    for (const service of this.#services) service.close();
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.#runDir, { recursive: true, force: true });
  }

  /** A daemon's service; it takes up what another one left. */
  makeService(): TriggerService {
    const note =
      (what: string) =>
      async (name: string): Promise<void> => {
        await Promise.resolve();
        this.done.push(`${what} ${name}`);
      };
    const service = new TriggerService({
      sessionsPath: join(this.path, 'sessions'),
      statePath: join(this.path, 'triggers.json'),
      touchHub: () => this.#touch(),
      target: {
        startSession: note('start'),
        stopSession: note('stop'),
        rotateSession: note('rotate'),
        recordSnapshot: ({ session, name }: RecordSnapshot) => note('snapshot')(`${session} ${name}`),
        publish: (notification: Notification) => {
          if (notification.topic === 'trigger') this.published.push(notification.notification);
        },
      },
      mayUse: () => true,
      isActive: (session) => this.active.has(session),
      takesAutomatic: ({ name }) => name.startsWith('http_server:'),
      onTrouble: (text) => this.troubles.push(text),
    });
    this.#services.push(service);
    return service;
  }

  /** Starts a program. */
  async start(...nodeArgs: readonly string[]): Promise<Program> {
    const file = join(this.path, `program-${this.#children.length}.mjs`);
    writeFileSync(file, programText);
    const child = spawn(process.execPath, [...nodeArgs, '--require', registerPath, file], {
      env: { ...process.env, [SESSION_VARIABLE]: this.path },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    return {
      pid: child.pid!,
      run: async (...calls) => {
        child.stdin.write(`${JSON.stringify(calls)}\n`);
        expect((await lines.next()).value).toBe('done');
      },
      end: async () => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.stdin.end();
        await ended;
      },
    };
  }

  /** Directories of processes in the watch session. */
  watched(): readonly string[] {
    return existsSync(this.watchPath) ? readdirSync(this.watchPath).filter((name) => /^\d/.test(name)) : [];
  }

  /** Waits until a program has attached to the watch session with all that it asks now. */
  async attached({ pid }: Program): Promise<void> {
    await until(() => this.watched().some((name) => name.startsWith(`${pid}-`)));
  }
}
