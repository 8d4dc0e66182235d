/** Keeps a consumer at work for the daemon: finds the one that runs, starts one, replaces one that dies. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SpoorError, describeError } from '@spoor/base';
import { LineConnection } from '@spoor/control';
import {
  HOST_VERSION,
  type HostMethod,
  type HostMethods,
  type HostNote,
  type Keeping,
} from '../hosted/host-protocol.ts';
import { ConsumerHost } from '../hosted/host.ts';
import { isProcessAlive, isProcessStopped, type ProcessIdentity } from '../process-identity.ts';
import { SessionDirectory } from '../run-directory.ts';

/** How long a new consumer may take until it listens. */
const START_MS = 30_000;
const LOOK_MS = 5;
/** How long a consumer may take to end. */
const PATIENCE_MS = 2000;
/** A consumer that died this often within {@link DEATH_WINDOW_MS} is not replaced before it has passed. */
const DEATH_LIMIT = 12;
const DEATH_WINDOW_MS = 10_000;

/** A consumer that is found stopped so often is not waited for. */
const STOPPED_LOOKS = 4;
const STOPPED_LOOK_MS = 250;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The daemon's connection to its consumer. */
export class ConsumerLink {
  readonly #socketPath: string;
  readonly #onNote: (note: HostNote) => void;
  /** What the consumer is to work for. */
  readonly #sessions = new Map<string, Keeping>();
  readonly #deathsMs: number[] = [];
  #connection: Promise<LineConnection> | undefined;
  #identity: ProcessIdentity | undefined;
  /** What the last consumer said that was asked, if it speaks another version. */
  #refusal: SpoorError | undefined;
  /** Consumes in this process while a successor is loaded: that takes longer than a busy program needs to fill its ring. */
  #standIn: ConsumerHost | undefined;
  #replacedCount = 0;
  #isClosed = false;

  constructor(socketPath: string, onNote: (note: HostNote) => void) {
    this.#socketPath = socketPath;
    this.#onNote = onNote;
  }

  /** How many consumers died and were replaced. */
  get replacedCount(): number {
    return this.#replacedCount;
  }

  /** Process number of the consumer; undefined when there is none. */
  get pid(): number | undefined {
    return this.#identity?.pid;
  }

  /** Has a consumer ready for the first session. */
  prepare(): void {
    this.#connect().catch(() => undefined);
  }

  /**
   * Has the consumer take over a session's rings, or what the session's description has changed to.
   * @returns how many rings hold events from before that only their threads can hand over.
   * @throws SpoorError `control/consumer`, or what the consumer says.
   */
  async attach(session: string, keeping: Keeping): Promise<number> {
    this.#sessions.set(session, keeping);
    const { kernelFailure, uncutCount } = await this.call('attach', { session, keeping });
    if (kernelFailure === undefined) return uncutCount;
    const { code, message, where, hint } = kernelFailure;
    throw new SpoorError(code, message, { where, hint });
  }

  /** The session is over. */
  forget(session: string): void {
    this.#sessions.delete(session);
  }

  /**
   * Asks the consumer; once more if it dies over it.
   * @throws SpoorError `control/consumer`, or what the consumer says.
   */
  async call<Name extends HostMethod>(
    method: Name,
    params: HostMethods[Name]['params'],
  ): Promise<HostMethods[Name]['result']> {
    for (let attempt = 1; ; attempt += 1) {
      const connection = await this.#connect();
      try {
        const answer = connection.call(method, params) as Promise<HostMethods[Name]['result']>;
        return await this.#unlessStopped(answer);
      } catch (error) {
        if (!(error instanceof SpoorError) || attempt === 3) throw error;
        const session = 'session' in params ? params.session : '';
        const keeping = this.#sessions.get(session);
        // A request that was given up may have ended the session there after all.
        if (error.code === 'control/not-attached' && keeping !== undefined) {
          await connection.call('attach', { session, keeping });
        } else if (error.code !== 'control/disconnected') throw error;
      }
    }
  }

  /** Waits for an answer, but not for one of a process that somebody has stopped. */
  async #unlessStopped<Result>(answer: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const stopped = new Promise<never>((_, refuse) => {
      let stoppedLooks = 0;
      timer = setInterval(() => {
        const { pid } = this;
        stoppedLooks = pid !== undefined && isProcessStopped(pid) ? stoppedLooks + 1 : 0;
        if (stoppedLooks < STOPPED_LOOKS) return;
        refuse(
          new SpoorError('control/consumer-stopped', `the consumer is stopped (process ${pid})`, {
            hint: `kill -CONT ${pid} has it go on; what was asked of it is done then`,
          }),
        );
      }, STOPPED_LOOK_MS);
    });
    try {
      return await Promise.race([answer, stopped]);
    } finally {
      clearInterval(timer);
      answer.catch(() => undefined);
    }
  }

  /** Leaves the consumer alone: with sessions it goes on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#connection?.catch(() => undefined);
    connection?.close();
    this.#standIn?.close();
  }

  #connect(): Promise<LineConnection> {
    this.#connection ??= this.#find();
    this.#connection.catch(() => {
      this.#connection = undefined;
    });
    return this.#connection;
  }

  async #find(): Promise<LineConnection> {
    const connection = (await this.#tryOpen()) ?? (await this.#start());
    for (const [session, keeping] of this.#sessions) {
      try {
        const result = await connection.call('attach', { session, keeping });
        const { kernelFailure } = result as HostMethods['attach']['result'];
        // Programs are recorded all the same.
        if (kernelFailure !== undefined)
          this.#onNote({ session, severity: 'error', text: kernelFailure.message });
      } catch (error) {
        // What is wrong with one session, as with its disk, is no trouble of the others.
        if (!(error instanceof SpoorError) || error.code === 'control/disconnected') throw error;
        this.#onNote({ session, severity: 'error', text: describeError(error) });
      }
    }
    connection.onClose = () => this.#died();
    if (!connection.isOpen) this.#died();
    return connection;
  }

  /** Connects to a consumer that runs. */
  async #tryOpen(): Promise<LineConnection | undefined> {
    let connection: LineConnection;
    try {
      connection = await LineConnection.open(this.#socketPath);
    } catch {
      return undefined;
    }
    try {
      const hello = (await connection.call('hello', { version: HOST_VERSION })) as ProcessIdentity;
      this.#identity = hello;
      this.#refusal = undefined;
      connection.onNotification = (note) => this.#onNote(note as HostNote);
      return connection;
    } catch (error) {
      // It is of another release, or on its end.
      this.#refusal = error instanceof SpoorError && error.code === 'control/version' ? error : undefined;
      connection.close();
      return undefined;
    }
  }

  async #start(): Promise<LineConnection> {
    this.#leaveStandIn();
    await this.#endOthers();
    const environment = { ...process.env };
    // The consumer must not trace itself, and flags meant for a program are not meant for it.
    delete environment['SPOOR_SESSION'];
    delete environment['NODE_OPTIONS'];
    if (this.#sessions.size > 0) this.#standInNow();
    const main = fileURLToPath(new URL('../hosted/host-main.js', import.meta.url));
    // Who answers there from now on is the new one.
    rmSync(this.#socketPath, { force: true });
    this.#refusal = undefined;
    const child = spawn(process.execPath, [main, this.#socketPath], {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore'],
      env: environment,
      cwd: '/',
    });
    let failure: string | undefined;
    child.on('error', ({ message }) => (failure = message));
    child.on('exit', (code, signal) => (failure = `it ended with ${signal ?? `status ${code}`}`));
    child.unref();
    for (const began = performance.now(); performance.now() - began < START_MS;) {
      await pause(LOOK_MS);
      const connection = await this.#tryOpen();
      if (connection !== undefined && this.#identity?.pid === child.pid) {
        this.#leaveStandIn();
        return connection;
      }
      connection?.close();
      if (failure !== undefined) break;
      if (this.#refusal === undefined) continue;
      child.kill();
      this.#leaveStandIn();
      throw upgraded(this.#refusal, this.#socketPath);
    }
    this.#leaveStandIn();
    throw new SpoorError('control/consumer', 'the consumer cannot be started', {
      where: this.#socketPath,
      hint:
        failure === undefined
          ? `it did not listen within ${START_MS / 1000} s: give the command again once the machine is less busy`
          : `${failure}: \`spoor doctor\` tells what the machine lacks; \`node "${main}" "${this.#socketPath}"\` shows what the consumer says`,
    });
  }

  /** Ends consumers that do not answer: two at the same rings would write everything twice. */
  async #endOthers(): Promise<void> {
    const known = [...this.#sessions.keys()].map((path) => new SessionDirectory(path).readConsumer());
    for (const identity of [this.#identity, ...known]) {
      if (identity === undefined || identity.pid === process.pid) continue;
      for (let waitedMs = 0; isProcessAlive(identity); waitedMs += LOOK_MS) {
        try {
          process.kill(identity.pid, waitedMs < PATIENCE_MS ? 'SIGTERM' : 'SIGKILL');
        } catch {
          break;
        }
        await pause(LOOK_MS);
      }
    }
  }

  /** Takes the rings until a successor is there. */
  #standInNow(): void {
    this.#standIn = new ConsumerHost();
    for (const [session, keeping] of this.#sessions) {
      try {
        this.#standIn.attach(session, keeping);
      } catch {
        // The successor meets the same, and tells of it.
      }
    }
  }

  #leaveStandIn(): void {
    this.#standIn?.close();
    this.#standIn = undefined;
  }

  #died(): void {
    this.#connection = undefined;
    if (this.#isClosed) return;
    this.#replacedCount += 1;
    const nowMs = performance.now();
    this.#deathsMs.push(nowMs);
    const recent = this.#deathsMs.filter((time) => nowMs - time < DEATH_WINDOW_MS).length;
    if (this.#sessions.size === 0) return;
    if (recent <= DEATH_LIMIT) this.prepare();
    else setTimeout(() => this.prepare(), DEATH_WINDOW_MS).unref();
  }
}

/** What happened when the files of the consumer are no longer those of this daemon. */
function upgraded(cause: SpoorError, where: string): SpoorError {
  const what =
    'Spoor was replaced by another release while its session daemon runs, which can start no consumer now';
  const hint = `kill ${process.pid} ends the daemon; the next verb starts that of the release, which goes on with all sessions`;
  return new SpoorError('control/version', what, { where, hint, cause });
}
