/** Text in code units of two or four bytes: UTF-16 and UTF-32 of either byte order. */
import type { TextEncoding } from './model.ts';

/** Byte index of the first code unit of zeros from `start` on. The bytes must end in zeros. */
export function findWideNul(bytes: Uint8Array, start: number, unitBytes: number): number {
  let at = start;
  for (; at < bytes.length; at += unitBytes) {
    let any = 0;
    for (let index = 0; index < unitBytes; index++) any |= bytes[at + index]!;
    if (any === 0) break;
  }
  return at;
}

/** Byte index of the first code unit of zeros in `length` bytes, or of the end of the last whole unit. */
export function wideTextEnd(bytes: Uint8Array, start: number, length: number, unitBytes: number): number {
  const limit = start + length - (length % unitBytes);
  let at = start;
  for (; at < limit; at += unitBytes) {
    let any = 0;
    for (let index = 0; index < unitBytes; index++) any |= bytes[at + index]!;
    if (any === 0) break;
  }
  return at;
}

/** Characters that a string is made of at a time: more would be too many arguments. */
const partCharacters = 4096;

/** The text of the bytes from `start` to `end`; what is no character becomes U+FFFD. */
export function decodeWideText(
  bytes: Uint8Array,
  start: number,
  end: number,
  encoding: TextEncoding,
): string {
  const wide = encoding.startsWith('utf-32');
  const littleEndian = encoding.endsWith('le');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const unitBytes = wide ? 4 : 2;
  let text = '';
  let part: number[] = [];
  for (let at = start; at + unitBytes <= end; at += unitBytes) {
    const code = wide ? view.getUint32(at, littleEndian) : view.getUint16(at, littleEndian);
    const isCharacter = code <= 0x10_ffff && !(wide && code >= 0xd800 && code < 0xe000);
    part.push(isCharacter ? code : 0xfffd);
    if (part.length === partCharacters) {
      text += wide ? String.fromCodePoint(...part) : String.fromCharCode(...part);
      part = [];
    }
  }
  text += wide ? String.fromCodePoint(...part) : String.fromCharCode(...part);
  // Halves of pairs without the other half are no characters.
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}
