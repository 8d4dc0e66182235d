/** Controls a session daemon from a program. */
import { SpoorError } from '@spoor/base';
import { LineConnection } from './connection.ts';
import { socketPaths } from './places.ts';
import {
  CONTROL_VERSION,
  type MethodName,
  type Methods,
  type Notification,
  type Topic,
  type Welcome,
} from './protocol.ts';

/** Notifications that wait for a slow reader; older ones give way. */
const MOST_WAITING = 10_000;

/** How long a daemon may take to say hello, on a machine that does much else. */
const HELLO_MS = 30_000;

/** How to reach a daemon. */
export interface ConnectOptions {
  /** Of the daemon's socket; by default that of root's for members of its group, else of this user's. */
  readonly path?: string;
  /** `LTTNG_RUNDIR`, `XDG_RUNTIME_DIR` … ; by default those of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Who connects, for the daemon's log. */
  readonly client?: string;
  /** How long the daemon may take until it says hello: it may be stopped. 30 s by default. */
  readonly timeoutMs?: number;
}

/** A connection to a session daemon. */
export class ControlClient implements Disposable {
  readonly welcome: Welcome;
  readonly #connection: LineConnection;
  readonly #readers = new Set<Pick<NotificationReader, 'take' | 'end'>>();

  private constructor(connection: LineConnection, welcome: Welcome) {
    this.#connection = connection;
    this.welcome = welcome;
    connection.onNotification = (notification) => {
      for (const reader of this.#readers) reader.take(notification as Notification);
    };
    connection.onClose = () => {
      for (const reader of this.#readers) reader.end();
    };
  }

  /**
   * Connects to the session daemon.
   * @throws SpoorError `control/unreachable` when none runs, `control/forbidden` when it is another user's,
   * `control/no-answer` when it says nothing, `control/version` when it speaks another version
   * of the protocol: after an upgrade the daemon of before is at work, until it is ended.
   */
  static async connect(options: ConnectOptions = {}): Promise<ControlClient> {
    const paths =
      options.path === undefined ? socketPaths(options.environment ?? process.env) : [options.path];
    const { connection, path } = await openFirst(paths);
    try {
      const hello = { version: CONTROL_VERSION, client: options.client ?? `node ${process.pid}` };
      const answer = connection.call('hello', hello);
      const welcome = await inTime(answer, options.timeoutMs ?? HELLO_MS, path);
      return new ControlClient(connection, welcome as Welcome);
    } catch (error) {
      connection.close();
      if (!(error instanceof SpoorError) || error.code !== 'control/version') throw error;
      // The daemon does not say where it is.
      const { code, message, hint } = error;
      throw new SpoorError(code, message, { where: path, hint });
    }
  }

  /**
   * Has the daemon do something.
   * @throws SpoorError what the daemon answered: its `code` is stable; `control/disconnected`.
   */
  call<Name extends MethodName>(
    method: Name,
    params: Methods[Name]['params'],
  ): Promise<Methods[Name]['result']> {
    return this.#connection.call(method, params) as Promise<Methods[Name]['result']>;
  }

  /**
   * Notifications of some topics, from now on, until the loop over them is left or the connection ends. A reader that
   * does not keep up loses the oldest: `missedCount` says how many.
   */
  async notifications<Name extends Topic>(...topics: readonly Name[]): Promise<NotificationReader<Name>> {
    const reader: NotificationReader<Name> = new NotificationReader(topics, () =>
      this.#readers.delete(reader),
    );
    this.#readers.add(reader);
    await this.call('subscribe', { topics });
    return reader;
  }

  close(): void {
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Notifications of a topic, or of one of several. */
export type NotificationOf<Name extends Topic> = Extract<Notification, { readonly topic: Name }>;

/** Notifications, to be read by `for await`. */
export class NotificationReader<Name extends Topic = Topic> implements AsyncIterableIterator<
  NotificationOf<Name>
> {
  readonly #topics: ReadonlySet<string>;
  readonly #leave: () => void;
  readonly #waiting: NotificationOf<Name>[] = [];
  #wake: ((result: IteratorResult<NotificationOf<Name>>) => void) | undefined;
  #isOver = false;
  #missedCount = 0;

  constructor(topics: readonly Name[], leave: () => void) {
    this.#topics = new Set(topics);
    this.#leave = leave;
  }

  /** How many notifications were dropped because nobody read them. */
  get missedCount(): number {
    return this.#missedCount;
  }

  /** Adds a notification, if it is of one of the topics. */
  take(notification: Notification): void {
    if (!this.#isWanted(notification) || this.#isOver) return;
    if (this.#wake !== undefined) {
      const wake = this.#wake;
      this.#wake = undefined;
      wake({ done: false, value: notification });
      return;
    }
    this.#waiting.push(notification);
    if (this.#waiting.length <= MOST_WAITING) return;
    this.#waiting.shift();
    this.#missedCount += 1;
  }

  #isWanted(notification: Notification): notification is NotificationOf<Name> {
    return this.#topics.has(notification.topic);
  }

  /** Ends the loop once what waits is read. */
  end(): void {
    this.#isOver = true;
    this.#leave();
    this.#wake?.({ done: true, value: undefined });
    this.#wake = undefined;
  }

  next(): Promise<IteratorResult<NotificationOf<Name>>> {
    const value = this.#waiting.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  return(): Promise<IteratorResult<NotificationOf<Name>>> {
    this.#waiting.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** @throws SpoorError `control/no-answer`. */
async function inTime(answer: Promise<unknown>, timeoutMs: number, path: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => {
      const what = `the session daemon has not answered for ${timeoutMs} ms`;
      const hint = 'it may be stopped: kill -CONT its process, or end it; what it recorded is not lost';
      refuse(new SpoorError('control/no-answer', what, { where: path, hint }));
    }, timeoutMs);
  });
  try {
    // When it is too late the connection is closed, which answers, too.
    answer.catch(() => undefined);
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Connects to the first socket on which somebody listens who lets this user in. */
async function openFirst(
  paths: readonly string[],
): Promise<{ readonly connection: LineConnection; readonly path: string }> {
  for (const path of paths.slice(0, -1)) {
    try {
      return { connection: await LineConnection.open(path), path };
    } catch {
      // The next one, then.
    }
  }
  const path = paths.at(-1) ?? '';
  return { connection: await LineConnection.open(path), path };
}
