import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
import { define, hasOwn } from '../primordials.ts';

/**
 * Where the storage of this thread is, once there is one. A program may have a copy of this package beside the one that
 * `spoor record` loads into it: both find the same slot, under this name in the global object.
 */
interface Slot {
  storage: AsyncLocalStorage<number> | undefined;
  /** Tells the execution that runs, where each has a number of its own; undefined where it is of no use. */
  executionId: (() => number) | undefined;
  /** An execution, and the request that it is part of: mostly asked for again and again in the same one. */
  lastExecution: number;
  lastRequest: number;
}

const globalName = Symbol.for('@spoor/tracer request context 2');
const globals = globalThis as { [globalName]?: Slot };
const slot: Slot = globals[globalName] ?? makeSlot();

// A program with any asynchronous context pays for it: before Node.js 24 at each promise and each callback, later at each
// request; so the storage is made only when a request comes whose number somebody asks for.
let isWanted = false;
let isAsked = false;

/** Lets `enterRequest` take effect, once {@link askForRequests} was called. */
export function enableRequestContext(): void {
  isWanted = true;
}

/**
 * Says that requests are asked for whatever they cost: by name, as a context of events, or perhaps by a program whose own
 * events are recorded.
 */
export function askForRequests(): void {
  isAsked = true;
}

/** Marks the rest of the current callback, and all that it starts, as part of a server request. */
export function enterRequest(id: number): void {
  if (!isWanted || !isAsked) return;
  slot.storage ??= makeStorage();
  slot.storage.enterWith(id);
  if (slot.executionId === undefined) return;
  slot.lastExecution = slot.executionId();
  slot.lastRequest = id;
}

/**
 * The id of the HTTP server request that the running code is part of, for the `request` field of a program's own
 * tracepoints; 0 outside requests, and when automatic events are off. It is the `id` of the thread's
 * `http_server:request_begin` event. Work that outlives its request still counts as part of it. It is 0 too
 * while neither events of the program's own are recorded nor the set `request-context` is named.
 */
export function currentRequest(): number {
  const { storage, executionId } = slot;
  if (storage === undefined) return 0;
  if (executionId === undefined) return storage.getStore() ?? 0;
  const execution = executionId();
  if (execution === slot.lastExecution && execution !== 0) return slot.lastRequest;
  const request = storage.getStore() ?? 0;
  slot.lastExecution = execution;
  slot.lastRequest = request;
  return request;
}

/**
 * Before Node.js 24 a storage hangs its value onto the resource of each execution, by hooks that give every execution its
 * number: there a number stands for the value, and costs a tenth. (0 is what native code has that gives none.) Later ones
 * have storages without hooks, whose values are quickly had, and executions without numbers.
 */
function makeStorage(): AsyncLocalStorage<number> {
  const made = new AsyncLocalStorage<number>();
  if (hasOwn(made, 'kResourceStore')) slot.executionId = executionAsyncId;
  return made;
}

function makeSlot(): Slot {
  const made: Slot = {
    storage: undefined,
    executionId: undefined,
    lastExecution: 0,
    lastRequest: 0,
  };
  try {
    define(globals, globalName, { value: made, configurable: true });
  } catch {
    // A program that forbids new globals: then each copy has its own.
  }
  return made;
}
