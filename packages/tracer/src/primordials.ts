/**
 * Built-ins that are called for events, as they were when this module was loaded: before the program, under
 * `spoor record`. A program may replace them, by mistake or to watch them, and must not hear of the tracer through them.
 */
export const trunc: (value: number) => number = Math.trunc;
export const floor: (value: number) => number = Math.floor;
export const min: (...values: number[]) => number = Math.min;
export const max: (...values: number[]) => number = Math.max;
export const isArray: typeof Array.isArray = Array.isArray;
export const isView: typeof ArrayBuffer.isView = ArrayBuffer.isView;
export const isFinite: (value: unknown) => boolean = Number.isFinite;
export const isSafeInteger: (value: unknown) => boolean = Number.isSafeInteger;
export const fround: (value: number) => number = Math.fround;
export const isNaN: (value: unknown) => boolean = Number.isNaN;
export const asNumber: typeof Number = Number;
export const asText: typeof String = String;
export const asBigInt: typeof BigInt = BigInt;
export const asIntN: typeof BigInt.asIntN = BigInt.asIntN;
export const entries: typeof Object.entries = Object.entries;
export const keys: typeof Object.keys = Object.keys;
export const hasOwn: typeof Object.hasOwn = Object.hasOwn;
export const hrtimeBigint: () => bigint = process.hrtime.bigint;
export const setTimer: typeof setTimeout = setTimeout;
export const setRepeatingTimer: typeof setInterval = setInterval;
export const clearRepeatingTimer: typeof clearInterval = clearInterval;
export const apply: typeof Reflect.apply = Reflect.apply;
export const getOwnPropertyDescriptor: typeof Object.getOwnPropertyDescriptor =
  Object.getOwnPropertyDescriptor;
/** To ask `instanceof` of, which a program may have put another in the place of. */
export const NativePromise: typeof Promise = Promise;
export const promiseThen: typeof Promise.prototype.then = Promise.prototype.then;

const { defineProperty, setPrototypeOf } = Object;

/**
 * `Object.defineProperty` by a description that is nobody else's: what a program has put into `Object.prototype`, such as
 * a `get`, is no part of it.
 */
export function define(object: object, key: PropertyKey, property: PropertyDescriptor): void {
  defineProperty(object, key, setPrototypeOf(property, null) as PropertyDescriptor);
}
