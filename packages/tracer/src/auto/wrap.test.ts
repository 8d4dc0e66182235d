import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeThrown, errorCode, stackOf } from './thrown.ts';
import { autoSets, chosenChannels, chosenSets, defaultSets, unknownSets } from './sets.ts';
import { spanIds } from './ids.ts';
import { bounded, maxTextLength } from './text.ts';
import { likeOriginal, proxyOf, wrapMethod, type AnyFunction, type Handler } from './wrap.ts';

function shape(value: AnyFunction): unknown {
  return [
    value.name,
    value.length,
    Reflect.ownKeys(value).map(String).toSorted(),
    Object.getPrototypeOf(value) === Function.prototype,
  ];
}

test.each([likeOriginal, proxyOf])(
  'a wrapped function looks like the original, and passes all through (%o)',
  async (like) => {
    const custom = Symbol('custom');
    function original(this: unknown, _a: unknown, _b: unknown): unknown {
      return [this, arguments.length];
    }
    Object.assign(original, {
      [custom]: 1,
      extra: 'x',
      [promisify.custom]: () => Promise.resolve('promised'),
    });
    const holder: Record<string, AnyFunction> = { original: original as AnyFunction };
    const bound = original.bind(7) as AnyFunction;
    holder['bound'] = bound;
    Object.defineProperty(holder, 'hidden', { value: original, configurable: true, enumerable: false });
    const seen: unknown[] = [];
    for (const key of ['original', 'bound', 'hidden']) {
      const make =
        (inner: AnyFunction): Handler =>
        (self, args) => {
          seen.push(args.length);
          return Reflect.apply(inner, self, args);
        };
      const wrapped = wrapMethod(holder, key, make, like);
      expect(wrapped).toBe(true);
    }
    expect(shape(holder['original']!)).toEqual(shape(original as AnyFunction));
    expect(holder['original']!.prototype).toBe(original.prototype);
    expect(shape(holder['bound']!)).toEqual(shape(bound));
    expect(Object.keys(holder)).toEqual(['original', 'bound']);
    expect(holder['original']!.call('me', 1, 2, 3)).toEqual(['me', 3]);
    expect(holder['bound']!.call('me')).toEqual([7, 0]);
    expect(seen).toEqual([3, 0]);
    await expect(promisify(holder['original']!)()).resolves.toBe('promised');
  },
);

test('what is fixed or no function is left alone', () => {
  const fixed = Object.freeze({ f: () => 1 });
  const make = () => () => 2;
  expect(wrapMethod(fixed, 'f', make)).toBe(false);
  expect(wrapMethod({ f: 1 }, 'f', make)).toBe(false);
  expect(wrapMethod({}, 'f', make)).toBe(false);
  expect(fixed.f()).toBe(1);
});

test('thrown values are described without running their code', () => {
  const never = (): never => {
    throw new Error('was called');
  };
  const trap = new Proxy({}, { get: never, getOwnPropertyDescriptor: never, getPrototypeOf: never });
  const getters = Object.defineProperties(new Error('x'), { message: { get: never }, code: { get: never } });
  expect(describeThrown(trap)).toEqual({ name: 'Proxy', message: '-', code: '-' });
  expect(describeThrown(getters)).toMatchObject({ name: 'Error', message: '-', code: '-' });
  expect(describeThrown(Object.create(trap) as object)).toMatchObject({ message: '-' });
  expect(describeThrown({ toString: never, message: 'plain' })).toMatchObject({
    name: 'object',
    message: 'plain',
  });
  expect(describeThrown(new RangeError('r'))).toMatchObject({ name: 'RangeError', message: 'r' });
  expect(describeThrown('text')).toMatchObject({ name: 'string', message: 'text' });
  expect(describeThrown(Symbol('s'))).toMatchObject({ name: 'symbol', message: '(symbol)' });
  expect(describeThrown(null)).toMatchObject({ name: 'null', message: 'null' });
  expect(describeThrown(undefined)).toMatchObject({ name: 'undefined', message: 'undefined' });
  expect(errorCode(undefined)).toBe('-');
  expect(errorCode(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect(errorCode(new TypeError('x'))).toBe('TypeError');
});

test('the stack is not read when the program formats stacks itself', () => {
  const usual = Error.prepareStackTrace;
  expect(stackOf(Object.defineProperty(new Error('x'), 'name', { get: () => 'called' }))).toBe('-');
  expect(stackOf({ stack: 'x' })).toBe('-');
  expect(stackOf(new RangeError('r'))).toContain('RangeError: r\n');
  try {
    Error.prepareStackTrace = () => {
      throw new Error('was called');
    };
    expect(stackOf(new Error('x'))).toBe('-');
  } finally {
    Error.prepareStackTrace = usual!;
  }
});

test('long texts are cut', () => {
  expect(bounded('short')).toBe('short');
  expect(bounded('x'.repeat(maxTextLength))).toBe('x'.repeat(maxTextLength));
  expect(bounded('x'.repeat(5000))).toHaveLength(maxTextLength);
  expect(bounded('x'.repeat(5000)).endsWith('x…')).toBe(true);
});

test('sets of events are chosen by name', () => {
  expect([...chosenSets(undefined)]).toEqual([...defaultSets]);
  expect([...chosenSets('')]).toEqual([...defaultSets]);
  expect([...chosenSets('all')]).toEqual([...autoSets]);
  expect([...chosenSets('default,console-log,-gc')]).toEqual(
    [...defaultSets, 'console-log'].filter((name) => name !== 'gc'),
  );
  expect(unknownSets('all, -gc,gcc,-,default')).toEqual(['gcc', '-']);
  expect(chosenChannels('gc,diagnostics:undici:*, diagnostics:shop.x')).toEqual(['undici:*', 'shop.x']);
  expect([...chosenSets('diagnostics:undici:*')]).toEqual([]);
  expect([...chosenSets('-gc,diagnostics:undici:*')]).toEqual([]);
  expect(unknownSets('diagnostics:undici:*,diagnostics:')).toEqual(['diagnostics:']);
  expect([...chosenSets('gc, dns')]).toEqual(['dns', 'gc']);
  expect([...chosenSets('-console,-net')]).toEqual(
    defaultSets.filter((name) => name !== 'console' && name !== 'net'),
  );
  expect([...chosenSets('gc,dns,-dns')]).toEqual(['gc']);
  expect([...chosenSets('nonsense')]).toEqual([...defaultSets]);
});

test('ids begin with 1', () => {
  const next = spanIds();
  expect([next(), next(), spanIds()()]).toEqual([1, 2, 1]);
});
