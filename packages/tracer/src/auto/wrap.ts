/** Any function of a program or of Node.js. */
import { define } from '../primordials.ts';
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** A function that nothing is known of but that it is one. */
export function isFunction(value: unknown): value is AnyFunction {
  return typeof value === 'function';
}

/** What stands for a function: gets its `this` and its arguments. */
export type Handler = (self: unknown, args: unknown[]) => unknown;

/**
 * Replaces `holder[key]` by a function that cannot be told from it by name, arity, prototype or own properties
 * (`util.promisify` finds its symbols), and that keeps the property's attributes.
 *
 * @param make gets the original and returns what is done at each call.
 * @param like makes the function: {@link likeOriginal}, which is quick to call, or {@link proxyOf}, which is quick to make.
 * @returns whether it was wrapped: not so if it is no function, or the property is fixed.
 */
export function wrapMethod(
  holder: object,
  key: string | symbol,
  make: (original: AnyFunction) => Handler,
  like: typeof likeOriginal = likeOriginal,
): boolean {
  const property = Object.getOwnPropertyDescriptor(holder, key);
  if (property === undefined || property.configurable !== true || typeof property.value !== 'function') {
    return false;
  }
  define(holder, key, {
    ...property,
    value: like(property.value as AnyFunction, make),
  });
  return true;
}

/** A function with the name, the arity, the prototype and the own properties of the original. */
export function likeOriginal(original: AnyFunction, make: (original: AnyFunction) => Handler): AnyFunction {
  const handle = make(original);
  const wrapper: AnyFunction = Object.hasOwn(original, 'prototype')
    ? function wrapped(this: unknown, ...args: unknown[]): unknown {
        return handle(this, args);
      }
    : // Bound functions and methods have no prototype, and neither have methods of an object literal.
      {
        wrapped(this: unknown, ...args: unknown[]): unknown {
          return handle(this, args);
        },
      }.wrapped;
  for (const key of Reflect.ownKeys(original)) {
    const wanted = Object.getOwnPropertyDescriptor(original, key)!;
    // The one property of a function that cannot be defined anew, but set.
    if (key === 'prototype' && Object.hasOwn(wrapper, key)) Reflect.set(wrapper, key, wanted.value);
    else define(wrapper, key, wanted);
  }
  if (Object.getPrototypeOf(wrapper) !== Object.getPrototypeOf(original)) {
    Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object | null);
  }
  return wrapper;
}

/** The same by a proxy: all but its calls is the original's. */
export function proxyOf(original: AnyFunction, make: (original: AnyFunction) => Handler): AnyFunction {
  const handle = make(original);
  return new Proxy(
    original,
    Object.setPrototypeOf(
      {
        apply: (_original: AnyFunction, self: unknown, args: unknown[]) => handle(self, args),
      },
      null,
    ) as ProxyHandler<AnyFunction>,
  );
}
