import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { guarded, guardedListener } from './guard.ts';
import {
  beginClientRequest,
  endClientRequest,
  failClientRequest,
  hasClientRequest,
  isClientRecorded,
  tellClientResponse,
} from './http-spans.ts';
import { errorCode } from './thrown.ts';

/**
 * Spans of requests made through `http` and `https`. They begin when the request is handed to Node.js whole, and end
 * when the response was read to its end, or the request failed or was given up.
 */
export function startHttpClientEvents(): void {
  const onClose = guardedListener(function onClientRequestClose(this: ClientRequest): void {
    endClientRequest(this);
  });
  const begin = (request: ClientRequest): void => {
    request.on('close', onClose);
    beginClientRequest(
      request,
      request.method,
      `${request.protocol}//${request.host}${portOf(request)}`,
      request.path,
    );
  };
  subscribe(
    'http.client.request.start',
    guarded((message: unknown) => {
      const { request } = message as { request: ClientRequest };
      // A request ended after it was destroyed and closed goes nowhere, and tells of no end.
      if (isClientRecorded() && !hasClientRequest(request) && !request.closed) begin(request);
    }),
  );
  subscribe(
    'http.client.response.finish',
    guarded((message: unknown) => {
      const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
      if (!isClientRecorded()) return;
      // A server may answer before the program has ended its request.
      if (!hasClientRequest(request)) begin(request);
      tellClientResponse(request, response.statusCode);
    }),
  );
  subscribe(
    'http.client.request.error',
    guarded((message: unknown) => {
      const { request, error } = message as { request: ClientRequest; error: unknown };
      failClientRequest(request, errorCode(error));
    }),
  );
}

function portOf(request: ClientRequest): string {
  const host = request.getHeader('host');
  if (typeof host !== 'string') return '';
  const port = /:(\d+)$/.exec(host);
  return port === null ? '' : `:${port[1]}`;
}
