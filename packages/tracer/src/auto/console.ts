import { enumeration } from '../field-types.ts';
import { tracepoint } from './tracepoint.ts';
import { levelOfName, logEvent, tellLog } from './log-events.ts';
import { currentRequest } from './request-context.ts';
import { textOrNone } from './text.ts';
import { isUsuallyFormatted } from './thrown.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

const consoleMessage = tracepoint(
  'console:message',
  [
    ['level', enumeration('u8', { debug: 0, log: 1, info: 2, warn: 3, error: 4, trace: 5 })],
    ['request', 'u32'],
    ['text', 'string'],
  ],
  { logLevel: 'info' },
);

/** Methods that stand for a level of their own; all others print through one of these or write at their stream's. */
const levels = ['debug', 'log', 'info', 'warn', 'error', 'trace'] as const;

/** Severity of a line of the console. */
export type ConsoleLevel = (typeof levels)[number];

/** Gets each text that the console prints. */
type ConsoleListener = (level: ConsoleLevel, text: string) => void;

const listeners: ConsoleListener[] = [];

/** An event for each text that the global console prints. */
export function startConsoleEvents(): void {
  listenToConsole((level, text) => {
    if (consoleMessage.enabled) consoleMessage(level, currentRequest(), textOrNone(text));
  });
}

/** The same texts as lines of a logger, with the log level of each. */
export function startConsoleLogEvents(): void {
  listenToConsole((level, text) => {
    const event = logEvent(levelOfName(level));
    if (event.enabled) tellLog(event, { domain: 'console', level, logger: '', message: text, fields: '' });
  });
}

/**
 * The text is as it was printed but for the indent of groups. It is taken where the console hands it to its stream,
 * so that arguments are formatted once, by Node.js.
 */
function listenToConsole(listener: ConsoleListener): void {
  listeners.push(listener);
  if (listeners.length > 1) return;
  const write = Object.getOwnPropertySymbols(console).find(
    (symbol) => symbol.description === 'kWriteToConsole',
  );
  if (write === undefined) return;
  let level: ConsoleLevel | undefined;

  wrapMethod(console, write, (original) => (self, args) => {
    try {
      const [stream, text] = args;
      if (typeof text === 'string') {
        const isError = typeof stream === 'symbol' && stream.description === 'kUseStderr';
        for (const tell of listeners) tell(level ?? (isError ? 'error' : 'log'), text);
      }
    } catch {
      // Nothing of ours may reach the program.
    }
    return apply(original, self, args);
  });
  for (const name of levels) {
    // A frame of it would be in what it prints.
    if (name === 'trace') continue;
    wrapMethod(console, name, (original) => (self, args) => {
      // `assert` prints through `warn`, and `trace` through `error`: the outermost name is the level.
      const outer = level;
      level ??= name === 'error' && isTrace(args) ? 'trace' : name;
      try {
        return apply(original, self, args);
      } finally {
        level = outer;
      }
    });
  }
}

const NativeError = Error;
const { includes, startsWith } = String.prototype;

/** Whether `console.trace` calls `console.error` with these arguments, by what they are and then by who calls. */
function isTrace(args: readonly unknown[]): boolean {
  const [text] = args;
  try {
    if (args.length !== 1 || typeof text !== 'string' || !apply(startsWith, text, ['Trace'])) return false;
    if (!apply(includes, text, ['\n    at '])) return false;
    // To ask for a stack would run code of the program, or it has too few frames to see that.
    if (!isUsuallyFormatted() || !(NativeError.stackTraceLimit >= 5)) return true;
    return apply(includes, new NativeError('any').stack!, [' (node:internal/console/']);
  } catch {
    return false;
  }
}
