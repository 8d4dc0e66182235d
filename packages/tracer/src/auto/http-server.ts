import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { tracepoint } from '../tracepoint.ts';
import { guarded, guardedListener } from './guard.ts';
import { spanIds } from './ids.ts';
import { connectionOf } from './net.ts';
import { enterRequest } from './request-context.ts';
import { textOrNone } from './text.ts';

const serverRequestBegin = tracepoint(
  'http_server:request_begin',
  [
    ['id', 'u32'],
    ['connection', 'u32'],
    ['method', 'string'],
    ['url', 'string'],
    ['host', 'string'],
  ],
  { logLevel: 'info' },
);
const serverRequestEnd = tracepoint(
  'http_server:request_end',
  [
    ['id', 'u32'],
    ['status', 'u16'],
    ['aborted', 'u8'],
    ['loop_idle_ns', 'u64'],
  ],
  { logLevel: 'info' },
);

interface RequestState {
  readonly id: number;
  /** The loop's idle time at the begin, in milliseconds. */
  readonly idleMs: number;
}

interface ServerMessage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** Spans of requests to `http` and `https` servers of this thread, from the parsed head to the sent response. */
export function startHttpServerEvents(): void {
  const nextId = spanIds();
  const states = new WeakMap<ServerResponse, RequestState>();
  const timing = performance.nodeTiming;

  const end = (response: ServerResponse, aborted: boolean): void => {
    const state = states.get(response);
    if (state === undefined) return;
    states.delete(response);
    const idleNs = Math.max(0, Math.round((timing.idleTime - state.idleMs) * 1e6));
    serverRequestEnd(state.id, response.headersSent ? response.statusCode : 0, aborted ? 1 : 0, idleNs);
  };

  const onClose = guardedListener(function onServerResponseClose(this: ServerResponse): void {
    end(this, true);
  });

  subscribe(
    'http.server.request.start',
    guarded((message: unknown) => {
      const { request, response, socket } = message as ServerMessage;
      if (!serverRequestBegin.enabled) return;
      const id = nextId();
      enterRequest(id);
      states.set(response, { id, idleMs: timing.idleTime });
      // A response that is never finished, because the client went away, tells so by 'close' only.
      response.on('close', onClose);
      serverRequestBegin(
        id,
        connectionOf(socket),
        textOrNone(request.method),
        textOrNone(request.url),
        textOrNone(request.headers.host),
      );
    }),
  );
  subscribe(
    'http.server.response.finish',
    guarded((message: unknown) => end((message as ServerMessage).response, false)),
  );
}
