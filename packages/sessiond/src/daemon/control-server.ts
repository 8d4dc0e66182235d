/** The daemon's socket: what clients say, and notifications for those that want them. */
import { SpoorError } from '@spoor/base';
import {
  CONTROL_VERSION,
  type Methods,
  type Notification,
  type Request,
  type Topic,
  toWireError,
} from '@spoor/control';
import { RequestError, readRequest } from '@spoor/control/schema';
import { type LinePeer, LineServer, type SocketAccess } from '../line-server.ts';
import type { Daemon } from './daemon.ts';
import { maySee } from './ownership.ts';

/** A subscriber that leaves more than this unread is disconnected: it would take the daemon's memory. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

/** Who has not said hello for so long takes the place of another client. */
const SILENCE_MS = 30_000;

interface Client {
  isWelcome: boolean;
  readonly topics: Set<Topic>;
}

/** Serves clients of a daemon. */
export class ControlServer {
  readonly #clients = new Map<LinePeer, Client>();
  readonly #silenceMs: number;
  #server: LineServer | undefined;
  #daemon: Daemon | undefined;

  /** @param silenceMs how long a connection may last without a hello. */
  constructor(silenceMs: number = SILENCE_MS) {
    this.#silenceMs = silenceMs;
  }

  /** @throws SpoorError `control/socket`. */
  async listen(path: string, access: SocketAccess, daemon: Daemon): Promise<void> {
    this.#daemon = daemon;
    this.#server = await LineServer.listen(path, access, {
      opened: (peer) => this.#expectHello(peer),
      receive: (peer, line) => this.#receive(peer, line),
      closed: (peer) => this.#clients.delete(peer),
    });
  }

  /** Sends a notification to all who subscribed to its topic and whose business it is: root's, and `owner`'s. */
  publish(notification: Notification, owner: number): void {
    for (const [peer, { topics }] of this.#clients) {
      if (!topics.has(notification.topic) || !maySee(peer.user, owner)) continue;
      peer.send({ notification });
      if (peer.unreadBytes > MOST_UNREAD_BYTES) peer.destroy();
    }
  }

  close(): void {
    this.#server?.close();
  }

  #expectHello(peer: LinePeer): void {
    const client: Client = { isWelcome: false, topics: new Set() };
    this.#clients.set(peer, client);
    const look = (): void => {
      if (!client.isWelcome) peer.destroy();
    };
    setTimeout(look, this.#silenceMs).unref();
  }

  #receive(peer: LinePeer, line: string): void {
    const client = this.#clients.get(peer);
    if (client === undefined) return;
    let request: Request;
    try {
      request = readRequest(line);
    } catch (error) {
      peer.send({ id: error instanceof RequestError ? error.requestId : 0, error: toWireError(error) });
      if (!client.isWelcome) peer.end();
      return;
    }
    // At once: what a client sends right behind it is from one that is welcome.
    if (isHello(request)) client.isWelcome = request.params.version === CONTROL_VERSION;
    void this.#answer(peer, client, request);
  }

  async #answer(peer: LinePeer, client: Client, { id, method, params }: Request): Promise<void> {
    try {
      if (!client.isWelcome && method !== 'hello') {
        throw new SpoorError('control/no-hello', 'a client says hello first');
      }
      const result = await this.#daemon!.handle(method, params as never, peer.user);
      if (method === 'subscribe' || method === 'unsubscribe') {
        for (const topic of (params as Methods['subscribe']['params']).topics) {
          if (method === 'subscribe') client.topics.add(topic);
          else client.topics.delete(topic);
        }
      }
      peer.send({ id, result });
    } catch (error) {
      peer.send({ id, error: toWireError(error) });
      if (!client.isWelcome) peer.end();
    }
  }
}

function isHello(request: Request): request is Request<'hello'> {
  return request.method === 'hello';
}
