/** What `%p…` of the kernel's printf writes of what is pointed to. */
import type { KernelSymbols } from './symbols.ts';

const hex2 = (byte: number): string => byte.toString(16).padStart(2, '0');

/** `%pS`, `%ps`: a symbol, with offset and size or without; an address that has none in hexadecimal. */
export function symbolText(address: bigint, kind: string, symbols: KernelSymbols | undefined): string {
  // %pB is of return addresses: the call is before them, perhaps in another function.
  const before = kind.startsWith('B') ? 1n : 0n;
  const place = address === 0n ? undefined : symbols?.find(address - before);
  if (place === undefined) return `0x${address.toString(16)}`;
  const module = place.module === undefined ? '' : ` [${place.module}]`;
  if (/^[sf]/.test(kind)) return place.name + module;
  return `${place.name}+0x${(place.offset + before).toString(16)}/0x${place.sizeBytes.toString(16)}${module}`;
}

/** `%pU`: a UUID; with `l` its first parts are of the little-endian form, capital letters make capital ones. */
export function uuidText(bytes: Uint8Array, kind: string): string {
  const order = /[lL]/.test(kind)
    ? [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
    : Array.from({ length: 16 }, (_, index) => index);
  const digits = order.map((index) => hex2(bytes[index] ?? 0)).join('');
  const text = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return /[BL]/.test(kind) ? text.toUpperCase() : text;
}

/** `%pM`: a hardware address. */
export function macText(bytes: Uint8Array, kind: string): string {
  const parts = [...bytes.subarray(0, 6)].map(hex2);
  if (kind.includes('R')) parts.reverse();
  return parts.join(kind.startsWith('m') ? '' : kind.includes('F') ? '-' : ':');
}

/** `%pI4`; `%pi4` with three digits a part. */
export function ipv4Text(bytes: Uint8Array, kind: string): string {
  const parts = [...bytes.subarray(0, 4)].map(String);
  return (kind.startsWith('i') ? parts.map((part) => part.padStart(3, '0')) : parts).join('.');
}

/** `%pI6`, `%pi6` without colons, `%pI6c` compressed. */
export function ipv6Text(bytes: Uint8Array, kind: string): string {
  const words = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  const full = words.map((word) => word.toString(16).padStart(4, '0'));
  if (kind.startsWith('i')) return full.join('');
  if (!kind.includes('c')) return full.join(':');
  const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  const isatap = (words[4]! | 0x0200) === 0x0200 && words[5] === 0x5efe;
  const count = mapped || isatap ? 6 : 8;
  // The longest run of zeros, the first of several; a single one stays.
  let best = { at: -1, length: 1 };
  for (let at = 0; at < count; at++) {
    let length = 0;
    while (at + length < count && words[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const text = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  const end = count === 6 ? ipv4Text(bytes.subarray(12), 'I4') : '';
  if (best.at < 0) return text(0, count) + (end === '' ? '' : `:${end}`);
  const tail = text(best.at + best.length, count);
  const rest = tail === '' ? end : end === '' ? tail : `${tail}:${end}`;
  return `${text(0, best.at)}::${rest}`;
}

/** `%pIS`: an address of a socket, whose first two bytes say of which kind. */
export function socketText(bytes: Uint8Array, kind: string, littleEndian: boolean): string {
  const [a = 0, b = 0] = bytes;
  const family = littleEndian ? a | (b << 8) : (a << 8) | b;
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  const options = kind.slice(2);
  if (family === 2) return ipv4Text(bytes.subarray(4), 'I4') + (options.includes('p') ? `:${port}` : '');
  if (family !== 10) return '(einval)';
  const address = ipv6Text(bytes.subarray(8, 24), options.includes('c') ? 'I6c' : 'I6');
  const number = (at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, littleEndian);
  const scope = options.includes('s') && bytes.length >= 28 ? `%${number(24)}` : '';
  const flow = options.includes('f') && bytes.length >= 8 ? `/${number(4) & 0xfffffff}` : '';
  const brackets = options.includes('p') || options.includes('s') || options.includes('f');
  return `${brackets ? `[${address}]` : address}${options.includes('p') ? `:${port}` : ''}${flow}${scope}`;
}

/** Which bits of a set are on, the lowest first: words of the machine's `long`. */
export function bitsOf(
  bytes: Uint8Array,
  longBytes: 4 | 8,
  littleEndian: boolean,
  limit: number,
): readonly number[] {
  const bits: number[] = [];
  const count = Math.min(limit, bytes.length * 8);
  for (let bit = 0; bit < count; bit++) {
    const byte = bit >> 3;
    const word = byte - (byte % longBytes);
    const at = littleEndian ? byte : word + longBytes - 1 - (byte % longBytes);
    if (((bytes[at] ?? 0) & (1 << (bit & 7))) !== 0) bits.push(bit);
  }
  return bits;
}

/** `%*pbl`: `0-3,7`. */
export function bitListText(bits: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < bits.length;) {
    let last = index;
    while (last + 1 < bits.length && bits[last + 1] === bits[last]! + 1) last += 1;
    parts.push(last === index ? `${bits[index]}` : `${bits[index]}-${bits[last]}`);
    index = last + 1;
  }
  return parts.join(',');
}

/** `%*pb`: words of 32 bits in hexadecimal, the highest first. */
export function bitmapText(bits: readonly number[], count: number): string {
  const parts: string[] = [];
  for (let from = Math.floor((Math.max(1, count) - 1) / 32) * 32; from >= 0; from -= 32) {
    let word = 0;
    for (const bit of bits) if (bit >= from && bit < from + 32) word += 2 ** (bit - from);
    const digits = Math.ceil(Math.min(32, Math.max(1, count) - from) / 4);
    parts.push(word.toString(16).padStart(digits, '0'));
  }
  return parts.join(',');
}
