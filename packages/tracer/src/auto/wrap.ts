/** Any function of a program or of Node.js. */
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces `holder[key]` by a wrapper that cannot be told from it by name, arity, prototype or own properties
 * (`util.promisify` finds its symbols), and that keeps the property's attributes.
 *
 * @param make gets the original and returns the function that stands for it.
 * @returns whether it was wrapped: not so if it is no function, or the property is fixed.
 */
export function wrapMethod(
  holder: object,
  key: string | symbol,
  make: (original: AnyFunction) => AnyFunction,
): boolean {
  const property = Object.getOwnPropertyDescriptor(holder, key);
  if (property === undefined || property.configurable !== true || typeof property.value !== 'function')
    return false;
  const original = property.value as AnyFunction;
  const wrapper = make(original);
  disguise(wrapper, original);
  Object.defineProperty(holder, key, { ...property, value: wrapper });
  return true;
}

/** Gives a wrapper the name, the arity, the prototype and the own properties of the original. */
export function disguise(wrapper: AnyFunction, original: AnyFunction): void {
  for (const key of Reflect.ownKeys(original)) {
    const property = Object.getOwnPropertyDescriptor(original, key)!;
    const own = Object.getOwnPropertyDescriptor(wrapper, key);
    if (own?.configurable === false) continue;
    Object.defineProperty(wrapper, key, property);
  }
  if (Object.getPrototypeOf(wrapper) !== Object.getPrototypeOf(original)) {
    Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object | null);
  }
}
