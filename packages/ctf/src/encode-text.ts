/** Writes text as fields: in every encoding, up to a NUL or in a number of bytes. */
import { SpoorError } from '@spoor/base';
import { wrongType } from './encode-values.ts';
import { codeUnitBytes } from './field-classes.ts';
import type { TextEncoding } from './model.ts';

const encoder = new TextEncoder();

/**
 * Length that the value of an array, text or BLOB implies, where the length field itself is not given.
 * @param encoding of text that is not in UTF-8.
 */
export function impliedLength(value: unknown, path: string, encoding: TextEncoding = 'utf-8'): number {
  if (typeof value === 'string') return textLength(value, encoding);
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) {
    return (value as unknown as ArrayLike<unknown>).length;
  }
  return wrongType(undefined, 'an integer', path);
}

function textLength(text: string, encoding: TextEncoding): number {
  const unitBytes = codeUnitBytes(encoding);
  if (unitBytes === 1) return utf8Length(text);
  return unitBytes * (unitBytes === 2 ? text.length : Array.from(text).length);
}

function utf8Length(text: string): number {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) >= 0x80) return encoder.encode(text).length;
  }
  return text.length;
}

function refuseNul(path: string): never {
  throw new SpoorError('ctf/value-range', 'a string with a NUL inside cannot be written', {
    where: path,
    hint: 'strings end at the first NUL',
  });
}

function refuseLength(lengthBytes: number, count: number, path: string): never {
  throw new SpoorError('ctf/value-length', `a text of ${lengthBytes} bytes does not fit ${count} bytes`, {
    where: path,
  });
}

/** Writes at most `room` bytes of UTF-8; returns how many, or -1 when there is no room. */
function putUtf8(bytes: Uint8Array, at: number, room: number, text: string, path: string): number {
  const { length } = text;
  if (length > room) return -1;
  if (length <= 64) {
    let index = 0;
    for (; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) break;
      if (code === 0) refuseNul(path);
      bytes[at + index] = code;
    }
    if (index === length) return length;
  }
  if (text.includes('\0')) refuseNul(path);
  const { read, written } = encoder.encodeInto(text, bytes.subarray(at, at + room));
  return read === length ? written : -1;
}

/** Writes at most `room` bytes of UTF-16 or UTF-32; returns how many, or -1 when there is no room. */
function putWide(
  bytes: Uint8Array,
  at: number,
  room: number,
  text: string,
  path: string,
  encoding: TextEncoding,
): number {
  if (text.includes('\0')) refuseNul(path);
  const length = textLength(text, encoding);
  if (length > room) return -1;
  const littleEndian = encoding.endsWith('le');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (codeUnitBytes(encoding) === 2) {
    for (let index = 0; index < text.length; index++) {
      view.setUint16(at + index * 2, text.charCodeAt(index), littleEndian);
    }
    return length;
  }
  let next = at;
  for (const character of text) {
    view.setUint32(next, character.codePointAt(0)!, littleEndian);
    next += 4;
  }
  return length;
}

/** Writes text and a NUL before byte `end`; returns the byte after the NUL, or -1 when there is no room. */
export function putString(bytes: Uint8Array, at: number, end: number, value: unknown, path: string): number {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const length = putUtf8(bytes, at, end - at - 1, value, path);
  if (length < 0) return -1;
  bytes[at + length] = 0;
  return at + length + 1;
}

/** Writes text in UTF-16 or UTF-32 and a NUL as {@link putString} does. */
export function putWideString(
  bytes: Uint8Array,
  at: number,
  end: number,
  value: unknown,
  path: string,
  encoding: TextEncoding,
): number {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const unitBytes = codeUnitBytes(encoding);
  const length = putWide(bytes, at, end - at - unitBytes, value, path, encoding);
  if (length < 0) return -1;
  bytes.fill(0, at + length, at + length + unitBytes);
  return at + length + unitBytes;
}

/** Writes text into `count` bytes, the rest of them zero. */
export function putText(bytes: Uint8Array, at: number, count: number, value: unknown, path: string): void {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const length = putUtf8(bytes, at, count, value, path);
  if (length < 0) refuseLength(utf8Length(value), count, path);
  bytes.fill(0, at + length, at + count);
}

/** Writes text in UTF-16 or UTF-32 into `count` bytes, the rest of them zero. */
export function putWideText(
  bytes: Uint8Array,
  at: number,
  count: number,
  value: unknown,
  path: string,
  encoding: TextEncoding,
): void {
  if (typeof value !== 'string') wrongType(value, 'a string', path);
  const length = putWide(bytes, at, count, value, path, encoding);
  if (length < 0) refuseLength(textLength(value, encoding), count, path);
  bytes.fill(0, at + length, at + count);
}
