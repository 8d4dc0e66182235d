/** The asking end of a line of JSON messages. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { SpoorError } from '@spoor/base';
import { LineSplitter } from './lines.ts';
import type { WireError } from './protocol.ts';
import { fromWireError } from './wire-error.ts';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Incoming {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: WireError;
  readonly notification?: unknown;
}

/** Longest path that the address of a Unix socket has room for. */
const MOST_PATH_BYTES = 107;

/** How long to try where others are in the way. */
const CROWD_MS = 10_000;
const CROWD_LOOK_MS = 20;

/** Codes of the system for a socket, or a directory above it, that belongs to somebody else. */
const forbidden = new Set(['EACCES', 'EPERM']);

function openError(path: string, cause: unknown): SpoorError {
  if (forbidden.has((cause as NodeJS.ErrnoException).code ?? '')) {
    return new SpoorError('control/forbidden', 'the session daemon is that of another user', {
      where: path,
      hint: "root's daemon also serves members of the group tracing",
      cause,
    });
  }
  return new SpoorError('control/unreachable', 'nobody listens there', { where: path, cause });
}

/** A connection over which requests are sent; several may be under way at a time. */
export class LineConnection implements Disposable {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #splitter = new LineSplitter();
  #lastId = 0;
  #end: SpoorError | undefined;
  /** Called for each notification. */
  onNotification: (notification: unknown) => void = () => undefined;
  /** Called once, when the connection has ended. */
  onClose: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Uint8Array) => this.#take(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed());
  }

  /**
   * Connects to a Unix socket.
   * @throws SpoorError `control/unreachable` when nobody listens there, `control/forbidden` when one may not ask.
   */
  static open(path: string): Promise<LineConnection> {
    if (Buffer.byteLength(path) > MOST_PATH_BYTES) {
      return Promise.reject(
        new SpoorError('control/unreachable', 'the path of the socket is too long', {
          where: path,
          hint: `${MOST_PATH_BYTES} bytes are the limit; set LTTNG_RUNDIR to a shorter directory`,
        }),
      );
    }
    const beganMs = performance.now();
    return new Promise((resolve, reject) => {
      const attempt = (): void => {
        const socket = connect(path);
        socket.once('error', (cause: NodeJS.ErrnoException) => {
          // So many others wait to be let in that there is no room to wait.
          const isCrowded = cause.code === 'EAGAIN' && performance.now() - beganMs < CROWD_MS;
          if (isCrowded) setTimeout(attempt, CROWD_LOOK_MS);
          else reject(openError(path, cause));
        });
        socket.once('connect', () => {
          socket.removeAllListeners('error');
          resolve(new LineConnection(socket));
        });
      };
      attempt();
    });
  }

  /** Whether it still stands. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Has the connection keep the process alive, or not; at first it does. */
  keepAlive(isKept: boolean): void {
    if (isKept) this.#socket.ref();
    else this.#socket.unref();
  }

  /**
   * Sends a request and waits for its answer.
   * @throws SpoorError what the other end answered, or `control/disconnected`.
   */
  call(method: string, params: unknown): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(bytes: Uint8Array): void {
    try {
      for (const line of this.#splitter.push(bytes)) this.#answer(JSON.parse(line) as Incoming);
    } catch (cause) {
      this.#end = new SpoorError('control/malformed-answer', 'the other end answered what is no message', {
        cause,
      });
      this.#socket.destroy();
    }
  }

  #answer(message: Incoming): void {
    if (message.id === undefined) {
      this.onNotification(message.notification);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.error === undefined) pending?.resolve(message.result);
    else pending?.reject(fromWireError(message.error));
  }

  #closed(): void {
    this.#end ??= new SpoorError('control/disconnected', 'the connection ended before the answer came', {
      hint: 'the session daemon may have been ended; what it recorded is not lost',
    });
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
    this.onClose();
  }
}
