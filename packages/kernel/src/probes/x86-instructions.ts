/**
 * How long instructions of x86-64 are: enough to find where each begins, so that no probe is put into the middle of one.
 * Intel's Software Developer's Manual, volume 2, chapter 2 and appendix A.
 */

/** Opcodes of one byte that have a ModRM byte, beside the arithmetic ones below 0x40. */
const withModRm = new Set([
  0x62, 0x63, 0x69, 0x6b, 0x80, 0x81, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e,
  0x8f, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xd8, 0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xf6,
  0xf7, 0xfe, 0xff,
]);
/** Opcodes of one byte that there are not in 64-bit mode. */
const invalid = new Set([
  0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xd5,
  0xd6, 0xea,
]);
const byteFollows = new Set([
  0x6a, 0x6b, 0x80, 0x83, 0xa8, 0xc0, 0xc1, 0xc6, 0xcd, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xeb,
]);
/** Four bytes follow, or two behind the prefix 0x66. */
const wordFollows = new Set([0x68, 0x69, 0x81, 0xa9, 0xc7]);
/** Opcodes behind 0x0f without ModRM byte. */
const plainSecond = new Set([
  0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e, 0x77, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa,
]);
const byteFollowsSecond = new Set([0x0f, 0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6]);
const invalidSecond = new Set([
  0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36, 0x39, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0xa6, 0xa7,
]);

const longest = 15;

/** Bytes of a ModRM byte, with the SIB byte and the distance behind it. */
function modRmBytes(bytes: Uint8Array, at: number): number {
  const modRm = bytes[at] ?? 0;
  const mode = modRm >>> 6;
  const base = modRm & 7;
  if (mode === 3) return 1;
  const hasSib = base === 4;
  const sibBase = hasSib ? (bytes[at + 1] ?? 0) & 7 : 0;
  const distance = mode === 1 ? 1 : mode === 2 || base === 5 || (hasSib && sibBase === 5) ? 4 : 0;
  return 1 + (hasSib ? 1 : 0) + distance;
}

/** Bytes behind the opcode, of an instruction of the table behind 0x0f that has the ModRM byte at `at`. */
function secondTableTail(bytes: Uint8Array, opcode: number, at: number): number {
  return modRmBytes(bytes, at) + (byteFollowsSecond.has(opcode) ? 1 : 0);
}

/** Behind the prefixes VEX and EVEX, whose third table is that behind 0x0f 0x3a. */
function vectorTail(bytes: Uint8Array, table: number, at: number): number {
  const opcode = bytes[at] ?? 0;
  if (table === 1 && opcode === 0x77) return 1;
  if (table === 1) return 1 + secondTableTail(bytes, opcode, at + 1);
  return 1 + modRmBytes(bytes, at + 1) + (table === 3 ? 1 : 0);
}

/** Length of the instruction that begins at a place; 0 where none does, or it goes beyond the end. */
export function instructionBytes(bytes: Uint8Array, at: number): number {
  let cursor = at;
  let isShort = false;
  let isShortAddress = false;
  for (; ; cursor += 1) {
    const prefix = bytes[cursor];
    if (prefix === 0x66) isShort = true;
    else if (prefix === 0x67) isShortAddress = true;
    else if (
      prefix !== 0xf0 &&
      prefix !== 0xf2 &&
      prefix !== 0xf3 &&
      prefix !== 0x2e &&
      prefix !== 0x36 &&
      prefix !== 0x3e &&
      prefix !== 0x26 &&
      prefix !== 0x64 &&
      prefix !== 0x65
    ) {
      break;
    }
  }
  let isWide = false;
  if (((bytes[cursor] ?? 0) & 0xf0) === 0x40) {
    isWide = (bytes[cursor]! & 8) !== 0;
    cursor += 1;
  }
  const opcode = bytes[cursor];
  if (opcode === undefined || invalid.has(opcode)) return 0;
  const immediate = isShort && !isWide ? 2 : 4;
  cursor += 1;
  if (opcode === 0x0f) {
    const second = bytes[cursor] ?? 0;
    cursor += 1;
    if (invalidSecond.has(second)) return 0;
    if (second === 0x38) cursor += 1 + modRmBytes(bytes, cursor + 1);
    else if (second === 0x3a) cursor += 2 + modRmBytes(bytes, cursor + 1);
    else if (second >= 0x80 && second <= 0x8f) cursor += 4;
    else if (
      !plainSecond.has(second) &&
      !(second >= 0x30 && second <= 0x35) &&
      !(second >= 0xc8 && second <= 0xcf)
    )
      cursor += secondTableTail(bytes, second, cursor);
  } else if (opcode === 0xc5) {
    cursor += 1 + vectorTail(bytes, 1, cursor + 1);
  } else if (opcode === 0xc4) {
    cursor += 2 + vectorTail(bytes, (bytes[cursor] ?? 0) & 31, cursor + 2);
  } else if (opcode === 0x62) {
    cursor += 3 + vectorTail(bytes, (bytes[cursor] ?? 0) & 7, cursor + 3);
  } else if (opcode < 0x40) {
    const kind = opcode & 7;
    cursor += kind < 4 ? modRmBytes(bytes, cursor) : kind === 4 ? 1 : immediate;
  } else if (opcode >= 0x70 && opcode <= 0x7f) {
    cursor += 1;
  } else if (opcode >= 0xa0 && opcode <= 0xa3) {
    cursor += isShortAddress ? 4 : 8;
  } else if (opcode >= 0xb0 && opcode <= 0xb7) {
    cursor += 1;
  } else if (opcode >= 0xb8 && opcode <= 0xbf) {
    cursor += isWide ? 8 : immediate;
  } else if (opcode === 0xe8 || opcode === 0xe9) {
    cursor += 4;
  } else if (opcode === 0xc2 || opcode === 0xca) {
    cursor += 2;
  } else if (opcode === 0xc8) {
    cursor += 3;
  } else {
    const group = ((bytes[cursor] ?? 0) >>> 3) & 7;
    if (withModRm.has(opcode)) cursor += modRmBytes(bytes, cursor);
    if (byteFollows.has(opcode) || (opcode === 0xf6 && group < 2)) cursor += 1;
    else if (wordFollows.has(opcode) || (opcode === 0xf7 && group < 2)) cursor += immediate;
  }
  const length = cursor - at;
  return length > longest || cursor > bytes.length ? 0 : length;
}
