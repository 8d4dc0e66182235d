import { types } from 'node:util';
import { guarded } from './guard.ts';
import { levelOfName, logEvent, tellLog } from './log-events.ts';
import { plainJson } from './plain-json.ts';
import { maxTextLength } from './text.ts';
import { wrapMethod, type AnyFunction } from './wrap.ts';
import { apply, define } from '../primordials.ts';

/** winston's name of a line's level, whatever formats make of the property `level`. */
const levelKey = Symbol.for('level');

/** Members that have fields of their own in the event. */
const known = ['level', 'message', 'label', 'service'];

/**
 * Watches all loggers of one copy of winston 3, which are streams: every line that their format lets through is
 * pushed to the transports. Lines that no transport would print, by its level, are left out.
 *
 * @param exported what `winston/lib/winston/logger.js` exports: the class of loggers.
 */
export function watchWinston(exported: unknown): boolean {
  if (typeof exported !== 'function') return false;
  const prototype = exported.prototype as Record<string, unknown>;
  if (typeof prototype['push'] !== 'function' || typeof prototype['_transform'] !== 'function') return false;
  const tell = guarded((logger: { isLevelEnabled?(level: string): boolean }, info: unknown) => {
    if (typeof info !== 'object' || info === null || types.isProxy(info)) return;
    const line = info as Record<string | symbol, unknown>;
    const level = line[levelKey];
    if (typeof level !== 'string') return;
    const event = logEvent(levelOfName(level));
    if (!event.enabled || logger.isLevelEnabled?.(level) === false) return;
    const plain = (key: string): unknown => Object.getOwnPropertyDescriptor(line, key)?.value;
    const message = plain('message');
    tellLog(event, {
      domain: 'winston',
      level,
      // winston's loggers have no names; these two are what programs give them.
      logger: plain('label') ?? plain('service'),
      message: typeof message === 'string' ? message : plainJson(message, maxTextLength),
      fields: plainJson(line, maxTextLength, known),
    });
  });
  // Inherited from the stream; a method of the class's own stands before it.
  const push = prototype['push'] as AnyFunction;
  define(prototype, 'push', {
    value: push,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  return wrapMethod(prototype, 'push', (original) => (self, args) => {
    tell(self as { isLevelEnabled?(level: string): boolean }, args[0]);
    return apply(original, self, args);
  });
}
