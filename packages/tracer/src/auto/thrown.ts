import { types } from 'node:util';
import { bounded } from './text.ts';

/** What can be told of a thrown value without running code of the program. */
export interface ThrownText {
  /** Name of the error's class, or the type of a value that is no error. */
  readonly name: string;
  readonly message: string;
  /** Empty where reading it would run code of the program. */
  readonly stack: string;
  /** Node.js's `code`, such as `ECONNREFUSED`; empty if there is none. */
  readonly code: string;
}

/** Describes a thrown value. Getters, proxies, `toString` and `Error.prepareStackTrace` are never called. */
export function describeThrown(value: unknown): ThrownText {
  if (typeof value !== 'object' || value === null) {
    const message = typeof value === 'function' ? '' : typeof value === 'symbol' ? '(symbol)' : String(value);
    return { name: value === null ? 'null' : typeof value, message: bounded(message), stack: '', code: '' };
  }
  if (types.isProxy(value)) return { name: 'Proxy', message: '', stack: '', code: '' };
  const isError = types.isNativeError(value);
  // Reading the stack of an error formats it, by the program's own function if it has set one.
  const stackIsSafe = isError && typeof Error.prepareStackTrace !== 'function';
  return {
    name: plainText(value, 'name') || (isError ? 'Error' : 'object'),
    message: plainText(value, 'message'),
    stack: stackIsSafe ? plainText(value, 'stack') : '',
    code: plainText(value, 'code'),
  };
}

/** `code` of an error, or its name if it has none, or '' for no error. */
export function errorCode(error: unknown): string {
  if (error === undefined || error === null) return '';
  const { code, name } = describeThrown(error);
  return code || name;
}

function plainText(object: object, key: string): string {
  let holder: object | null = object;
  for (let depth = 0; holder !== null && depth < 16; depth += 1) {
    if (types.isProxy(holder)) return '';
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property !== undefined) return typeof property.value === 'string' ? bounded(property.value) : '';
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return '';
}
