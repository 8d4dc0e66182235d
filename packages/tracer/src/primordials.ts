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
