import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { guarded, tellMissed } from './guard.ts';
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
  const onClose = function onClientRequestClose(this: ClientRequest): void {
    try {
      if (hasClientRequest(this)) tellRest(this);
      endClientRequest(this);
    } catch (error) {
      tellMissed(error);
    }
  };
  const origins = new Origins();
  const begin = (request: ClientRequest): void => {
    request.on('close', onClose);
    beginClientRequest(request, request.method, origins.of(request), request.path);
  };
  subscribe('http.client.request.start', (message) => {
    try {
      const { request } = message as { request: ClientRequest };
      // A request ended after it was destroyed and closed goes nowhere, and tells of no end.
      if (isClientRecorded() && !hasClientRequest(request) && !request.closed) begin(request);
    } catch (error) {
      tellMissed(error);
    }
  });
  subscribe('http.client.response.finish', (message) => {
    try {
      const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
      if (!isClientRecorded()) return;
      // A server may answer before the program has ended its request.
      if (!hasClientRequest(request)) begin(request);
      tellClientResponse(request, response.statusCode);
    } catch (error) {
      tellMissed(error);
    }
  });
  subscribe(
    'http.client.request.error',
    guarded((message: unknown) => {
      const { request, error } = message as { request: ClientRequest; error: unknown };
      failClientRequest(request, errorCode(error));
    }),
  );
}

/** What Node.js publishes nothing of: responses that are cut short, and those by which a connection is upgraded. */
function tellRest(request: ClientRequest): void {
  const { res: response } = request as {
    res?: (IncomingMessage & { readonly upgrade?: unknown; readonly errored: unknown }) | null;
  };
  if (response === undefined || response === null) return;
  if (response.upgrade === true) tellClientResponse(request, response.statusCode);
  else if (!response.complete)
    failClientRequest(request, response.errored === null ? 'ECONNRESET' : errorCode(response.errored));
}

/** An origin, and what it was made of. */
interface KnownOrigin {
  readonly protocol: string;
  readonly host: string;
  readonly hostHeader: unknown;
  readonly text: string;
}

/** The origins of requests, of which a program has few: to make the text anew costs a regular expression and copies. */
class Origins {
  readonly #known: KnownOrigin[] = [];

  of(request: ClientRequest): string {
    const { protocol, host } = request;
    const hostHeader = request.getHeader('host');
    for (const known of this.#known) {
      if (known.hostHeader === hostHeader && known.host === host && known.protocol === protocol)
        return known.text;
    }
    const text = `${protocol}//${host}${portOf(hostHeader)}`;
    if (this.#known.length >= mostOrigins) this.#known.length = 0;
    this.#known.push({ protocol, host, hostHeader, text });
    return text;
  }
}

/** More than these are not worth a search. */
const mostOrigins = 8;

function portOf(hostHeader: unknown): string {
  if (typeof hostHeader !== 'string') return '';
  const port = /:(\d+)$/.exec(hostHeader);
  return port === null ? '' : `:${port[1]}`;
}
