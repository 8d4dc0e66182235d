import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { loopIdleNs } from '@spoor/sys';
import { guardedListener, tellMissed } from './guard.ts';
import { beginServerRequest, endServerRequest, isServerRecorded, passServerRequest } from './http-spans.ts';
import { connectionOf } from './net.ts';

interface ServerMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** A request whose response is not out yet. */
interface OpenRequest {
  response: ServerResponse | undefined;
  id: number;
  idleNs: number;
}

/** A connection, which mostly has one open request at a time: to look it up by its socket costs less than by request. */
interface Connection {
  /** Its `net:connection`. */
  readonly id: number;
  readonly open: OpenRequest;
  /** Requests that came before the response to the first was out. */
  others: OpenRequest[] | undefined;
}

/** Spans of requests to `http` and `https` servers of this thread, from the parsed head to the sent response. */
export function startHttpServerEvents(): void {
  const connections = new WeakMap<Socket, Connection>();
  // That of the last request to begin: most responses are out before the next request comes, and need no look-up then.
  let latest: Connection | undefined;

  const end = (open: OpenRequest, isAborted: boolean): void => {
    const { response, id, idleNs } = open;
    if (response === undefined) return;
    open.response = undefined;
    endServerRequest(id, idleNs, response.headersSent ? response.statusCode : 0, isAborted);
  };

  // A response that is never finished, because the client went away, tells so by the end of its connection only.
  const onClose = guardedListener(function onServerSocketClose(this: Socket): void {
    const connection = connections.get(this);
    if (connection === undefined) return;
    end(connection.open, true);
    for (const other of connection.others ?? []) end(other, true);
  });

  const connectionAt = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const made: Connection = {
      id: connectionOf(socket),
      open: { response: undefined, id: 0, idleNs: 0 },
      others: undefined,
    };
    connections.set(socket, made);
    socket.on('close', onClose);
    return made;
  };

  const begin = ({ request, response, socket }: ServerMessage): void => {
    const connection = connectionAt(socket);
    let { open } = connection;
    if (open.response !== undefined) {
      open = { response: undefined, id: 0, idleNs: 0 };
      (connection.others ??= []).push(open);
    }
    latest = connection;
    open.response = response;
    open.idleNs = loopIdleNs();
    open.id = beginServerRequest(connection.id, request.method, request.url, hostOf(request.rawHeaders));
  };

  const finish = ({ response, socket }: ServerMessage): void => {
    const connection = latest?.open.response === response ? latest : connections.get(socket);
    if (connection === undefined) return;
    if (connection.open.response === response) {
      end(connection.open, false);
      return;
    }
    const at = connection.others?.findIndex((other) => other.response === response) ?? -1;
    if (at === -1) return;
    end(connection.others![at]!, false);
    connection.others!.splice(at, 1);
  };

  subscribe('http.server.request.start', (message) => {
    try {
      if (isServerRecorded()) begin(message as ServerMessage);
      else passServerRequest();
    } catch (error) {
      tellMissed(error);
    }
  });
  subscribe('http.server.response.finish', (message) => {
    try {
      finish(message as ServerMessage);
    } catch (error) {
      tellMissed(error);
    }
  });
}

/**
 * The first header `Host`. In `headers` Node.js puts all of a request's headers together when that is first read, which
 * is the program's to have done, or not.
 */
function hostOf(rawHeaders: readonly string[]): string | undefined {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (isHost(rawHeaders[index]!)) return rawHeaders[index + 1];
  }
  return undefined;
}

/** Whether a header is `Host`, in letters of any case. Asked of each header of each request: in little code. */
function isHost(name: string): boolean {
  return name.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host');
}
