import { guarded } from './guard.ts';
import { levelOfNumber, logEvent, tellLog } from './log-events.ts';
import { noText } from './text.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

/** What is read of a pino logger; pino's own symbols name the rest. */
interface PinoLogger {
  readonly levels?: { readonly labels?: Readonly<Record<number, string>> };
  readonly [key: symbol]: unknown;
}

/**
 * Watches all loggers of one copy of pino (5 and later): every line goes through `asJson` of their prototype. The
 * event is made of the line as it was printed, so that nothing is serialised twice and what is redacted stays so.
 *
 * @param exported what `pino/lib/proto.js` exports: a function that makes an object with the prototype.
 */
export function watchPino(exported: unknown): boolean {
  if (typeof exported !== 'function') return false;
  const prototype = Object.getPrototypeOf((exported as () => object)()) as object;
  const symbols = new Map(
    Object.getOwnPropertySymbols(prototype).map((symbol) => [symbol.description, symbol]),
  );
  const asJson = symbols.get('pino.asJson');
  if (asJson === undefined) return false;
  let chindings: symbol | undefined;
  let messageKey: symbol | undefined;
  // Of the logger that spoke last, most often that of the next line too.
  let lastBindings = '';
  let last = parseBindings('');

  const tell = guarded((logger: PinoLogger, level: unknown, time: unknown, line: unknown) => {
    if (typeof level !== 'number' || typeof line !== 'string') return;
    const event = logEvent(levelOfNumber(level));
    if (!event.enabled) return;
    chindings ??= symbolOf(logger, 'pino.chindings');
    messageKey ??= symbolOf(logger, 'pino.messageKey');
    const bindings = chindings === undefined ? '' : logger[chindings];
    if (typeof bindings === 'string' && bindings !== lastBindings) {
      lastBindings = bindings;
      last = parseBindings(bindings);
    }
    const key = messageKey === undefined ? 'msg' : logger[messageKey];
    const { message, rest } = splitLine(
      line,
      typeof key === 'string' ? key : 'msg',
      time,
      lastBindings,
      last.own,
    );
    const label = logger.levels?.labels?.[level] ?? String(level);
    tellLog(event, { domain: 'pino', level: label, logger: last.name, message, fields: rest });
  });
  return wrapMethod(prototype, asJson, (original) => (self, args) => {
    const line = apply(original, self, args);
    tell(self as PinoLogger, args[2], args[3], line);
    return line;
  });
}

/** Symbols of pino that its loggers have themselves or inherit. */
function symbolOf(logger: object, description: string): symbol | undefined {
  for (let holder: object | null = logger; holder !== null;) {
    const found = Object.getOwnPropertySymbols(holder).find((symbol) => symbol.description === description);
    if (found !== undefined) return found;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return undefined;
}

/**
 * A logger's bindings, which pino keeps as JSON text, `,"pid":1,"hostname":"vm","name":"shop","item":3`: its name, and
 * the members that are the program's own.
 */
function parseBindings(bindings: string): { readonly name: unknown; readonly own: string } {
  try {
    const {
      pid: _,
      hostname: __,
      name = noText,
      ...own
    } = JSON.parse(`{${bindings.slice(1)}}`) as Record<string, unknown>;
    return { name, own: JSON.stringify(own).slice(1, -1) };
  } catch {
    return { name: noText, own: '' };
  }
}

/**
 * A line of pino, `{"level":30,"time":1,"pid":1,"name":"shop","order":42,"msg":"placed"}`, parted into its message and
 * an object of what the program gave beside it, after the members `own` of its bindings. The message stands last; in a
 * text its key could not stand unescaped.
 */
export function splitLine(
  line: string,
  messageKey: string,
  time: unknown,
  bindings: string,
  own = '',
): { readonly message: string; readonly rest: string } {
  const end = line.endsWith('}\n') ? line.length - 2 : line.lastIndexOf('}');
  const before = messageKey === 'msg' ? ',"msg":' : `,${JSON.stringify(messageKey)}:`;
  const at = line.lastIndexOf(before);
  const text = at === -1 ? undefined : parsedText(line.slice(at + before.length, end));
  const to = text === undefined ? end : at;
  const head = typeof time === 'string' && time !== '' ? line.indexOf(time) : -1;
  // Level and time, then the logger's bindings.
  let from = head === -1 ? 0 : head + (time as string).length;
  const isBound = bindings !== '' && line.startsWith(bindings, from);
  if (isBound) from += bindings.length;
  const isCut = from > 0 && (line[from] === ',' || from === to);
  const given = line.slice(from + 1, to);
  const members = isBound && own !== '' && given !== '' ? `${own},${given}` : isBound ? own + given : given;
  return {
    message: text ?? noText,
    rest: isCut ? `{${members}}` : `${line.slice(0, to)}}`,
  };
}

function parsedText(json: string): string | undefined {
  if (!json.startsWith('"')) return undefined;
  // A quote within would be escaped: then this is the whole text, as it is.
  if (!json.includes('\\')) return json.indexOf('"', 1) === json.length - 1 ? json.slice(1, -1) : undefined;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
