/** A program that is a component: its lines in and out, its end, and the patience with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { SpoorError } from '@spoor/base';
import type { ComponentContext, LogLevel } from '@spoor/graph';
import { logLevels } from '@spoor/graph';
import { parseLine, textOf, type PipeMessage } from './pipe-messages.ts';

/** Lines that are kept unread before the program has to wait. */
const mostQueued = 4096;
/** A longer line is no message. */
const longestLine = 16 * 1024 * 1024;
/** Time that a program has to end after its input was closed, and again after it was asked to by a signal. */
const graceMs = 2000;

/** A running program. */
export class PipeChild {
  private readonly child: ChildProcess;
  private readonly who: string;
  private readonly timeoutMs: number;
  private readonly context: ComponentContext;
  private queue: PipeMessage[] = [];
  private next = 0;
  private partial: string[] = [];
  private partialLength = 0;
  private failure: SpoorError | undefined;
  private closed: { readonly status: number | string } | undefined;
  /** Set once it said that it is done. */
  private done = false;
  private isFull = false;
  private wake: (() => void)[] = [];
  private waitingSince: number | undefined;

  /** @param folder in which it runs. */
  constructor(
    command: readonly string[],
    who: string,
    timeoutMs: number,
    context: ComponentContext,
    folder?: string,
  ) {
    this.who = who;
    this.timeoutMs = timeoutMs;
    this.context = context;
    const [program = '', ...args] = command;
    this.child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    const { stdin, stdout } = this.child;
    const decoder = new TextDecoder();
    stdout!.on('data', (bytes: Uint8Array) => this.take(decoder.decode(bytes, { stream: true })));
    // Who dies leaves a broken pipe; what became of it is told when it has ended.
    stdin!.on('error', () => {});
    stdin!.on('drain', () => {
      this.isFull = false;
      this.awake();
    });
    this.child.on('error', (cause) => {
      this.fail(new SpoorError('pipe/start', `cannot run ${program}`, { cause }));
      this.closed ??= { status: 'not started' };
      this.awake();
    });
    this.child.on('close', (status, signal) => {
      this.closed = { status: status ?? signal ?? 'unknown' };
      this.awake();
    });
    context.atEnd(() => this.end());
  }

  private fail(error: SpoorError): void {
    this.failure ??= error;
  }

  private awake(): void {
    for (const resolve of this.wake.splice(0)) resolve();
  }

  private take(text: string): void {
    const lines = text.split('\n');
    const last = lines.pop()!;
    for (const line of lines) {
      const whole = this.partial.length === 0 ? line : this.partial.join('') + line;
      this.partial = [];
      this.partialLength = 0;
      this.takeLine(whole);
    }
    if (last !== '') {
      this.partial.push(last);
      this.partialLength += last.length;
    }
    if (this.partialLength > longestLine) {
      this.fail(new SpoorError('pipe/garbage', `it wrote a line of more than ${longestLine} characters`));
    }
    if (this.queue.length - this.next > mostQueued) this.child.stdout!.pause();
    if (this.failure !== undefined) this.child.stdout!.destroy();
    this.awake();
  }

  private takeLine(line: string): void {
    if (line.trim() === '' || this.failure !== undefined) return;
    try {
      const message = parseLine(line);
      if (message['type'] === 'log') {
        const level = textOf(message, 'level');
        const known: LogLevel = logLevels.find((name) => name === level) ?? 'info';
        this.context.log.log(known, textOf(message, 'text'));
      } else if (message['type'] === 'error') {
        this.fail(new SpoorError('pipe/failed', textOf(message, 'message')));
      } else {
        this.queue.push(message);
      }
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      this.fail(error);
    }
  }

  private readonly told = new WeakSet<SpoorError>();

  /** The error, naming the component. */
  named(error: SpoorError): SpoorError {
    if (this.told.has(error)) return error;
    const named = new SpoorError(error.code, `${this.who}: ${error.message}`, error);
    this.told.add(named);
    return named;
  }

  /**
   * The next message; undefined when there is none yet.
   * @param isLate whether the program owes it, so that patience runs out.
   * @throws SpoorError `pipe/…`, when it failed, ended too early, or took too long.
   */
  receive(isLate = true): PipeMessage | undefined {
    const message = this.queue[this.next];
    if (message !== undefined) {
      this.next += 1;
      if (this.next === this.queue.length) {
        this.queue = [];
        this.next = 0;
        this.child.stdout!.resume();
      }
      this.waitingSince = undefined;
      if (message['type'] === 'end') this.done = true;
      return message;
    }
    if (this.failure !== undefined) throw this.named(this.failure);
    if (this.closed !== undefined) {
      const { status } = this.closed;
      const how = typeof status === 'number' ? `status ${status}` : status;
      throw this.named(
        new SpoorError('pipe/ended', `the program ended (${how}) before it said that it was done`, {
          hint: 'its last message is {"type":"end"}',
        }),
      );
    }
    if (isLate) this.checkPatience('it did not answer');
    return undefined;
  }

  private checkPatience(what: string): void {
    const now = performance.now();
    this.waitingSince ??= now;
    if (this.timeoutMs > 0 && now - this.waitingSince > this.timeoutMs) {
      throw this.named(
        new SpoorError('pipe/timeout', `${what} within ${this.timeoutMs / 1000} s`, {
          hint: 'timeout-s=+0 waits for ever',
        }),
      );
    }
  }

  /** Settled when something happened. */
  async activity(): Promise<void> {
    await new Promise<void>((resolve) => void this.wake.push(resolve));
  }

  /** Waits for a message, before the graph runs. @throws SpoorError like {@link receive}; the signal's reason. */
  async first(): Promise<PipeMessage> {
    for (;;) {
      this.context.signal.throwIfAborted();
      const message = this.receive();
      if (message !== undefined) return message;
      await this.activityWithin(100);
    }
  }

  /** Waits until there is something to receive, or the run is to end. */
  async look(): Promise<void> {
    const isSilent = (): boolean =>
      this.next === this.queue.length && this.failure === undefined && this.closed === undefined;
    while (isSilent() && !this.context.signal.aborted) await this.activityWithin(100);
  }

  /** Waits until something happened, or for so long. */
  private async activityWithin(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.activity(), late]);
    clearTimeout(timer);
  }

  /** Writes lines; `isWritable` says whether more should follow at once. */
  send(lines: string): void {
    if (this.closed === undefined && !this.child.stdin!.write(lines)) this.isFull = true;
  }

  /** Whether the program has room for more. @throws SpoorError like {@link receive}. */
  get isWritable(): boolean {
    if (this.failure !== undefined) throw this.named(this.failure);
    if (!this.isFull) {
      this.waitingSince = undefined;
      return true;
    }
    if (this.closed !== undefined) this.receive();
    this.checkPatience('it took nothing in');
    return false;
  }

  private async closing(ms: number): Promise<boolean> {
    const end = performance.now() + ms;
    while (this.closed === undefined && performance.now() < end) {
      await this.activityWithin(20);
    }
    return this.closed !== undefined;
  }

  /** Ends the program: in good order when it is done, else by signals. @throws SpoorError `pipe/status`. */
  private async end(): Promise<void> {
    this.child.stdin!.end();
    this.child.stdout!.resume();
    const patience = this.done ? Math.max(graceMs, this.timeoutMs) : graceMs;
    if (!this.done || this.context.signal.aborted) this.child.kill('SIGTERM');
    if (!(await this.closing(patience))) {
      this.child.kill('SIGKILL');
      await this.closing(graceMs);
    }
    if (this.closed === undefined) {
      // A process that it started may hold the pipes open: nobody waits for that one.
      this.child.stdin!.destroy();
      this.child.stdout!.destroy();
      this.child.unref();
    }
    if (!this.done || this.failure !== undefined || this.context.signal.aborted) return;
    const status = this.closed?.status ?? 'it did not end';
    if (status === 0) return;
    throw this.named(new SpoorError('pipe/status', `the program ended with status ${status}`));
  }
}
