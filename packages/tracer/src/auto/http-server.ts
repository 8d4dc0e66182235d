import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { guarded, guardedListener } from './guard.ts';
import { beginServerRequest, endServerRequest, isServerRecorded } from './http-spans.ts';
import { connectionOf } from './net.ts';

interface ServerMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** Spans of requests to `http` and `https` servers of this thread, from the parsed head to the sent response. */
export function startHttpServerEvents(): void {
  const end = (response: ServerResponse, isAborted: boolean): void =>
    endServerRequest(response, response.headersSent ? response.statusCode : 0, isAborted);

  const onClose = guardedListener(function onServerResponseClose(this: ServerResponse): void {
    end(this, true);
  });

  subscribe(
    'http.server.request.start',
    guarded((message: unknown) => {
      if (!isServerRecorded()) return;
      const { request, response, socket } = message as ServerMessage;
      // A response that is never finished, because the client went away, tells so by 'close' only.
      response.on('close', onClose);
      beginServerRequest(response, {
        connection: connectionOf(socket),
        method: request.method,
        url: request.url,
        host: request.headers.host,
      });
    }),
  );
  subscribe(
    'http.server.response.finish',
    guarded((message: unknown) => end((message as ServerMessage).response, false)),
  );
}
