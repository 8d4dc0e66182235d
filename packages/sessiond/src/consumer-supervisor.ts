/** Keeps a consumer running for one session: starts it, replaces it when it dies, stops it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SpoorError } from '@spoor/base';
import { openFilesLimit, readsModulesInTurn } from '@spoor/sys/open-files';
import type { CommandMessage, ConsumerMessage } from './consumer-messages.ts';
import { StandIn } from './stand-in.ts';
import type { RecordingTotals } from './ledger.ts';

/** A line for the user that came up while recording. */
export interface RecordingNote {
  readonly severity: 'info' | 'error';
  readonly text: string;
}

/** What the consumer had to say at its end. */
export interface DrainResult {
  readonly totals: RecordingTotals;
  /** Whether every packet that programs handed over is in the trace. */
  readonly complete: boolean;
}

/** A consumer that died this often within {@link deathWindowMs} is not replaced any more. */
const deathLimit = 12;
const deathWindowMs = 10_000;

function ownProgram(): string {
  return fileURLToPath(new URL('./consumer-main.js', import.meta.url));
}

/** How a consumer is started where few files may be open: its modules are read one after the other, before it begins. */
function modulesInTurn(): string[] {
  if (!readsModulesInTurn()) return [];
  const modules = fileURLToPath(new URL('./consumer.js', import.meta.url));
  return ['--disable-warning=ExperimentalWarning', '--require', modules];
}

/** One session's consumer process and its successors. */
export class ConsumerSupervisor {
  readonly #sessionPath: string;
  readonly #program: string | undefined;
  readonly #onNote: (note: RecordingNote) => void;
  readonly #deathsMs: number[] = [];
  readonly #seenNotes: Set<string> = new Set();
  #child: ChildProcess | undefined;
  #standIn: StandIn | undefined;
  #stopping = false;
  #replacedCount = 0;
  #lastDeath = '';
  #errorText = '';
  #ready: PromiseWithResolvers<void> = withResolvers();
  #drained: PromiseWithResolvers<DrainResult> = withResolvers();

  /** @param program the file that a consumer runs: with a session's path it calls `runConsumer`. Default: our modules. */
  constructor(sessionPath: string, program: string | undefined, onNote: (note: RecordingNote) => void) {
    this.#sessionPath = sessionPath;
    this.#program = program;
    this.#onNote = onNote;
    // Whoever is not waiting yet must not make a failure an unhandled one.
    this.#ready.promise.catch(() => undefined);
    this.#drained.promise.catch(() => undefined);
  }

  /** How many consumers died and were replaced. */
  get replacedCount(): number {
    return this.#replacedCount;
  }

  /** What the last consumer that died died of: a signal, or the error that it printed. */
  get lastDeath(): string {
    return this.#lastDeath;
  }

  /** Process number of the consumer that works now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the first consumer; resolves when it polls.
   * @throws SpoorError `record/consumer`.
   */
  start(): Promise<void> {
    this.#spawn();
    return this.#ready.promise;
  }

  /**
   * Has the consumer write out all that is in the rings.
   * @throws SpoorError `record/consumer` when consumers keep dying.
   */
  stop(): Promise<DrainResult> {
    this.#stopping = true;
    // While a replacement is still being loaded, it is told when it is ready.
    if (this.#standIn === undefined) this.#send('stop');
    return this.#drained.promise;
  }

  /** Ends the consumer without waiting for what is in the rings. */
  kill(): void {
    this.#fail(new SpoorError('record/consumer', 'the recording was broken off'));
    this.#child?.kill('SIGKILL');
  }

  #spawn(): void {
    const environment = { ...process.env };
    // The consumer must not trace itself, and flags meant for the program are not meant for it.
    delete environment['SPOOR_SESSION'];
    delete environment['NODE_OPTIONS'];
    const child = fork(this.#program ?? ownProgram(), [this.#sessionPath], {
      // A process group of its own: a terminal's Ctrl-C goes to the program, not to the consumer.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: this.#program === undefined ? modulesInTurn() : [],
      env: environment,
    });
    this.#child = child;
    this.#errorText = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorText = `${this.#errorText}${text}`.slice(-4000);
    });
    child.on('message', (message) => this.#receive(message as ConsumerMessage));
    child.on('error', (error) => {
      this.#fail(new SpoorError('record/consumer', 'cannot start the consumer', { cause: error }));
    });
    child.on('exit', (code, signal) => this.#exited(code, signal));
  }

  #receive(message: ConsumerMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#standIn?.close();
        this.#standIn = undefined;
        this.#send(this.#stopping ? 'stop' : 'start');
        this.#ready.resolve();
        return;
      case 'note':
        if (this.#seenNotes.has(message.text)) return;
        this.#seenNotes.add(message.text);
        this.#onNote({ severity: message.severity, text: message.text });
        return;
      case 'drained':
        this.#drained.resolve({ totals: message.totals, complete: message.complete });
        this.#child = undefined;
        return;
      default:
        message satisfies never;
    }
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child === undefined) return;
    const now = performance.now();
    this.#deathsMs.push(now);
    const recent = this.#deathsMs.filter((time) => now - time < deathWindowMs).length;
    const said = this.#errorText.split('\n').find((line) => /^\w*Error\b/.test(line));
    this.#lastDeath = signal ?? said?.trim() ?? `status ${code}`;
    if (recent > deathLimit) {
      const limit = openFilesLimit();
      this.#fail(
        new SpoorError('record/consumer', `the consumer ended ${recent} times (last: ${this.#lastDeath})`, {
          hint: /EMFILE|Cannot find (?:package|module)/.test(this.#lastDeath)
            ? `it may open too few files (ulimit -n${limit === undefined ? '' : `: ${limit}`}): raise the limit`
            : 'what it wrote before is in the trace',
        }),
      );
      return;
    }
    this.#replacedCount += 1;
    // Loading a replacement takes longer than a busy program needs to fill its ring.
    this.#standIn ??= new StandIn(this.#sessionPath);
    this.#spawn();
  }

  #send(kind: CommandMessage['kind']): void {
    const message: CommandMessage = { kind };
    // A consumer that just died is replaced, and its successor is told when it is ready.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }

  #fail(error: SpoorError): void {
    this.#ready.reject(error);
    this.#drained.reject(error);
    this.#standIn?.close();
    this.#standIn = undefined;
    const child = this.#child;
    this.#child = undefined;
    child?.kill('SIGKILL');
  }
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve!: (value: Value) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<Value>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
