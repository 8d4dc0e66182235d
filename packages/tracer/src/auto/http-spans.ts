// The spans of HTTP requests, whatever of Node.js they are made with: HTTP/1 and HTTP/2, `fetch` and undici.
import { loopIdleNs } from '@spoor/sys';
import { currentSession } from '../session-slot.ts';
import { gateOf, tracepoint } from './tracepoint.ts';
import { spanIds } from './ids.ts';
import { currentRequest, enterRequest } from './request-context.ts';
import { noText, textOrNone } from './text.ts';

const serverRequestBegin = tracepoint(
  'http_server:request_begin',
  [
    ['id', 'u32'],
    ['connection', 'u32'],
    ['method', 'cached-string'],
    ['url', 'string'],
    ['host', 'cached-string'],
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

const clientRequestBegin = tracepoint(
  'http_client:request_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['method', 'cached-string'],
    ['origin', 'cached-string'],
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
    ['error', 'cached-string'],
  ],
  { logLevel: 'info' },
);

const serverBeginGate = gateOf(serverRequestBegin);
const serverEndGate = gateOf(serverRequestEnd);
const clientBeginGate = gateOf(clientRequestBegin);
const clientResponseGate = gateOf(clientResponse);
const clientEndGate = gateOf(clientRequestEnd);

const nextServerId = spanIds();

/** Whether requests to servers are recorded. */
export function isServerRecorded(): boolean {
  return serverBeginGate.on || serverEndGate.on;
}

/**
 * Begins the span of a request to a server, and its context. Returns its id.
 *
 * @param connection `id` of its `net:connection`; 0 if it is not known.
 */
export function beginServerRequest(connection: number, method: unknown, url: unknown, host: unknown): number {
  const id = nextServerId();
  enterRequest(id);
  if (serverBeginGate.on)
    serverBeginGate.write(id, connection, textOrNone(method), textOrNone(url), textOrNone(host));
  return id;
}

/**
 * Begins the context of a request to a server whose own events are left out: others may be recorded, which tell what
 * request they are part of, and on a kept connection they would tell of an earlier one.
 */
export function passServerRequest(): void {
  const isRecorded = (currentSession()?.processPaths().length ?? 0) > 0;
  if (isRecorded) enterRequest(nextServerId());
}

/**
 * Ends the span of a request to a server.
 *
 * @param idleNs {@link loopIdleNs} at its begin.
 * @param status 0 if no head was sent.
 */
export function endServerRequest(id: number, idleNs: number, status: number, isAborted: boolean): void {
  if (!serverEndGate.on) return;
  serverEndGate.write(id, status, isAborted ? 1 : 0, loopIdleNs() - idleNs);
}

interface ClientState {
  readonly id: number;
  readonly request: number;
  status: number;
  error: string;
}

const nextClientId = spanIds();
function itself(object: object): object {
  return object;
}

/** A class that makes nothing new: what a subclass has in private fields goes onto the object that is given. */
const Given = itself as unknown as new (object: object) => object;

/**
 * Puts the state of a span onto what it is the span of: nobody else sees a private field, and to find it costs a tenth of
 * what a WeakMap takes, which also is work for each garbage collection.
 */
class Spanned extends Given {
  #state: ClientState | undefined;

  static stateOf(object: object): ClientState | undefined {
    return #state in object ? object.#state : undefined;
  }

  static put(object: object, state: ClientState | undefined): void {
    const spanned = #state in object ? object : new Spanned(object);
    spanned.#state = state;
  }
}

/** Whether requests of clients are recorded. */
export function isClientRecorded(): boolean {
  return clientBeginGate.on || clientResponseGate.on || clientEndGate.on;
}

/** Whether the span of a client's request is open. */
export function hasClientRequest(key: object): boolean {
  return Spanned.stateOf(key) !== undefined;
}

/** Begins the span of a request that this thread makes; `key` stands for it until its end. */
export function beginClientRequest(key: object, method: unknown, origin: string, path: unknown): void {
  const state: ClientState = { id: nextClientId(), request: currentRequest(), status: 0, error: noText };
  Spanned.put(key, state);
  if (clientBeginGate.on)
    clientBeginGate.write(state.id, state.request, textOrNone(method), origin, textOrNone(path));
}

/** Tells of the head of the response. */
export function tellClientResponse(key: object, status: unknown): void {
  const state = Spanned.stateOf(key);
  if (state === undefined) return;
  state.status = typeof status === 'number' ? status : 0;
  if (clientResponseGate.on) clientResponseGate.write(state.id, state.request, state.status);
}

/** Keeps why a request fails, for the end of its span. */
export function failClientRequest(key: object, error: string): void {
  const state = Spanned.stateOf(key);
  if (state !== undefined) state.error = error;
}

/** Ends the span of a client's request; does nothing if it has ended. */
export function endClientRequest(key: object): void {
  const state = Spanned.stateOf(key);
  if (state === undefined) return;
  Spanned.put(key, undefined);
  if (clientEndGate.on) clientEndGate.write(state.id, state.request, state.status, state.error);
}
