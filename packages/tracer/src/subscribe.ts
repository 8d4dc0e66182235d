/**
 * `@spoor/tracer/subscribe`: a program reads the events that it emits itself, while it runs. An entry of its own, for it
 * loads what decodes events, which no other program needs.
 */
import { SpoorError } from '@spoor/base';
import type { EventRule } from '@spoor/ringbuffer';
import { LOG_LEVELS, type LogLevel } from './log-level.ts';
import { OwnEvents, type OwnEvent } from './own-events.ts';
import { hasOwn, keys, setTimer } from './primordials.ts';
import { localSession } from './session.ts';

export type { FieldValue } from '@spoor/ctf';
export type { OwnEvent } from './own-events.ts';

/** Which events a subscription takes, and how it hands them out. */
export interface SubscribeOptions {
  /** Names, with stars; all events by default. */
  readonly events?: string | readonly string[];
  /** Names, with stars, of events that are left out all the same. */
  readonly exclude?: string | readonly string[];
  /** The least severe level that is taken. */
  readonly logLevel?: LogLevel;
  /** Expression over fields and contexts, as `spoor record --filter` takes it. */
  readonly filter?: string;
  /** About how much memory holds events that were not handed out yet: 64 KiB to 256 MiB, 1 MiB by default. */
  readonly memoryBytes?: number;
  /** How often events are handed out: 10 ms to a minute, 100 by default. */
  readonly intervalMs?: number;
}

/** Events of this thread, until it is closed. */
export interface Subscription extends AsyncIterable<OwnEvent>, Disposable {
  /** Events lost so far since nobody took those before out of the memory in time. */
  readonly lostEvents: number;
  /** Hands out, now, what has been emitted so far: to the function that was given to {@link subscribe}. */
  flush(): void;
  /** Ends it: what was not handed out yet is dropped, and a `for await` ends. */
  close(): void;
}

const leastMemoryBytes = 64 * 1024;
const mostMemoryBytes = 256 * 1024 * 1024;
const leastIntervalMs = 10;
const mostIntervalMs = 60_000;

/**
 * Subscribes to events of the calling thread, from now on, whether or not anything records the program.
 *
 * ```ts
 * using subscription = subscribe({ events: 'shop:*' }, ({ name, fields }) => console.log(name, fields));
 * for await (const event of subscribe({ events: 'shop:order_placed', filter: 'total > 1000' })) alert(event);
 * ```
 *
 * Events are kept in a private ring and handed out every `intervalMs`; emitting never waits for that, and what does not fit
 * is lost and counted. A subscription keeps no program alive; at its end, what is left goes to `onEvent`. What `onEvent`
 * throws is an uncaught exception of the program, as in an EventEmitter's listener, and the events after it come all the
 * same.
 * @throws SpoorError `tracer/subscribe` for options that are none, `filter/…` for a filter that cannot be read.
 */
export function subscribe(options: SubscribeOptions = {}, onEvent?: (event: OwnEvent) => void): Subscription {
  checkOptions(options);
  const { memoryBytes = 1 << 20, intervalMs = 100 } = options;
  return new OpenSubscription(new OwnEvents(rulesOf(options), memoryBytes), intervalMs, onEvent);
}

class OpenSubscription implements Subscription {
  readonly #events: OwnEvents;
  readonly #intervalMs: number;
  readonly #onEvent: ((event: OwnEvent) => void) | undefined;
  readonly #onExit = (): void => this.flush();
  /** Wakes those that wait for events. */
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;
  #isFlushing = false;

  constructor(events: OwnEvents, intervalMs: number, onEvent: ((event: OwnEvent) => void) | undefined) {
    this.#events = events;
    this.#intervalMs = intervalMs;
    this.#onEvent = onEvent;
    localSession().addReceiver(events);
    if (onEvent !== undefined) process.on('exit', this.#onExit);
    this.#wait();
  }

  get lostEvents(): number {
    return this.#events.lostEvents;
  }

  flush(): void {
    const onEvent = this.#onEvent;
    // A function that flushes, or whose events are taken, is not called in the middle of itself.
    if (onEvent === undefined || this.#isFlushing || this.#isClosed) return;
    this.#isFlushing = true;
    try {
      for (const event of this.#events.take()) {
        try {
          onEvent(event);
        } catch (error) {
          process.nextTick(() => {
            throw error;
          });
        }
        if (this.#hasClosed()) return;
      }
    } finally {
      this.#isFlushing = false;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    localSession().removeReceiver(this.#events);
    process.off('exit', this.#onExit);
    this.#wake();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OwnEvent, void, undefined> {
    try {
      while (!this.#hasClosed()) {
        for (const event of this.#events.take()) {
          yield event;
          if (this.#hasClosed()) return;
        }
        await new Promise<void>((wake) => this.#waiting.push(wake));
      }
    } finally {
      this.close();
    }
  }

  /** Read anew: the program may have closed it meanwhile. */
  #hasClosed(): boolean {
    return this.#isClosed;
  }

  #wait(): void {
    setTimer(() => {
      if (this.#isClosed) return;
      this.flush();
      this.#wake();
      this.#wait();
    }, this.#intervalMs).unref();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function rulesOf({ events = '*', exclude = [], logLevel, filter }: SubscribeOptions): readonly EventRule[] {
  return asList(events).map((name) => ({
    name,
    exclude: asList(exclude),
    ...(logLevel === undefined ? {} : { logLevel: { kind: 'at-least', level: LOG_LEVELS[logLevel] } }),
    ...(filter === undefined ? {} : { filter }),
  }));
}

function asList(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}

function isNames(names: unknown): boolean {
  return (
    typeof names === 'string' || (Array.isArray(names) && names.every((name) => typeof name === 'string'))
  );
}

const isBetween = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && value >= least && value <= most;

/** What each option must be, for those without a type checker. */
const checks: Readonly<Record<keyof SubscribeOptions, readonly [(value: unknown) => boolean, string]>> = {
  events: [isNames, 'a name with stars, or a list of such'],
  exclude: [isNames, 'a name with stars, or a list of such'],
  logLevel: [
    (value) => typeof value === 'string' && hasOwn(LOG_LEVELS, value),
    `one of ${keys(LOG_LEVELS).join(', ')}`,
  ],
  filter: [(value) => typeof value === 'string', 'an expression such as "total > 1000"'],
  memoryBytes: [(value) => isBetween(value, leastMemoryBytes, mostMemoryBytes), '65536 to 268435456'],
  intervalMs: [(value) => isBetween(value, leastIntervalMs, mostIntervalMs), '10 to 60000'],
};

function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null) {
    throw wrong('its options are no object', "such as { events: 'shop:*' }");
  }
  for (const [name, value] of Object.entries(options)) {
    if (!hasOwn(checks, name))
      throw wrong(`there is no option \`${name}\``, `there are ${keys(checks).join(', ')}`);
    const [isRight, hint] = checks[name as keyof SubscribeOptions];
    if (value !== undefined && !isRight(value)) throw wrong(`\`${name}\` is wrong`, hint);
  }
}

function wrong(what: string, hint: string): SpoorError {
  return new SpoorError('tracer/subscribe', `cannot subscribe to events: ${what}`, { hint });
}
