import { createHook, type HookCallbacks } from 'node:async_hooks';

/** What Node.js queued for ticks of this thread, kept for good. */
const kept: object[] = [];

/**
 * Keeps one object as `process.nextTick` queues them, for the sake of its hidden class. Node.js makes these objects by
 * a literal with computed names. When the garbage collector finds no tick waiting, as in an idle service, V8 forgets their
 * class, and from then on takes the literal for one of many shapes: each tick of the program costs three calls of V8's
 * runtime, 0.4 µs, for as long as the program runs. A traced program has more to collect, so it would come to
 * that sooner than one that is not traced.
 *
 * The object can be had from a hook only. (`executionAsyncResource` would be simpler, but once it was asked for, Node.js
 * makes every callback by a slower way.) The hook is gone before anything of the program runs. It is not told of promises
 * where Node.js can leave them out (`trackPromises`, late releases of 24): V8 remembers for good that there was a hook of promises, and puts
 * no more of what async functions and promises do into the code of those that use them.
 */
export function keepTickClass(): void {
  if (kept.length > 0) return;
  const callbacks: HookCallbacks & { readonly trackPromises: boolean } = {
    trackPromises: false,
    init(_id, type, _triggerId, resource) {
      if (type === 'TickObject') kept.push(resource);
    },
  };
  const hook = createHook(callbacks);
  hook.enable();
  try {
    process.nextTick(() => undefined);
  } finally {
    hook.disable();
  }
}
