import { Channel, channel, type ChannelListener } from 'node:diagnostics_channel';
import { types } from 'node:util';
import { globMatches, parseGlob } from '@spoor/filter';
import { isOwnFileAccess } from '@spoor/sys';
import { tracepoint } from './tracepoint.ts';
import { guarded } from './guard.ts';
import { spanIds } from './ids.ts';
import { plainJson } from './plain-json.ts';
import { currentRequest } from './request-context.ts';
import { maxTextLength, noText, textOrNone } from './text.ts';
import { errorCode } from './thrown.ts';
import { define } from '../primordials.ts';

const diagnosticsMessage = tracepoint(
  'diagnostics:message',
  [
    ['channel', 'string'],
    ['request', 'u32'],
    ['data', 'string'],
  ],
  { logLevel: 'info' },
);
const traceBegin = tracepoint(
  'diagnostics:trace_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['channel', 'string'],
    ['data', 'string'],
  ],
  { logLevel: 'info' },
);
const traceReturn = tracepoint(
  'diagnostics:trace_return',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['channel', 'string'],
  ],
  { logLevel: 'info' },
);
const traceResume = tracepoint(
  'diagnostics:trace_resume',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['channel', 'string'],
  ],
  { logLevel: 'info' },
);
const traceEnd = tracepoint(
  'diagnostics:trace_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['channel', 'string'],
    ['error', 'string'],
  ],
  { logLevel: 'info' },
);

/** The five channels of a tracing channel. */
const tracingName = /^tracing:(.+):(start|end|asyncStart|asyncEnd|error)$/s;

/**
 * Channels of Node.js 20 to 24 that may be there before the tracer: the list of channels cannot be read. All others
 * are seen when they are made.
 */
const knownChannels: readonly string[] = [
  'child_process',
  'http.client.request.created',
  'http.client.request.error',
  'http.client.request.start',
  'http.client.response.finish',
  'http.server.request.start',
  'http.server.response.created',
  'http.server.response.finish',
  'net.client.socket',
  'net.server.socket',
  'udp.socket',
  'worker_threads',
  'console.debug',
  'console.error',
  'console.info',
  'console.log',
  'console.warn',
  ...['net.server.listen', 'module.import', 'module.require', 'child_process.spawn'].flatMap((name) =>
    ['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((part) => `tracing:${name}:${part}`),
  ),
];

/**
 * Tracing channels of Node.js whose messages are an object each, not one for all of a span: the member that all have, and the
 * part that comes first. Any later one is the last.
 */
const separateMessages: ReadonlyMap<string, { readonly subject: string; readonly first: TracingPart }> =
  new Map([
    ['child_process.spawn', { subject: 'process', first: 'start' }],
    ['net.server.listen', { subject: 'server', first: 'asyncStart' }],
  ]);

interface TraceState {
  readonly id: number;
  readonly request: number;
  error: string;
}

/**
 * Events of all messages on channels of `node:diagnostics_channel` whose names one of the globs matches, also of
 * channels that are made later. The messages of a tracing channel, which is known by its own name, make spans.
 */
export function startDiagnosticsEvents(globs: readonly string[]): void {
  const parsed = globs.map(parseGlob);
  const isWanted = (name: string): boolean => parsed.some((parts) => globMatches(parts, name));
  const tracing = tracingListeners();
  const listenerOf = (name: string): ChannelListener | undefined => {
    const [, traced, part] = tracingName.exec(name) ?? [];
    if (traced === undefined) return isWanted(name) ? tellMessage : undefined;
    return isWanted(traced) || isWanted(name) ? tracing(traced, part as TracingPart) : undefined;
  };
  watchChannels((made) => {
    const listener = typeof made.name === 'string' ? listenerOf(made.name) : undefined;
    if (listener !== undefined) made.subscribe(listener);
  });
  for (const name of [...knownChannels, ...globs.filter((glob) => !glob.includes('*'))]) {
    // Those that are not there yet are subscribed to as they are made by this.
    const listener = listenerOf(name);
    if (listener === undefined) continue;
    const known = channel(name);
    known.unsubscribe(listener);
    known.subscribe(listener);
  }
}

let isTelling = false;

/**
 * A listener for what the program does. To tell of a message may load a module of Node.js or of ours, which Node.js tells
 * of on a channel, and so on without an end.
 */
function listening(listener: ChannelListener): ChannelListener {
  const tell = guarded((message: unknown, name: string | symbol) => {
    if (!isOwnFileAccess()) listener(message, name);
  });
  return (message, name) => {
    if (isTelling) return;
    isTelling = true;
    try {
      tell(message, name);
    } finally {
      isTelling = false;
    }
  };
}

const tellMessage: ChannelListener = listening((message, name) => {
  if (diagnosticsMessage.enabled)
    diagnosticsMessage(String(name), currentRequest(), plainJson(message, maxTextLength));
});

type TracingPart = 'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error';

/** Listeners of tracing channels by name and part, each the same one for the same channel. */
function tracingListeners(): (name: string, part: TracingPart) => ChannelListener {
  const nextId = spanIds();
  const states = new WeakMap<object, TraceState>();
  const made = new Map<string, ChannelListener>();

  const begin = (whole: object, context: object, name: string): void => {
    if (!traceBegin.enabled) return;
    const state: TraceState = { id: nextId(), request: currentRequest(), error: noText };
    states.set(whole, state);
    traceBegin(state.id, state.request, name, plainJson(context, maxTextLength));
  };
  const finish = (context: object, name: string, state: TraceState): void => {
    states.delete(context);
    traceEnd(state.id, state.request, name, state.error);
  };
  const handlers: Readonly<
    Record<TracingPart, (context: object, name: string, state: TraceState | undefined) => void>
  > = {
    start(context, name) {
      begin(context, context, name);
    },
    end(context, name, state) {
      if (state === undefined) return;
      // What has a result or failed has ended; all else goes on after the function has returned.
      if (state.error !== noText || hasOwnPlain(context, 'result')) finish(context, name, state);
      else traceReturn(state.id, state.request, name);
    },
    asyncStart(_context, name, state) {
      if (state !== undefined) traceResume(state.id, state.request, name);
    },
    asyncEnd(context, name, state) {
      if (state !== undefined) finish(context, name, state);
    },
    error(context, _name, state) {
      if (state === undefined || types.isProxy(context)) return;
      const error: unknown = Object.getOwnPropertyDescriptor(context, 'error')?.value;
      state.error = error === undefined ? 'error' : errorCode(error);
    },
  };
  const tellSeparate = (
    context: object,
    name: string,
    part: TracingPart,
    { subject, first }: { readonly subject: string; readonly first: TracingPart },
  ): void => {
    if (types.isProxy(context)) return;
    const whole: unknown = Object.getOwnPropertyDescriptor(context, subject)?.value;
    if (typeof whole !== 'object' || whole === null) return;
    if (part === first) {
      begin(whole, context, name);
      return;
    }
    const state = states.get(whole);
    if (state === undefined) return;
    if (part === 'error') handlers.error(context, name, state);
    finish(whole, name, state);
  };
  return (name, part) => {
    const key = `${part} ${name}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const text = textOrNone(name);
    const handle = handlers[part];
    const separate = separateMessages.get(name);
    const listener: ChannelListener = listening((context) => {
      if (typeof context !== 'object' || context === null) return;
      if (separate === undefined) handle(context, text, states.get(context));
      else tellSeparate(context, text, part, separate);
    });
    made.set(key, listener);
    return listener;
  };
}

function hasOwnPlain(object: object, key: string): boolean {
  return !types.isProxy(object) && Object.hasOwn(object, key);
}

/**
 * Calls back with every channel that is made from now on. Works by the property `name`, which the constructor of
 * channels sets: no function of Node.js is replaced.
 * @throws Error when this version of Node.js does not do so.
 */
function watchChannels(onMade: (made: Channel) => void): void {
  let isSeen = false;
  const tell = guarded((made: Channel) => {
    isSeen = true;
    onMade(made);
  });
  define(Channel.prototype, 'name', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: Channel, name: unknown) {
      define(this, 'name', {
        value: name,
        writable: true,
        enumerable: true,
        configurable: true,
      });
      tell(this);
    },
  });
  channel('spoor.trial');
  if (!isSeen) throw new Error('channels do not say when they are made');
}
