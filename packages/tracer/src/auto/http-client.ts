import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { tracepoint } from '../tracepoint.ts';
import { guarded, guardedListener } from './guard.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';

const clientRequestBegin = tracepoint(
  'http_client:request_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['method', 'string'],
    ['origin', 'string'],
    ['path', 'string'],
  ],
  { logLevel: 'info' },
);
const clientResponse = tracepoint(
  'http_client:response',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['status', 'u16'],
  ],
  { logLevel: 'info' },
);
const clientRequestEnd = tracepoint(
  'http_client:request_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['status', 'u16'],
    ['error', 'string'],
  ],
  { logLevel: 'info' },
);

interface RequestState {
  readonly id: number;
  readonly request: number;
  status: number;
  error: string;
}

/** What undici tells of a request; a part of its documented diagnostics channels. */
interface UndiciRequest {
  readonly origin?: unknown;
  readonly method?: unknown;
  readonly path?: unknown;
}

interface UndiciMessage {
  readonly request: UndiciRequest;
  readonly response?: { readonly statusCode?: unknown };
  readonly error?: unknown;
}

/**
 * Spans of requests made through `http`, `https` and `fetch` (undici). They begin when the request is handed to
 * Node.js whole, and end when the response was read to its end, or the request failed or was given up.
 */
export function startHttpClientEvents(): void {
  const nextId = spanIds();
  const states = new WeakMap<object, RequestState>();

  const begin = (key: object, method: unknown, origin: string, path: unknown): RequestState => {
    const state: RequestState = { id: nextId(), request: currentRequest(), status: 0, error: noText };
    states.set(key, state);
    clientRequestBegin(state.id, state.request, textOrNone(method), origin, textOrNone(path));
    return state;
  };
  const respond = (state: RequestState, status: unknown): void => {
    state.status = typeof status === 'number' ? status : 0;
    clientResponse(state.id, state.request, state.status);
  };
  const end = (key: object): void => {
    const state = states.get(key);
    if (state === undefined) return;
    states.delete(key);
    clientRequestEnd(state.id, state.request, state.status, state.error);
  };

  const onClose = guardedListener(function onClientRequestClose(this: ClientRequest): void {
    end(this);
  });
  const beginClassic = (request: ClientRequest): RequestState => {
    request.on('close', onClose);
    return begin(
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
      if (clientRequestBegin.enabled && !states.has(request) && !request.closed) beginClassic(request);
    }),
  );
  subscribe(
    'http.client.response.finish',
    guarded((message: unknown) => {
      const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
      if (!clientRequestBegin.enabled) return;
      // A server may answer before the program has ended its request.
      respond(states.get(request) ?? beginClassic(request), response.statusCode);
    }),
  );
  subscribe(
    'http.client.request.error',
    guarded((message: unknown) => {
      const { request, error } = message as { request: ClientRequest; error: unknown };
      const state = states.get(request);
      if (state !== undefined) state.error = errorCode(error);
    }),
  );

  subscribe(
    'undici:request:create',
    guarded((message: unknown) => {
      const { request } = message as UndiciMessage;
      if (!clientRequestBegin.enabled) return;
      const { origin } = request;
      begin(
        request,
        request.method,
        origin instanceof URL ? origin.origin : textOrNone(origin),
        request.path,
      );
    }),
  );
  subscribe(
    'undici:request:headers',
    guarded((message: unknown) => {
      const { request, response } = message as UndiciMessage;
      const state = states.get(request);
      if (state !== undefined) respond(state, response?.statusCode);
    }),
  );
  subscribe(
    'undici:request:trailers',
    guarded((message: unknown) => end((message as UndiciMessage).request)),
  );
  subscribe(
    'undici:request:error',
    guarded((message: unknown) => {
      const { request, error } = message as UndiciMessage;
      const state = states.get(request);
      if (state === undefined) return;
      state.error = errorCode(error);
      end(request);
    }),
  );
}

function portOf(request: ClientRequest): string {
  const host = request.getHeader('host');
  if (typeof host !== 'string') return '';
  const port = /:(\d+)$/.exec(host);
  return port === null ? '' : `:${port[1]}`;
}
