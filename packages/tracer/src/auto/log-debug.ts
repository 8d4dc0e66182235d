import { format } from 'node:util';
import { guarded } from './guard.ts';
import { logEvent, tellLog } from './log-events.ts';
import { plainJson } from './plain-json.ts';
import { maxTextLength } from './text.ts';
import { wrapMethod } from './wrap.ts';
import { apply } from '../primordials.ts';

/**
 * Watches all functions of one copy of `debug` (2 to 4) that are switched on: each line goes through `formatArgs`.
 *
 * @param exported what `debug/src/node.js` exports.
 */
export function watchDebug(exported: unknown): boolean {
  if (typeof exported !== 'function') return false;
  const tell = guarded((self: { readonly namespace?: unknown }, args: unknown) => {
    const event = logEvent('debug');
    if (!event.enabled || !Array.isArray(args)) return;
    // `debug` has put in what its own formatters take. The rest is formatted once more when it is printed, so objects
    // are told of as plain JSON here, without running their code.
    const plain = args.map((value: unknown) =>
      (typeof value === 'object' && value !== null) || typeof value === 'function'
        ? plainJson(value, maxTextLength)
        : value,
    );
    tellLog(event, {
      domain: 'debug',
      level: 'debug',
      logger: self.namespace,
      message: format(...plain),
      fields: '',
    });
  });
  return wrapMethod(exported, 'formatArgs', (original) => (self, args) => {
    tell(self as { readonly namespace?: unknown }, args[0]);
    return apply(original, self, args);
  });
}
