import { createHook, type HookCallbacks } from 'node:async_hooks';
import { define, getOwnPropertyDescriptor } from '../primordials.ts';

/** What Node.js queued for a tick of this thread, kept for good. */
const kept: { tick: object | undefined } = { tick: undefined };
let isStarted = false;

/**
 * Keeps one object as `process.nextTick` queues them, for the sake of its hidden class. Node.js makes these objects by
 * a literal with computed names. When the garbage collector finds no tick waiting, as in an idle service, V8 forgets their
 * class, and from then on takes the literal for one of many shapes: each tick of the program costs three calls of V8's
 * runtime, 0.4 µs, for as long as the program runs. A traced program has more to collect, so it would come to
 * that sooner than one that is not traced.
 *
 * The object can be had in two ways. (`executionAsyncResource` would be a third, but once it was asked for, Node.js
 * makes every callback by a slower way.) Node.js 20 and 22 have a list of what runs, and the tick itself looks there. Late
 * releases of 24 have no such list, but hooks that need not be told of promises.
 */
export function keepTickClass(): void {
  if (isStarted) return;
  isStarted = true;
  const running = runningResources();
  if (running === undefined) {
    keepByHook();
    return;
  }
  const tick = (): void => {
    const last = running[running.length - 1] as { readonly callback?: unknown } | undefined;
    if (last?.callback === tick) kept.tick = last;
  };
  process.nextTick(tick);
}

/**
 * The resources of the executions that have begun and not ended, of which the last is the one that runs; undefined where
 * Node.js has no such list, or gives it to nobody. To ask for it is deprecated, of which the program shall hear nothing.
 */
function runningResources(): readonly unknown[] | undefined {
  const { binding } = process as NodeJS.Process & {
    binding(name: string): Readonly<Record<string, unknown>>;
  };
  const before = getOwnPropertyDescriptor(process, 'noDeprecation');
  try {
    define(process, 'noDeprecation', { value: true, configurable: true });
    const { execution_async_resources: resources } = binding('async_wrap');
    return Array.isArray(resources) ? resources : undefined;
  } catch {
    return undefined;
  } finally {
    if (before === undefined) delete (process as { noDeprecation?: boolean }).noDeprecation;
    else define(process, 'noDeprecation', before);
  }
}

/**
 * The hook is gone before anything of the program runs. It is not told of promises where Node.js can leave them out
 * (`trackPromises`): V8 remembers for good that there was a hook of promises, and puts no more of what
 * async functions and promises do into the code of those that use them.
 */
function keepByHook(): void {
  const callbacks: HookCallbacks & { readonly trackPromises: boolean } = {
    trackPromises: false,
    init(_id, type, _triggerId, resource) {
      if (type === 'TickObject') kept.tick = resource;
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
