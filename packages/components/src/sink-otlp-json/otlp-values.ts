/** Values and ids as OTLP/JSON has them: the JSON mapping of Protocol Buffers, with ids in hexadecimal. */
import { EnumValue, FlagsValue } from '@spoor/ctf';
import { labelText } from '../sink-text-json/json-value.ts';

/** A value with its type, none for no value. Integers are texts, as all 64-bit integers are in that mapping. */
export type AnyValue =
  | Readonly<Record<string, never>>
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

const greatestInteger = 2n ** 63n;

function wideValue(value: bigint): AnyValue {
  const fits = value < greatestInteger && value >= -greatestInteger;
  return fits ? { intValue: String(value) } : { stringValue: String(value) };
}

function numberValue(value: number): AnyValue {
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  if (Number.isFinite(value)) return { doubleValue: value };
  if (Number.isNaN(value)) return { doubleValue: 'NaN' };
  return { doubleValue: value > 0 ? 'Infinity' : '-Infinity' };
}

/** A field of an event, or a value that JSON has; labels and bytes (in hexadecimal) are texts. */
export function anyValue(value: unknown): AnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return numberValue(value);
  if (typeof value === 'bigint') return wideValue(value);
  if (typeof value === 'boolean') return { boolValue: value };
  if (value instanceof EnumValue || value instanceof FlagsValue) return { stringValue: labelText(value) };
  if (value instanceof Uint8Array) {
    return { stringValue: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (typeof value === 'object' && value !== null) return { kvlistValue: { values: keyValues(value) } };
  return {};
}

/** Members as attributes. */
export function keyValues(members: object): KeyValue[] {
  return Object.entries(members).map(([key, value]: [string, unknown]) => ({ key, value: anyValue(value) }));
}

/** Two rounds of multiplication and shifts (as in MurmurHash3) over the characters, by a seed: 32 bits. */
function hash32(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x85eb_ca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  hash = Math.imul(hash ^ (hash >>> 16) ^ text.length, 0xc2b2_ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function hexOf(text: string, seeds: readonly number[]): string {
  return seeds.map((seed) => hash32(text, seed).toString(16).padStart(8, '0')).join('');
}

/** An id of 16 bytes of what it stands for: the same in every export. */
export function madeTraceId(text: string): string {
  // The last word is never 0, for an id of zeros is none.
  return `${hexOf(text, [0x9e37_79b9, 0x7f4a_7c15, 0x1656_67b1])}${nonzero(hash32(text, 0x27d4_eb2f))}`;
}

/** An id of 8 bytes, in the same way. */
export function madeSpanId(text: string): string {
  return `${hexOf(text, [0x2545_f491])}${nonzero(hash32(text, 0x4f6c_dd1d))}`;
}

function nonzero(word: number): string {
  return (word === 0 ? 1 : word).toString(16).padStart(8, '0');
}

/** Whether a text is an id of so many bytes, and not the one that means none. */
export function isId(value: unknown, bytes: number): value is string {
  return (
    typeof value === 'string' && value.length === 2 * bytes && /^[\da-f]+$/.test(value) && !/^0+$/.test(value)
  );
}
