import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { enumeration } from '../field-types.ts';
import { tracepoint } from './tracepoint.ts';
import { guarded, guardedListener } from './guard.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';

const connectBegin = tracepoint(
  'net:connect_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
  ],
  { logLevel: 'info' },
);
const connectEnd = tracepoint(
  'net:connect_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['address', 'string'],
    ['port', 'u16'],
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);
const side = enumeration('u8', { client: 0, server: 1 });
const connectionBegin = tracepoint(
  'net:connection_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['side', side],
    ['remote_address', 'string'],
    ['remote_port', 'u16'],
    ['local_port', 'u16'],
  ],
  { logLevel: 'info' },
);
const connectionEnd = tracepoint(
  'net:connection_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['bytes_read', 'u64'],
    ['bytes_written', 'u64'],
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);

interface SocketState {
  readonly id: number;
  readonly request: number;
  readonly side: 'client' | 'server';
  connecting: boolean;
  open: boolean;
}

const states = new WeakMap<object, SocketState>();

/** Id of the `net:connection_begin` event of a socket, or of the one below it where it is of TLS; 0 if it has none. */
export function connectionOf(socket: object | null): number {
  if (socket === null) return 0;
  const state = states.get(socket);
  if (state !== undefined) return state.id;
  const { _parent: below } = socket as { readonly _parent?: unknown };
  return typeof below === 'object' && below !== null ? (states.get(below)?.id ?? 0) : 0;
}

/**
 * Spans of TCP and Unix-domain connections made through `net`: the time to connect, and the life of a connection
 * on both sides. Sockets that `tls.connect` opens by itself are not told of.
 */
export function startNetEvents(): void {
  const nextId = spanIds();

  const open = (socket: Socket, state: SocketState, remote: Endpoint): void => {
    state.open = true;
    connectionBegin(
      state.id,
      state.request,
      state.side,
      textOrNone(remote.address),
      remote.port ?? 0,
      localPortOf(socket),
    );
  };

  const onConnect = guardedListener(function onSocketConnect(this: Socket): void {
    const state = states.get(this);
    if (state === undefined || !state.connecting) return;
    state.connecting = false;
    const remote = remoteOf(this);
    connectEnd(state.id, state.request, textOrNone(remote.address), remote.port ?? 0, noText);
    open(this, state, remote);
  });

  const onClose = guardedListener(function onSocketClose(this: Socket): void {
    const state = states.get(this);
    if (state === undefined) return;
    const error = errorCode(this.errored);
    if (state.connecting) {
      state.connecting = false;
      connectEnd(state.id, state.request, noText, 0, error === noText ? 'closed' : error);
    }
    if (!state.open) return;
    state.open = false;
    connectionEnd(state.id, state.request, this.bytesRead, this.bytesWritten, error);
  });

  subscribe(
    'net.client.socket',
    guarded((message: unknown) => {
      const { socket } = message as { socket: Socket };
      if (!connectBegin.enabled) return;
      const state: SocketState = {
        id: nextId(),
        request: currentRequest(),
        side: 'client',
        connecting: true,
        open: false,
      };
      states.set(socket, state);
      socket.on('connect', onConnect);
      socket.on('close', onClose);
      connectBegin(state.id, state.request);
    }),
  );
  subscribe(
    'net.server.socket',
    guarded((message: unknown) => {
      const { socket } = message as { socket: Socket };
      if (!connectionBegin.enabled) return;
      const state: SocketState = { id: nextId(), request: 0, side: 'server', connecting: false, open: false };
      states.set(socket, state);
      socket.on('close', onClose);
      open(socket, state, remoteOf(socket));
    }),
  );
}

/** An end of a connection; a Unix-domain one has neither. */
interface Endpoint {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

/** What a socket of Node.js has below: puts what it is asked for into the object, and returns 0. */
interface Handle {
  readonly getpeername?: (into: object) => number;
  readonly getsockname?: (into: object) => number;
}

/**
 * Asked of the handle: a socket keeps the answer to `remoteAddress` in a property of its own that it has not had before. So V8
 * would have sockets of twice as many hidden classes as the program itself comes to, and several places of Node.js's streams
 * that look properties up at each request would do so the slow way.
 */
function remoteOf(socket: Socket): Endpoint {
  return askHandle(socket, 'getpeername') ?? { address: socket.remoteAddress, port: socket.remotePort };
}

function localPortOf(socket: Socket): number {
  return (askHandle(socket, 'getsockname') ?? { port: socket.localPort }).port ?? 0;
}

/** Undefined where the handle is not as it is in Node.js 20 to 24, or does not know: the socket's own properties tell then. */
function askHandle(socket: Socket, question: keyof Handle): Endpoint | undefined {
  const { _handle: handle } = socket as { readonly _handle?: Handle | null };
  if (typeof handle?.[question] !== 'function') return undefined;
  const endpoint: Endpoint = {};
  return handle[question](endpoint) === 0 ? endpoint : undefined;
}
