import { guarded } from './guard.ts';
import { levelOfNumber, logEvent, tellLog } from './log-events.ts';
import { plainJson } from './plain-json.ts';
import { maxTextLength, noText } from './text.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

/** Members of a record that have fields of their own, or say what the whole trace says. */
const known = ['name', 'hostname', 'pid', 'level', 'msg', 'time', 'v'];

/** The part of a bunyan record that is used; a program may give others. */
interface BunyanRecord {
  readonly name?: unknown;
  readonly level?: unknown;
  readonly msg?: unknown;
}

/**
 * Watches all loggers of one copy of bunyan (1 and 2): every record goes through `_emit` of their class.
 *
 * @param exported what `bunyan/lib/bunyan.js` exports: the class of loggers.
 */
export function watchBunyan(exported: unknown): boolean {
  if (typeof exported !== 'function') return false;
  const names = (exported as { nameFromLevel?: Readonly<Record<number, string>> }).nameFromLevel;
  const tell = guarded((logRecord: BunyanRecord) => {
    const { level } = logRecord;
    if (typeof level !== 'number') return;
    const event = logEvent(levelOfNumber(level));
    if (!event.enabled) return;
    tellLog(event, {
      domain: 'bunyan',
      level: names?.[level] ?? String(level),
      logger: logRecord.name,
      message: logRecord.msg ?? noText,
      fields: plainJson(logRecord, maxTextLength, known),
    });
  });
  return wrapMethod(exported.prototype as object, '_emit', (original) => (self, args) => {
    // With a second argument the record is only turned into text.
    if (args[1] !== true) tell(args[0] as BunyanRecord);
    return apply(original, self, args);
  });
}
