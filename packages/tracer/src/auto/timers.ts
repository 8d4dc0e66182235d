import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';
import { enumeration } from '../field-types.ts';
import { tracepoint } from './tracepoint.ts';
import { withPromise, type Question } from './calls.ts';
import { guarded } from './guard.ts';
import { spanIds } from './ids.ts';
import { currentRequest } from './request-context.ts';
import { errorCode } from './thrown.ts';
import { isFunction, likeOriginal, wrapMethod, type AnyFunction } from './wrap.ts';
import { apply, define, getOwnPropertyDescriptor } from '../primordials.ts';

/** Kinds of timers, by the function that makes them. */
const makers = { setTimeout: 'timeout', setInterval: 'interval', setImmediate: 'immediate' } as const;
const cancellers = ['clearTimeout', 'clearInterval', 'clearImmediate'] as const;

/** What Node.js keeps in the objects that stand for timers. */
interface Timer {
  readonly _destroyed?: unknown;
  readonly _idleTimeout?: unknown;
  readonly [key: symbol]: unknown;
}

/**
 * Events of timers: when they are set, each time that they fire, and when they are cancelled before; spans of the
 * timers that promises wait for. Timers that Node.js sets for itself, for sockets and the like, are not told of.
 */
export function startTimerEvents(): void {
  const kind = enumeration('u8', { timeout: 0, interval: 1, immediate: 2 });
  const timerStart = tracepoint(
    'timers:start',
    [
      ['id', 'u64'],
      ['request', 'u32'],
      ['kind', kind],
      ['delay_ms', 'f64'],
    ],
    { logLevel: 'info' },
  );
  const fireBegin = tracepoint(
    'timers:fire_begin',
    [
      ['id', 'u64'],
      ['request', 'u32'],
    ],
    { logLevel: 'info' },
  );
  const fireEnd = tracepoint('timers:fire_end', [['id', 'u64']], { logLevel: 'info' });
  const timerCancel = tracepoint(
    'timers:cancel',
    [
      ['id', 'u64'],
      ['request', 'u32'],
    ],
    { logLevel: 'info' },
  );
  const sleepBegin = tracepoint(
    'timers:sleep_begin',
    [
      ['id', 'u32'],
      ['request', 'u32'],
      ['kind', kind],
      ['delay_ms', 'f64'],
    ],
    { logLevel: 'info' },
  );
  const sleepEnd = tracepoint(
    'timers:sleep_end',
    [
      ['id', 'u32'],
      ['request', 'u32'],
      ['error', 'cached-string'],
    ],
    { logLevel: 'info' },
  );

  const idOf = timerIds();
  // Made before they would be told of.
  const prototypes = timerPrototypes();
  const tellStart = guarded((timer: unknown, name: keyof typeof makers) => {
    // As Node.js has understood it; immediates have none.
    const delayMs = (timer as Timer)._idleTimeout;
    timerStart(idOf(timer), currentRequest(), makers[name], typeof delayMs === 'number' ? delayMs : 0);
  });

  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    wrapGlobal(name, (original) =>
      likeOriginal(original, () => (self, args) => {
        const callback = args[0];
        const isWatched = timerStart.enabled || fireBegin.enabled || fireEnd.enabled;
        // A wrong call is Node's to refuse.
        if (!isWatched || typeof callback !== 'function') return apply(original, self, args);
        args[0] = fired(callback as AnyFunction);
        const timer = apply(original, self, args);
        if (timerStart.enabled) tellStart(timer, name);
        return timer;
      }),
    );
  }

  /** The callback, told of: `this` is the timer, as Node.js calls it. */
  const fired = (callback: AnyFunction): AnyFunction => {
    // Programs that print a timer see it; most have none.
    const name = getOwnPropertyDescriptor(callback, 'name')?.value as unknown;
    const watched = anonymous(function (this: unknown, ...args: unknown[]): unknown {
      const id = idOf(this);
      if (fireBegin.enabled) fireBegin(id, currentRequest());
      try {
        return apply(callback, this, args);
      } finally {
        fireEnd(id);
      }
    });
    if (name !== '') define(watched, 'name', { value: name, configurable: true });
    return watched;
  };

  const tellCancel = guarded((timer: unknown) => {
    if (typeof timer !== 'object' || timer === null) return;
    const id = idOf(timer);
    if (id !== 0 && (timer as Timer)._destroyed === false) timerCancel(id, currentRequest());
  });
  for (const name of cancellers) {
    wrapGlobal(name, (original) =>
      likeOriginal(original, () => (self, args) => {
        if (timerCancel.enabled) tellCancel(args[0]);
        return apply(original, self, args);
      }),
    );
  }
  for (const prototype of prototypes) {
    for (const key of Reflect.ownKeys(prototype)) {
      const isDispose = typeof key === 'symbol' && /^(?:Symbol|nodejs)\.dispose$/.test(key.description ?? '');
      if (key !== 'close' && !isDispose) continue;
      wrapMethod(prototype, key, (original) => (self, args) => {
        if (timerCancel.enabled) tellCancel(self);
        return apply(original, self, args);
      });
    }
  }

  const nextSleep = spanIds();
  const sleep =
    (name: keyof typeof makers): Question =>
    (args) => {
      if (!sleepBegin.enabled && !sleepEnd.enabled) return undefined;
      const id = nextSleep();
      const request = currentRequest();
      const delayMs = name === 'setImmediate' ? 0 : typeof args[0] === 'number' ? args[0] : 1;
      sleepBegin(id, request, makers[name], delayMs);
      return (error) => sleepEnd(id, request, errorCode(error));
    };
  for (const name of ['setTimeout', 'setImmediate'] as const) {
    wrapMethod(timersPromises, name, (original) => withPromise(original, sleep(name)));
  }
  syncBuiltinESMExports();
}

/** A function expression that is an argument has no name. */
function anonymous(made: AnyFunction): AnyFunction {
  return made;
}

/** Of the two classes of timers, which are not exported. */
function timerPrototypes(): readonly object[] {
  const timeout = timers.setTimeout(() => undefined, 1);
  const immediate = timers.setImmediate(() => undefined);
  timers.clearTimeout(timeout);
  timers.clearImmediate(immediate);
  return [timeout, immediate].map((timer) => Object.getPrototypeOf(timer) as object);
}

/** The one function that stands both in the global object and in `node:timers`. */
function wrapGlobal(
  name: keyof typeof makers | (typeof cancellers)[number],
  make: (original: AnyFunction) => AnyFunction,
): void {
  const original: unknown = timers[name];
  if (!isFunction(original)) return;
  const wrapper = make(original);
  for (const holder of [globalThis, timers]) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property?.configurable === true && property.value === original) {
      define(holder, name, { ...property, value: wrapper });
    }
  }
}

/** Reads the async id of a timer, which no other resource of the thread has; 0 for what is no timer. */
function timerIds(): (timer: unknown) => number {
  const isId = (symbol: symbol): boolean => symbol.description === 'asyncId';
  const probe = timers.setImmediate(() => undefined);
  timers.clearImmediate(probe);
  const key = Object.getOwnPropertySymbols(probe).find(isId);
  if (key === undefined) throw new Error('timers have no ids');
  return (timer) => {
    const id: unknown = (timer as Timer | undefined)?.[key];
    return typeof id === 'number' ? id : 0;
  };
}
