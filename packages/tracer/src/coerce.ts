// Arguments become plain numbers and strings before any space is reserved: `valueOf`, `toString`, getters and proxies
// are the program's code, which may throw, or emit events of its own in the middle of this one.

import {
  asBigInt,
  asIntN,
  asNumber,
  asText,
  floor,
  isArray,
  isFinite,
  isNaN,
  isView,
  max,
  min,
  trunc,
} from './primordials.ts';

const wideScratch = new BigUint64Array(1);
/** The halves of what {@link splitWide} split: low, high. */
export const wideHalves: Uint32Array = new Uint32Array(wideScratch.buffer);

/** A number for any value; 0 when there is none. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  try {
    const primitive: unknown = typeof value === 'bigint' ? value : unwrap(value);
    if (typeof primitive === 'bigint') return asNumber(asIntN(64, primitive));
    const number = asNumber(primitive);
    return isNaN(number) ? 0 : number;
  } catch {
    return 0;
  }
}

/** Text for any value; empty when it has none. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return asText(value);
  } catch {
    return '';
  }
}

/** Splits anything that is not a number into {@link wideHalves}. */
export function splitWide(value: unknown): void {
  if (typeof value === 'bigint') {
    wideScratch[0] = value;
    return;
  }
  let primitive: unknown;
  try {
    primitive = unwrap(value);
  } catch {
    primitive = 0;
  }
  if (typeof primitive === 'bigint') {
    wideScratch[0] = primitive;
    return;
  }
  const number = trunc(toNumber(primitive));
  wideScratch[0] = isFinite(number) ? asBigInt(number) : 0n;
}

/** A list for any value: arrays, typed arrays and array-likes as they are, other iterables copied, all else empty. */
export function toList(value: unknown): ArrayLike<unknown> {
  if (typeof value !== 'object' || value === null) return [];
  try {
    // Even this throws, for a proxy that was revoked.
    if (isArray(value)) return value as unknown[];
    if (isView(value)) return value instanceof DataView ? [] : (value as Uint8Array);
    const { length } = value as { length?: unknown };
    if (typeof length === 'number') return value as ArrayLike<unknown>;
    const copy: unknown[] = [];
    if (typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] !== 'function') return copy;
    for (const element of value as Iterable<unknown>) {
      copy.push(element);
      // An endless one must end somewhere; the event is lost as too large.
      if (copy.length > MAX_LIST_LENGTH) break;
    }
    return copy;
  } catch {
    // An iterator that throws has no elements to record.
    return [];
  }
}

/** Length of a list; 0 when asking throws. */
export function listLength(list: ArrayLike<unknown>): number {
  try {
    const { length } = list;
    return typeof length === 'number' && length > 0 ? min(floor(length), 0xffff_ffff) : 0;
  } catch {
    return 0;
  }
}

/** What `Number(object)` and friends would see, but keeping BigInts. */
function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { valueOf(): unknown }).valueOf() : value;
}

/** How an element becomes numbers on the stack. */
export type ElementNumber = (value: unknown) => number;

/**
 * Numbers of the lists of an event, between coercion and writing. A stack, since coercing one element may run a
 * program's code that emits another event of the same kind.
 */
export class NumberStack {
  values: Float64Array = new Float64Array(1024);
  top = 0;

  /** Puts `count` elements on the stack, what is missing as 0; returns where they begin. */
  push(list: ArrayLike<unknown>, count: number, convert: ElementNumber): number {
    const at = this.#reserve(count);
    for (let index = 0; index < count; index += 1) {
      const number = convert(elementOf(list, index));
      // Read anew: converting may have grown the stack.
      this.values[at + index] = number;
    }
    return at;
  }

  /** The same for 64-bit integers: two numbers each, low half first. */
  pushWide(list: ArrayLike<unknown>, count: number): number {
    const at = this.#reserve(2 * count);
    for (let index = 0; index < count; index += 1) {
      splitWide(elementOf(list, index));
      const low = wideHalves[0]!;
      const high = wideHalves[1]!;
      this.values[at + 2 * index] = low;
      this.values[at + 2 * index + 1] = high;
    }
    return at;
  }

  #reserve(count: number): number {
    const at = this.top;
    this.top = at + count;
    if (this.top > this.values.length) {
      const grown = new Float64Array(max(this.top, 2 * this.values.length));
      grown.set(this.values);
      this.values = grown;
    }
    return at;
  }
}

/** Strings of the lists of an event, in the same way. */
export class TextStack {
  readonly values: string[] = [];
  top = 0;

  push(list: ArrayLike<unknown>, count: number): number {
    const at = this.top;
    this.top = at + count;
    for (let index = 0; index < count; index += 1) {
      const element = elementOf(list, index);
      this.values[at + index] = element === undefined ? '' : toText(element);
    }
    return at;
  }

  /** Most bytes that `count` strings from `at` on take, with their NULs. */
  boundBytes(at: number, count: number): number {
    let bytes = count;
    for (let index = at; index < at + count; index += 1) bytes += 3 * this.values[index]!.length;
    return bytes;
  }

  release(at: number): void {
    for (let index = at; index < this.top; index += 1) this.values[index] = '';
    this.top = at;
  }
}

/** Most elements a list may have: more cannot fit any sub-buffer, and the event is lost without copying it. */
export const MAX_LIST_LENGTH: number = 1 << 22;

function elementOf(list: ArrayLike<unknown>, index: number): unknown {
  try {
    return list[index];
  } catch {
    return undefined;
  }
}
