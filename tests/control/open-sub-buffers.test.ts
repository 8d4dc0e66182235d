// What lies in the open sub-buffer of a thread that never looks: verbs and timers take it without the thread's help.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlClient } from '@spoor/control';
import { expect, test } from 'vitest';
import { type TestDaemon, patientlyMs, steps, until, upTo, withDaemon } from '../support/daemon.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { registerUrl } from '../support/session.ts';
import { tracerUrl } from '../support/traced.ts';

/** Emits a hundred events a round; the main thread sleeps in between, and its event loop never turns. */
const programText = `
import { existsSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { tracepoint } from ${JSON.stringify(tracerUrl)};
const step = tracepoint('test:step', { n: 'u32' });
const [folder] = process.argv.slice(2);
const round = new Int32Array(new SharedArrayBuffer(4));
new Worker(
  \`const { workerData } = require('node:worker_threads');
  const { existsSync } = require('node:fs');
  setInterval(() => {
    const next = workerData.round[0] + 1;
    if (!existsSync(workerData.folder + '/go-' + next)) return;
    Atomics.store(workerData.round, 0, next);
    Atomics.notify(workerData.round, 0);
  }, 5);\`,
  { eval: true, workerData: { round, folder }, execArgv: [] },
);
for (let number = 0; ; number += 1) {
  for (let at = 0; at < 100; at += 1) step(100 * number + at);
  writeFileSync(folder + '/asleep-' + number, '');
  Atomics.wait(round, 0, number);
}
`;

/** A program whose main thread is asleep, except for a round of events now and then. */
class SleepingProgram {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #round = 0;

  constructor({ home, environment }: TestDaemon) {
    this.#folder = join(home, 'rounds');
    mkdirSync(this.#folder);
    const path = join(home, 'sleeping.mjs');
    writeFileSync(path, programText);
    this.#child = spawn(process.execPath, ['--import', registerUrl, path, this.#folder], {
      env: environment as NodeJS.ProcessEnv,
      stdio: 'inherit',
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  /** Waits until the thread sleeps again. */
  async asleep(): Promise<void> {
    await until('the program sleeps', () => existsSync(join(this.#folder, `asleep-${this.#round}`)));
  }

  /** Has it emit the next hundred events. */
  async emit(): Promise<void> {
    this.#round += 1;
    writeFileSync(join(this.#folder, `go-${this.#round}`), '');
    await this.asleep();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** A session that records a sleeping program. */
async function withSleeper(
  daemon: TestDaemon,
  attributes: Parameters<typeof makeSession>[2],
  body: (client: ControlClient, program: SleepingProgram, path: string) => Promise<void>,
): Promise<void> {
  const client = await daemon.start();
  const path = join(daemon.home, 'trace');
  await makeSession(client, path, attributes);
  const program = new SleepingProgram(daemon);
  try {
    await program.asleep();
    await body(client, program, path);
  } finally {
    await program.kill();
  }
}

async function makeSession(
  client: ControlClient,
  path: string,
  attributes: { readonly switchTimerUs?: number; readonly lossMode?: 'overwrite' },
): Promise<void> {
  const session = 's';
  await client.call('create-session', { name: session, mode: 'local', output: { kind: 'local', path } });
  await client.call('enable-channel', { session, domain: 'user', channel: 'ch', attributes });
  const rule = { kind: 'user-tracepoint', name: 'test:step' } as const;
  await client.call('enable-event', { session, domain: 'user', channel: 'ch', rule });
  await client.call('start-session', { session });
}

const range = (from: number, to: number): number[] => upTo(to).slice(from);

describeNeeding([command('babeltrace2')], 'chunks with parts of sub-buffers', () => {
  for (const lossMode of ['discard', 'overwrite'] as const) {
    const attributes = lossMode === 'discard' ? {} : { lossMode };
    test(
      `rotate, clear, stop and start part the events of a thread that sleeps (${lossMode})`,
      withDaemon((daemon) =>
        withSleeper(daemon, attributes, async (client, program, path) => {
          const session = 's';
          const first = await client.call('rotate-session', { session });
          expect(steps(first.path)).toEqual(upTo(100));
          await program.emit();
          expect((await client.call('clear-session', { session })).warnings).toEqual([]);
          await program.emit();
          const { warnings, losses } = await client.call('stop-session', { session });
          expect(warnings).toEqual([]);
          expect(losses).toEqual({ eventCount: 300, discardedCount: 0, overwrittenCount: 0 });
          // The thread does not know that nothing is recorded, nor that it is again.
          await program.emit();
          await client.call('start-session', { session });
          await program.emit();
          const { path: last, ...ended } = await client.call('destroy-session', { session });
          expect(ended.losses).toEqual({ eventCount: 400, discardedCount: 0, overwrittenCount: 0 });
          const chunks = readdirSync(join(path, 'archives')).sort();
          expect(chunks).toHaveLength(2);
          expect(steps(last!)).toEqual([...range(200, 300), ...range(400, 500)]);
          for (const chunk of chunks) {
            const seen = babeltrace2([join(path, 'archives', chunk)]);
            expect(seen.status, seen.stderr).toBe(0);
            expect(seen.stderr).toBe('');
          }
        }),
      ),
      patientlyMs,
    );
  }
});

test(
  'the switch timer brings the events of a thread that sleeps to the disk',
  withDaemon((daemon) =>
    withSleeper(daemon, { switchTimerUs: 20_000 }, async (_client, program, path) => {
      const found = (): number[] => (existsSync(join(path, 'ust')) ? steps(path) : []);
      await until('the first events are on disk', () => found().length >= 100);
      expect(found()).toEqual(upTo(100));
      await program.emit();
      await until('the second events are on disk', () => found().length >= 200);
      expect(found()).toEqual(upTo(200));
    }),
  ),
  patientlyMs,
);

for (const mode of ['local', 'snapshot'] as const) {
  test(
    `what is in an open sub-buffer is told, and changes of rules leave it open (${mode})`,
    withDaemon(async (daemon) => {
      const client = await daemon.start();
      const session = 's';
      const output = { kind: 'local', path: join(daemon.home, 'trace') } as const;
      await client.call('create-session', { name: session, mode, output, automaticEvents: false });
      const channel = { session, domain: 'user', channel: 'ch' } as const;
      const subBufferSizeBytes = 65_536;
      await client.call('enable-channel', { ...channel, attributes: { subBufferSizeBytes } });
      const enable = (name: string) =>
        client.call('enable-event', { ...channel, rule: { kind: 'user-tracepoint', name } });
      await enable('test:step');
      await client.call('start-session', { session });
      const program = await daemon.program();
      const told = async (): Promise<number> => {
        const { channels } = await client.call('get-usage', { session });
        return channels.reduce((sum, row) => sum + row.producedBytes, 0);
      };
      const producedBytes = async (): Promise<number> => {
        await program.tell('emit 10');
        return told();
      };
      await program.tell('emit 10');
      await until('the consumer has found the ring', async () => (await told()) > 0);
      const first = await told();
      const second = await producedBytes();
      expect(second).toBeGreaterThan(first);
      await enable('test:other');
      const [id] = readdirSync(join(daemon.hub, 'sessions'));
      await daemon.joined(Number(id), program);
      const third = await producedBytes();
      expect(third).toBeGreaterThan(second);
      // A sub-buffer that was finished would count whole.
      expect(third).toBeLessThan(subBufferSizeBytes);
    }),
    patientlyMs,
  );
}
