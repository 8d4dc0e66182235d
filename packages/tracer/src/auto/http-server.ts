import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { guarded, guardedListener } from './guard.ts';
import {
  beginServerRequest,
  endServerRequest,
  isServerRecorded,
  loopIdleMs,
  passServerRequest,
} from './http-spans.ts';
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
  idleMs: number;
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

  const end = (open: OpenRequest, isAborted: boolean): void => {
    const { response, id, idleMs } = open;
    if (response === undefined) return;
    open.response = undefined;
    endServerRequest(id, idleMs, response.headersSent ? response.statusCode : 0, isAborted);
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
      open: { response: undefined, id: 0, idleMs: 0 },
      others: undefined,
    };
    connections.set(socket, made);
    socket.on('close', onClose);
    return made;
  };

  subscribe(
    'http.server.request.start',
    guarded((message: unknown) => {
      if (!isServerRecorded()) {
        passServerRequest();
        return;
      }
      const { request, response, socket } = message as ServerMessage;
      const connection = connectionAt(socket);
      let { open } = connection;
      if (open.response !== undefined) {
        open = { response: undefined, id: 0, idleMs: 0 };
        (connection.others ??= []).push(open);
      }
      open.response = response;
      open.idleMs = loopIdleMs();
      open.id = beginServerRequest(connection.id, request.method, request.url, request.headers.host);
    }),
  );
  subscribe(
    'http.server.response.finish',
    guarded((message: unknown) => {
      const { response, socket } = message as ServerMessage;
      const connection = connections.get(socket);
      if (connection === undefined) return;
      if (connection.open.response === response) {
        end(connection.open, false);
        return;
      }
      const at = connection.others?.findIndex((other) => other.response === response) ?? -1;
      if (at === -1) return;
      end(connection.others![at]!, false);
      connection.others!.splice(at, 1);
    }),
  );
}
