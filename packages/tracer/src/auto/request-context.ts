import { AsyncLocalStorage } from 'node:async_hooks';
import { define } from '../primordials.ts';

/**
 * Where the storage of this thread is, once there is one. A program may have a copy of this package beside the one that
 * `spoor record` loads into it: both find the same slot, under this name in the global object.
 */
interface Slot {
  storage: AsyncLocalStorage<number> | undefined;
}

const globalName = Symbol.for('@spoor/tracer request context');
const globals = globalThis as { [globalName]?: Slot };
const slot: Slot = globals[globalName] ?? makeSlot();

// On Node.js 20 a program with any asynchronous context pays for it at each promise (about 60 ns at each `await`),
// so the storage is made only when the first request comes to a server.
let wanted = false;

/** Lets `enterRequest` take effect. */
export function enableRequestContext(): void {
  wanted = true;
}

/** Marks the rest of the current callback, and all that it starts, as part of a server request. */
export function enterRequest(id: number): void {
  if (!wanted) return;
  slot.storage ??= new AsyncLocalStorage();
  slot.storage.enterWith(id);
}

/**
 * The id of the HTTP server request that the running code is part of, for the `request` field of a program's own
 * tracepoints; 0 outside requests, and when automatic events are off. It is the `id` of the thread's
 * `http_server:request_begin` event. Work that outlives its request still counts as part of it.
 */
export function currentRequest(): number {
  return slot.storage?.getStore() ?? 0;
}

function makeSlot(): Slot {
  const made: Slot = { storage: undefined };
  try {
    define(globals, globalName, { value: made, configurable: true });
  } catch {
    // A program that forbids new globals: then each copy has its own.
  }
  return made;
}
