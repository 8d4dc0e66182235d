/** Literals of TSDL: integers in three bases, strings with escapes. */
import { syntaxError } from './text-place.ts';
import type { TokenList } from './tsdl-lexer.ts';

function isDigitOf(code: number, base: number): boolean {
  const value = code < 0x3a ? code - 0x30 : (code | 0x20) - 0x61 + 10;
  return (code < 0x3a || (code | 0x20) >= 0x61) && value >= 0 && value < base;
}

/** Whether a character is a letter, a digit or an underscore. */
function isInWord(code: number): boolean {
  const letter = code | 0x20;
  return (letter >= 0x61 && letter <= 0x7a && code < 0x80) || (code >= 0x30 && code <= 0x39) || code === 0x5f;
}

/** Base of an integer literal and where its digits begin. */
function baseOf(text: string, start: number): { readonly base: 8 | 10 | 16; readonly digits: number } {
  if (text.charCodeAt(start) !== 0x30) return { base: 10, digits: start };
  return (text.charCodeAt(start + 1) | 0x20) === 0x78
    ? { base: 16, digits: start + 2 }
    : { base: 8, digits: start };
}

/** End of the digits; the suffixes `u`, `l`, `ll` in any case and order may follow. */
function endOfDigits(text: string, start: number): number {
  const { base, digits } = baseOf(text, start);
  let at = digits;
  while (at < text.length && isDigitOf(text.charCodeAt(at), base)) at += 1;
  return at;
}

/** End of an integer literal, its suffix included. */
export function endOfInteger(text: string, start: number, fileName: string): number {
  const digitsEnd = endOfDigits(text, start);
  let at = digitsEnd;
  while (at < text.length && isInWord(text.charCodeAt(at))) at += 1;
  const { base, digits } = baseOf(text, start);
  const lacksDigits = base === 16 && digitsEnd === digits;
  if (lacksDigits || (at > digitsEnd && !/^(?:ul{0,2}|l{1,2}u?)$/i.test(text.slice(digitsEnd, at)))) {
    throw syntaxError(fileName, text, start, `\`${text.slice(start, at)}\` is not an integer`);
  }
  return at;
}

/** Value of a literal that fits 31 bits, or -1. */
export function smallValue(text: string, start: number, end: number): number {
  const { base, digits } = baseOf(text, start);
  let value = 0;
  for (let at = digits; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (!isDigitOf(code, base)) break;
    value = value * base + (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x61 + 10);
    if (value > 0x7fff_ffff) return -1;
  }
  return value;
}

/** Value of an integer literal of any size. */
export function integerValue(tokens: TokenList, index: number): bigint {
  const small = tokens.values[index]!;
  if (small >= 0) return BigInt(small);
  const start = tokens.starts[index]!;
  const { base, digits } = baseOf(tokens.text, start);
  const text = tokens.text.slice(digits, endOfDigits(tokens.text, start));
  return BigInt(base === 10 ? text : base === 16 ? `0x${text}` : `0o${text}`);
}

/** Bytes of the escapes of one character. */
const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '"': 0x22,
  "'": 0x27,
  '\\': 0x5c,
  '?': 0x3f,
};

/**
 * Text of a string literal with its escapes replaced, up to its first NUL as in C. An escape is one byte: the
 * low eight bits of up to three hexadecimal or octal digits, as babeltrace2 has it. Bytes beyond ASCII are UTF-8.
 */
export function stringValue(tokens: TokenList, index: number): string {
  const { text, fileName } = tokens;
  const start = tokens.starts[index]! + 1;
  const end = tokens.ends[index]! - 1;
  const raw = text.slice(start, end);
  if (!raw.includes('\\')) return raw;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const match of raw.matchAll(/\\(?:x([0-9a-fA-F]{1,3})|([0-7]{1,3})|([\s\S]?))|[^\\]+/g)) {
    const [whole, hex, octal, other] = match;
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16) & 0xff);
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (other === undefined) for (const byte of encoder.encode(whole)) bytes.push(byte);
    else {
      const code = Object.hasOwn(escapes, other) ? escapes[other] : undefined;
      if (code === undefined) {
        throw syntaxError(fileName, text, start + match.index, `\`${whole}\` is not an escape sequence`);
      }
      bytes.push(code);
    }
  }
  const nul = bytes.indexOf(0);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
    Uint8Array.from(nul === -1 ? bytes : bytes.slice(0, nul)),
  );
}
