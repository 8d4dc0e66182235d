import { types } from 'node:util';
import { bounded, noText, textOrNone } from './text.ts';
import { apply } from '../primordials.ts';

/** What formats stacks when the program has not set a function of its own; Node.js 20 has set one itself. */
const usualFormatter: unknown = Error.prepareStackTrace;

/** What reads the stack of an error where that is not a plain property, as from Node.js 22 on. */
const usualStackGetter = stackGetter();

/** `DOMException`, which Node.js 20 loads when it is first asked for; its errors have name and message as getters. */
const domException = Object.getOwnPropertyDescriptor(globalThis, 'DOMException');

/** The getters of {@link domException}, once an error has had getters; reading by them runs no code of the program. */
let usualTextGetters: readonly unknown[] | undefined;

function isUsualTextGetter(getter: unknown): boolean {
  if (usualTextGetters === undefined) {
    const made: unknown = domException?.get ? apply(domException.get, globalThis, []) : domException?.value;
    const { prototype } = made as { prototype: object };
    usualTextGetters = ['name', 'message'].map((key) => Object.getOwnPropertyDescriptor(prototype, key)?.get);
  }
  return getter !== undefined && usualTextGetters.includes(getter);
}

function stackGetter(): (() => unknown) | undefined {
  const { stackTraceLimit } = Error;
  // To find places in the source takes half a millisecond of each start.
  Reflect.set(Error, 'stackTraceLimit', 0);
  const property = Object.getOwnPropertyDescriptor(new Error('any'), 'stack');
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return property?.get;
}

/** What can be told of a thrown value without running code of the program; `noText` where there is nothing. */
export interface ThrownText {
  /** Name of the error's class, or the type of a value that is no error. */
  readonly name: string;
  readonly message: string;
  /** Node.js's `code`, such as `ECONNREFUSED`. */
  readonly code: string;
}

/** Describes a thrown value, all but its stack. Getters, proxies and `toString` are never called. */
export function describeThrown(value: unknown): ThrownText {
  if (typeof value !== 'object' || value === null) {
    const message =
      typeof value === 'function' ? noText : typeof value === 'symbol' ? '(symbol)' : String(value);
    return { name: value === null ? 'null' : typeof value, message: textOrNone(message), code: noText };
  }
  if (types.isProxy(value)) return { name: 'Proxy', message: noText, code: noText };
  return {
    name: plainText(value, 'name') || (types.isNativeError(value) ? 'Error' : 'object'),
    message: textOrNone(plainText(value, 'message')),
    code: textOrNone(plainText(value, 'code')),
  };
}

/** Whether reading the stack of an error of the tracer's own runs no code of the program. */
export function isUsuallyFormatted(): boolean {
  return Error.prepareStackTrace === usualFormatter;
}

/**
 * The stack of an error that is about to end the program. To read a stack formats it, and that is seen: by the
 * program's own `Error.prepareStackTrace` and by getters of `name` and `message`; then it is left out.
 */
export function stackOf(error: unknown): string {
  if (!types.isNativeError(error) || types.isProxy(error)) return noText;
  if (!isUsuallyFormatted()) return noText;
  if (!isPlain(error, 'name') || !isPlain(error, 'message')) return noText;
  const getter = findProperty(error, 'stack')?.get;
  if (getter === undefined) return textOrNone(plainText(error, 'stack'));
  return getter === usualStackGetter ? textOrNone(apply(getter, error, [])) : noText;
}

/** `code` of an error, or its name if it has none, or `noText` for no error. */
export function errorCode(error: unknown): string {
  if (error === undefined || error === null) return noText;
  const { code, name } = describeThrown(error);
  return code === noText ? name : code;
}

/** The property as reading it would find it; a getter where a proxy stands in the way. */
function findProperty(object: object, key: string): PropertyDescriptor | undefined {
  let holder: object | null = object;
  for (let depth = 0; holder !== null && depth < 16; depth += 1) {
    if (types.isProxy(holder)) return { get: () => undefined };
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property !== undefined) return property;
    holder = Object.getPrototypeOf(holder) as object | null;
  }
  return undefined;
}

function isPlain(object: object, key: string): boolean {
  const property = findProperty(object, key);
  return property === undefined || 'value' in property || isUsualTextGetter(property.get);
}

function plainText(object: object, key: string): string {
  const property = findProperty(object, key);
  if (property === undefined) return '';
  const value: unknown = isUsualTextGetter(property.get) ? readBy(property.get, object) : property.value;
  return typeof value === 'string' ? bounded(value) : '';
}

/** What a getter gives; nothing for an object that is none of its class, such as `Object.create(DOMException.prototype)`. */
function readBy(getter: (() => unknown) | undefined, object: object): unknown {
  try {
    return getter === undefined ? undefined : apply(getter, object, []);
  } catch {
    return undefined;
  }
}
