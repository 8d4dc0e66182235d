import { subscribe } from 'node:diagnostics_channel';
import { tracepoint } from './tracepoint.ts';
import { guarded } from './guard.ts';
import {
  beginClientRequest,
  endClientRequest,
  failClientRequest,
  isClientRecorded,
  tellClientResponse,
} from './http-spans.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';

const connectBegin = tracepoint(
  'undici:connect_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['origin', 'cached-string'],
  ],
  { logLevel: 'info' },
);
const connectEnd = tracepoint(
  'undici:connect_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);

/** What undici tells of a request; a part of its documented diagnostics channels. */
interface RequestMessage {
  readonly request: { readonly origin?: unknown; readonly method?: unknown; readonly path?: unknown };
  readonly response?: { readonly statusCode?: unknown };
  readonly error?: unknown;
}

/** What undici tells of a connection that it makes. */
interface ConnectMessage {
  readonly connectParams: { readonly host?: unknown; readonly protocol?: unknown };
  readonly error?: unknown;
}

/**
 * Spans of requests made through `fetch` and undici, that of Node.js and those of packages, and of the connections that
 * they make, TLS included.
 */
export function startUndiciEvents(): void {
  subscribe(
    'undici:request:create',
    guarded((message: unknown) => {
      const { request } = message as RequestMessage;
      if (!isClientRecorded()) return;
      const { origin } = request;
      beginClientRequest(
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
      const { request, response } = message as RequestMessage;
      tellClientResponse(request, response?.statusCode);
    }),
  );
  subscribe(
    'undici:request:trailers',
    guarded((message: unknown) => endClientRequest((message as RequestMessage).request)),
  );
  subscribe(
    'undici:request:error',
    guarded((message: unknown) => {
      const { request, error } = message as RequestMessage;
      failClientRequest(request, errorCode(error));
      endClientRequest(request);
    }),
  );
  startConnectEvents();
}

function startConnectEvents(): void {
  const nextId = spanIds();
  // Messages of one connection have nothing in common but where it goes to: the first to be made is the first there.
  const open = new Map<string, { readonly id: number; readonly request: number }[]>();
  const originOf = ({ connectParams: { host, protocol } }: ConnectMessage): string =>
    `${textOrNone(protocol)}//${textOrNone(host)}`;

  const end = guarded((message: unknown) => {
    const origin = originOf(message as ConnectMessage);
    const waiting = open.get(origin);
    const state = waiting?.shift();
    if (waiting?.length === 0) open.delete(origin);
    if (state !== undefined)
      connectEnd(state.id, state.request, errorCode((message as ConnectMessage).error));
  });
  subscribe(
    'undici:client:beforeConnect',
    guarded((message: unknown) => {
      if (!connectBegin.enabled) return;
      const origin = originOf(message as ConnectMessage);
      const state = { id: nextId(), request: currentRequest() };
      const waiting = open.get(origin);
      if (waiting === undefined) open.set(origin, [state]);
      else waiting.push(state);
      connectBegin(state.id, state.request, origin);
    }),
  );
  subscribe('undici:client:connected', end);
  subscribe('undici:client:connectError', end);
}
