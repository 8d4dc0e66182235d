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

  const open = (socket: Socket, state: SocketState): void => {
    state.open = true;
    connectionBegin(
      state.id,
      state.request,
      state.side,
      textOrNone(socket.remoteAddress),
      socket.remotePort ?? 0,
      socket.localPort ?? 0,
    );
  };

  const onConnect = guardedListener(function onSocketConnect(this: Socket): void {
    const state = states.get(this);
    if (state === undefined || !state.connecting) return;
    state.connecting = false;
    connectEnd(state.id, state.request, textOrNone(this.remoteAddress), this.remotePort ?? 0, noText);
    open(this, state);
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
      open(socket, state);
    }),
  );
}
