import type Http2 from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import { syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import { watchEmitter } from './emitters.ts';
import { loopIdleNs } from '@spoor/sys';
import { guarded, guardedListener } from './guard.ts';
import {
  beginClientRequest,
  beginServerRequest,
  endClientRequest,
  endServerRequest,
  failClientRequest,
  isClientRecorded,
  isServerRecorded,
  passServerRequest,
  tellClientResponse,
} from './http-spans.ts';
import { connectionOf } from './net.ts';
import { noText } from './text.ts';
import { errorCode } from './thrown.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

/**
 * Spans of HTTP/2 streams, of servers and of clients: the same events as those of HTTP/1. Loads node:http2, which takes
 * some milliseconds. Streams that servers push, and sessions of `performServerHandshake`, are not told of.
 */
export function startHttp2Events(): void {
  const http2 = process.getBuiltinModule('node:http2');
  startServer([http2.createServer(), http2.createSecureServer()]);
  startClient(http2);
  syncBuiltinESMExports();
}

/** @param samples servers whose classes are watched: they are not exported. */
function startServer(samples: readonly object[]): void {
  const open = new WeakMap<ServerHttp2Stream, { readonly id: number; readonly idleNs: number }>();
  /** By session, whose own `socket` is only a stand-in. */
  const sockets = new WeakMap<object, Socket>();
  /** What a server was given last: it makes the session of it in the same turn. */
  let given: Socket | undefined;
  const onClose = guardedListener(function onServerStreamClose(this: ServerHttp2Stream): void {
    const request = open.get(this);
    if (request === undefined) return;
    open.delete(this);
    const sent: unknown = this.headersSent ? this.sentHeaders[':status'] : 0;
    const status = typeof sent === 'number' ? sent : 0;
    endServerRequest(request.id, request.idleNs, status, this.aborted || this.rstCode !== 0);
  });
  for (const sample of samples) {
    watchEmitter(Object.getPrototypeOf(sample) as Http2Server, (_server, name, first, second) => {
      if (name === 'connection' || name === 'secureConnection') given = first as Socket;
      else if (name === 'session' && given !== undefined) {
        sockets.set(first as ServerHttp2Session, given);
        given = undefined;
      }
      if (name !== 'stream') return;
      if (!isServerRecorded()) {
        passServerRequest();
        return;
      }
      const stream = first as ServerHttp2Stream;
      const headers = second as IncomingHttpHeaders;
      stream.on('close', onClose);
      const idleNs = loopIdleNs();
      const host = headers[':authority'] ?? headers.host;
      const { session } = stream;
      const id = beginServerRequest(
        connectionOf((session === undefined ? undefined : sockets.get(session)) ?? null),
        headers[':method'],
        headers[':path'],
        host,
      );
      open.set(stream, { id, idleNs });
    });
  }
}

function startClient(http2: typeof Http2): void {
  const onResponse = guardedListener(function onClientStreamResponse(
    this: ClientHttp2Stream,
    headers: IncomingHttpHeaders,
  ): void {
    tellClientResponse(this, headers[':status']);
  });
  const onClose = guardedListener(function onClientStreamClose(this: ClientHttp2Stream): void {
    const error = errorCode(this.errored);
    if (error !== noText) failClientRequest(this, error);
    else if (this.rstCode !== 0) failClientRequest(this, `RST_STREAM ${this.rstCode}`);
    endClientRequest(this);
  });
  const begin = guarded((stream: ClientHttp2Stream) => {
    const { sentHeaders: headers } = stream;
    stream.on('response', onResponse);
    stream.on('close', onClose);
    beginClientRequest(
      stream,
      headers[':method'],
      `${String(headers[':scheme'])}://${String(headers[':authority'])}`,
      headers[':path'],
    );
  });

  let isWatched = false;
  // The class of sessions is not exported: it is known from the first one.
  const watchSessions = guarded((session: ClientHttp2Session) => {
    if (isWatched) return;
    isWatched = true;
    wrapMethod(Object.getPrototypeOf(session) as object, 'request', (original) => (self, args) => {
      const stream = apply(original, self, args);
      if (isClientRecorded()) begin(stream as ClientHttp2Stream);
      return stream;
    });
  });
  wrapMethod(http2, 'connect', (original) => (self, args) => {
    const session = apply(original, self, args);
    watchSessions(session as ClientHttp2Session);
    return session;
  });
}
