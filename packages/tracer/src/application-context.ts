import { SpoorError } from '@spoor/base';
import { currentSession } from './session-slot.ts';

const namePattern = /^[A-Za-z_][\w.-]*:[A-Za-z_][\w.:-]*$/;

/**
 * Has events of this thread recorded with a value of the program's own, where a recording asks for it:
 * `spoor record -t '$app.shop:cart'`, and in filters as `$app.shop:cart`.
 *
 * ```ts
 * registerContext('shop:cart', () => carts.getStore()?.id);
 * ```
 *
 * Numbers and strings are recorded, booleans as 0 and 1, all else as nothing. `read` is called for each event that is
 * recorded with it, and should be quick; what it throws goes nowhere. Another registration of the name replaces it.
 * @param name of the form `provider:name`.
 * @throws SpoorError `tracer/context` when the name is not of that form.
 */
export function registerContext(name: string, read: () => unknown): void {
  if (typeof name !== 'string' || !namePattern.test(name) || typeof read !== 'function') {
    throw new SpoorError('tracer/context', `cannot register the context \`${describe(name)}\``, {
      hint: "registerContext('provider:name', () => value)",
    });
  }
  currentSession()?.registerContext(name, read);
}

function describe(name: unknown): string {
  return typeof name === 'string' ? name : typeof name;
}
