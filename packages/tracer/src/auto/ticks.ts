import { createHook, type HookCallbacks } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { apply, define, getOwnPropertyDescriptor, isArray, keys, promiseThen } from '../primordials.ts';

const { nextTick } = process;

/** What Node.js queued for a tick of this thread, kept for good. */
const kept: { tick: object | undefined } = { tick: undefined };
let isStarted = false;

/** What is deprecated of Node.js, and used here. */
type DeprecatedProcess = NodeJS.Process & {
  binding(name: string): Readonly<Record<string, unknown>>;
  /** Runs what is queued for ticks, then what promises wait for. */
  _tickCallback(): void;
};

/**
 * Keeps one object as `process.nextTick` queues them, for the sake of its hidden class. Node.js makes these objects by
 * a literal with computed names, of which one is its own secret. When the garbage collector finds no tick waiting, as in an
 * idle service, V8 forgets their class, and from then on takes the literal for one of many shapes: each tick of the program
 * costs three calls of V8's runtime, 0.4 µs, for as long as the program runs. A traced program has more to
 * collect, so it would come to that sooner than one that is not traced.
 *
 * The object can be had in two ways. (`executionAsyncResource` would be a third, but once it was asked for, Node.js
 * makes every callback by a slower way.) Node.js 20 and 22 have a list of what runs, and the tick itself looks there. Late
 * releases of 24 have no such list, but hooks that need not be told of promises.
 *
 * No tick may wait when the program begins: Node.js would run from the queue of ticks what it runs without it
 * otherwise, the program itself if it is an ES module, and that is seen in stacks. So the tick is run at once where that runs nothing of
 * anybody else. Else it is queued when V8 runs what promises wait for: then Node.js comes to the queue after all of that.
 */
export function keepTickClass(): void {
  if (isStarted) return;
  isStarted = true;
  const { _tickCallback: runTicks, binding } = process as DeprecatedProcess;
  // Else these are told of (`--pending-deprecation`), once: the program, which may use them too, is to be the one.
  if (runTicks?.name !== 'runNextTicks' || binding?.name !== 'binding') return;
  if (!isFirstOfAll()) {
    void apply(promiseThen, Promise.resolve(), [queueTick]);
    return;
  }
  queueTick();
  apply(runTicks, process, []);
}

/** Whether nothing but Node.js and the tracer has run in this thread. */
function isFirstOfAll(): boolean {
  const { cache } = createRequire(import.meta.url);
  const loaded = keys(cache);
  return loaded.length === 1 && cache[loaded[0]!]?.isPreloading === true;
}

function queueTick(): void {
  const running = runningResources();
  if (running === undefined) {
    keepByHook();
    return;
  }
  const tick = (): void => {
    const last = running[running.length - 1] as { readonly callback?: unknown } | undefined;
    if (last?.callback === tick) kept.tick = last;
  };
  nextTick(tick);
}

/**
 * The resources of the executions that have begun and not ended, of which the last is the one that runs; undefined where
 * Node.js has no such list, or gives it to nobody. To ask for it is deprecated, of which the program shall hear nothing.
 */
function runningResources(): readonly unknown[] | undefined {
  const before = getOwnPropertyDescriptor(process, 'noDeprecation');
  try {
    define(process, 'noDeprecation', { value: true, configurable: true });
    const { execution_async_resources: resources } = (process as DeprecatedProcess).binding('async_wrap');
    return isArray(resources) ? resources : undefined;
  } catch {
    return undefined;
  } finally {
    if (before === undefined) delete (process as { noDeprecation?: boolean }).noDeprecation;
    else define(process, 'noDeprecation', before);
  }
}

/**
 * The hook is gone at once. It is not told of promises where Node.js can leave them out
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
    nextTick(() => undefined);
  } finally {
    hook.disable();
  }
}
