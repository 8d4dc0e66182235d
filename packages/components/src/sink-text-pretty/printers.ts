/** The printer of each event class: generated, or the interpreter where no code may be made. */
import {
  canCompile,
  compileFunction,
  emitExternals,
  emitWalk,
  Emitter,
  interpret,
  shownEventName,
  type EventClass,
  type Plan,
  type StreamDecoder,
} from '@spoor/ctf';
import type { EventClassInfo, TraceInfo } from '../source-ctf-fs/trace-info.ts';
import { PrintStrategy } from './emit-print.ts';
import type { PrettyOptions } from './options.ts';
import { PlainPrinter } from './plain-print.ts';
import { isShown } from './shown.ts';
import { putBytes } from './write-text.ts';

/**
 * Prints what follows the time of an event: the trace's and class's names, the packet's context (given as text,
 * `contextLength` bytes), the contexts and the payload. Returns the position after it, perhaps beyond the end of
 * `out`, where nothing was written.
 */
export type EventPrinter = (
  bytes: Uint8Array,
  view: DataView,
  p: number,
  ext: Float64Array,
  out: Uint8Array,
  outView: DataView,
  o: number,
  context: Uint8Array,
  contextLength: number,
) => number;

/** Prints the shown members of a packet's context. */
export type ContextPrinter = (bytes: Uint8Array, end: number) => Uint8Array;

const logLevelNames = [
  'TRACE_EMERG',
  'TRACE_ALERT',
  'TRACE_CRIT',
  'TRACE_ERR',
  'TRACE_WARNING',
  'TRACE_NOTICE',
  'TRACE_INFO',
  'TRACE_DEBUG_SYSTEM',
  'TRACE_DEBUG_PROGRAM',
  'TRACE_DEBUG_PROCESS',
  'TRACE_DEBUG_MODULE',
  'TRACE_DEBUG_UNIT',
  'TRACE_DEBUG_FUNCTION',
  'TRACE_DEBUG_LINE',
  'TRACE_DEBUG',
];

/** The text between an event's time and its fields: the same for all events of a class. */
function classPrefix(
  trace: TraceInfo,
  eventClass: EventClass,
  options: PrettyOptions,
  timed: boolean,
): string {
  const named = options.nameHeader;
  const { bold, reset, brightMagenta, brightRed } = options.colors;
  const nameOf = (title: string): string => `${bold}${title}${reset} = `;
  const { environment } = trace;
  // With names, what follows the time is separated from it by a comma.
  const comma = timed && named ? ', ' : '';
  let text = '';
  let joined = false;
  const part = (title: string, value: string): void => {
    text += comma;
    if (named) text += nameOf(title);
    else if (joined) text += ':';
    text += value;
    joined = true;
  };
  if (options.fieldTrace) text += `${comma}${named ? nameOf('trace') : ''}${trace.name}${named ? ', ' : ''}`;
  const hostname = environment.get('hostname');
  if (options.fieldTraceHostname && typeof hostname === 'string') part('trace:hostname', hostname);
  const domain = environment.get('domain');
  if (options.fieldTraceDomain && typeof domain === 'string') part('trace:domain', domain);
  const procname = environment.get('procname');
  if (options.fieldTraceProcname && typeof procname === 'string') part('trace:procname', procname);
  const vpid = environment.get('vpid');
  if (options.fieldTraceVpid && typeof vpid === 'bigint') part('trace:vpid', `(${vpid})`);
  if (options.fieldLoglevel && eventClass.logLevel !== undefined) {
    const name = logLevelNames[eventClass.logLevel];
    if (name !== undefined) part('loglevel', `${name} (${eventClass.logLevel})`);
  }
  if (options.fieldEmf && eventClass.emfUri !== undefined) part('model.emf.uri', eventClass.emfUri);
  if (joined && !named) text += ' ';
  text += comma;
  const nameColor = eventClass.name === '' ? brightRed : brightMagenta;
  const name = `${bold}${nameColor}${shownEventName(eventClass)}${reset}`;
  return `${text}${named ? nameOf('name') : ''}${name}${named ? ', ' : ': '}`;
}

function hasShownContext(decoder: StreamDecoder): boolean {
  const scopes = decoder.contextPlan?.scopes ?? [];
  return scopes.some(({ scope, node }) => scope === 'packet-context' && isShown(node));
}

/** Makes the printer of an event class. */
export function makeEventPrinter(
  info: EventClassInfo,
  options: PrettyOptions,
  compile: boolean,
): EventPrinter {
  const { decoder, localIndex, eventClass, trace } = info;
  const plan = decoder.planOf(localIndex);
  const prefix = classPrefix(trace, eventClass, options, decoder.time.kind !== 'none');
  const withContext = hasShownContext(decoder);
  const indexes = decoder.externalIndexes(plan);
  const bracesLabels = decoder.version === '2';
  if (!compile || !canCompile()) {
    return plainEventPrinter(plan, prefix, withContext, indexes, options, bracesLabels);
  }
  const e = new Emitter();
  emitExternals(e, indexes);
  const strategy = new PrintStrategy(options, withContext ? ', ' : '', bracesLabels);
  strategy.say(prefix);
  if (withContext) {
    strategy.flush(e);
    e.line(`o = ${e.bind('putBytes', putBytes)}(out, o, context, contextLength);`);
  }
  emitWalk(e, plan, strategy);
  strategy.flush(e);
  e.line('return o;');
  return compileFunction(
    `${plan.name}/print`,
    [
      'bytes',
      'view',
      'p',
      indexes.length === 0 ? 'ext' : 'packetValues',
      'out',
      'outView',
      'o',
      'context',
      'contextLength',
    ],
    e,
  ) as EventPrinter;
}

function plainEventPrinter(
  plan: Plan,
  prefix: string,
  withContext: boolean,
  indexes: readonly number[],
  options: PrettyOptions,
  bracesLabels: boolean,
): EventPrinter {
  const prefixBytes = new TextEncoder().encode(prefix);
  return (bytes, _view, p, ext, out, _outView, o, context, contextLength) => {
    const printer = new PlainPrinter(bytes, options, withContext ? ', ' : '', bracesLabels);
    const externals = indexes.map((index) => ext[index]!);
    interpret(plan, bytes, p, bytes.length * 8, printer, externals);
    const text = printer.printed();
    let at = putBytes(out, o, prefixBytes, prefixBytes.length);
    if (withContext) at = putBytes(out, at, context, contextLength);
    return putBytes(out, at, text, text.length);
  };
}

const noContext = new Uint8Array(0);

/** Makes the printer of a stream class's packet contexts. They are printed once a packet. */
export function makeContextPrinter(decoder: StreamDecoder, options: PrettyOptions): ContextPrinter {
  if (!hasShownContext(decoder)) return () => noContext;
  return (bytes, end) => {
    const printer = new PlainPrinter(bytes, options, '', decoder.version === '2');
    decoder.walkPacket(bytes, end, printer);
    return printer.printed();
  };
}
