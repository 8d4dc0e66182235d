/** The answering end of lines of JSON messages, over a Unix socket. */
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { SpoorError } from '@spoor/base';
import { LineSplitter, toWireError } from '@spoor/control';
import { type FileUser, peerUser } from '@spoor/sys';

/** Who leaves more than this unread is heard again once they have read it: who only asks would take the memory. */
const MOST_UNREAD_BYTES = 1024 * 1024;

/** One connection. */
export class LinePeer {
  readonly #socket: Socket;
  /** Who is at the other end; this process's own user where others cannot connect. */
  readonly user: FileUser;

  constructor(socket: Socket, user: FileUser) {
    this.#socket = socket;
    this.user = user;
  }

  /** Sends a message. */
  send(message: object): void {
    if (!this.#socket.writable) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.unreadBytes <= MOST_UNREAD_BYTES || this.#socket.isPaused()) return;
    this.#socket.pause();
    this.#socket.once('drain', () => this.#socket.resume());
  }

  /** Bytes that the other end has not taken yet. */
  get unreadBytes(): number {
    return this.#socket.writableLength;
  }

  /** Sends what waits and ends the connection. */
  end(): void {
    this.#socket.end();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy();
  }
}

/** What a server does with its connections. */
export interface LineHandler {
  /** Called when somebody has connected. */
  opened?(peer: LinePeer): void;
  /** Called for each line; what it throws ends the connection. */
  receive(peer: LinePeer, line: string): void;
  closed(peer: LinePeer): void;
}

/** Who may connect. */
export interface SocketAccess {
  readonly mode: number;
  /** Group that the socket belongs to: its members are told from one another, and refused where that cannot be. */
  readonly gid?: number;
}

/** Most connections at a time: more are closed at once. */
const MOST_CONNECTIONS = 1000;

/** Listens on a Unix socket. */
export class LineServer {
  readonly #server: Server;
  readonly #peers = new Set<LinePeer>();
  readonly #hasOthers: boolean;

  private constructor(server: Server, hasOthers: boolean) {
    this.#server = server;
    this.#hasOthers = hasOthers;
  }

  /**
   * Begins to listen; what lies at `path` is taken away. The directory must let nobody else in.
   * @throws SpoorError `control/socket`.
   */
  static async listen(path: string, access: SocketAccess, handler: LineHandler): Promise<LineServer> {
    const server = createServer();
    const listening = new LineServer(server, access.gid !== undefined);
    server.maxConnections = MOST_CONNECTIONS;
    server.on('connection', (socket) => listening.#accept(socket, handler));
    try {
      rmSync(path, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, () => {
          server.off('error', reject);
          resolve();
        });
      });
      chmodSync(path, access.mode);
      if (access.gid !== undefined) chownSync(path, process.getuid?.() ?? 0, access.gid);
    } catch (cause) {
      server.close();
      throw new SpoorError('control/socket', 'cannot listen on the socket', { where: path, cause });
    }
    server.on('error', () => undefined);
    return listening;
  }

  /** Stops listening and ends all connections. */
  close(): void {
    this.#server.close();
    for (const peer of this.#peers) peer.destroy();
  }

  #accept(socket: Socket, handler: LineHandler): void {
    const user = this.#hasOthers ? peerUser(socket) : ownUser();
    if (user === undefined) {
      socket.destroy();
      return;
    }
    const peer = new LinePeer(socket, user);
    const splitter = new LineSplitter();
    this.#peers.add(peer);
    handler.opened?.(peer);
    socket.on('data', (bytes) => {
      try {
        for (const line of splitter.push(bytes)) handler.receive(peer, line);
      } catch (error) {
        peer.send({ id: 0, error: toWireError(error) });
        peer.end();
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#peers.delete(peer);
      handler.closed(peer);
    });
  }
}

/** The user that this process is of. */
function ownUser(): FileUser {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
