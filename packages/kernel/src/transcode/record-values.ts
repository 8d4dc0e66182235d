/** What bodies of events need beside copying numbers: texts, sequences, flags of requests. Called by generated code. */

/** LTTng's bits of a block request. */
const requestBits = {
  write: 1,
  discard: 2,
  read: 4,
  ahead: 8,
  sync: 32,
  meta: 64,
  secure: 128,
  flush: 256,
  forceUnitAccess: 512,
  preflush: 1024,
} as const;

const letter = (text: string): number => text.charCodeAt(0);
const W = letter('W');
const D = letter('D');
const E = letter('E');
const F = letter('F');
const R = letter('R');
const N = letter('N');
const A = letter('A');
const S = letter('S');
const M = letter('M');

/**
 * The kernel's letters for a request as LTTng's bits. The kernel writes `F` for a flush beforehand, then one or two
 * letters for the operation (`W`, `D`, `DE`, `F`, `R`, `N`), then the rest (`F`, `A`, `S`, `M`).
 */
export function requestFlags(bytes: Uint8Array, at: number, sizeBytes: number): number {
  let bits = 0;
  let index = at;
  const end = at + sizeBytes;
  const second = sizeBytes > 1 ? bytes[at + 1]! : 0;
  if (bytes[index] === F && (second === W || second === D || second === R || second === F || second === N)) {
    bits = requestBits.preflush;
    index += 1;
  }
  const operation = index < end ? bytes[index]! : 0;
  switch (operation) {
    case W:
      bits |= requestBits.write;
      break;
    case D:
      bits |= requestBits.discard;
      if (index + 1 < end && bytes[index + 1] === E) {
        bits |= requestBits.secure;
        index += 1;
      }
      break;
    case F:
      bits |= requestBits.flush;
      break;
    case R:
      bits |= requestBits.read;
      break;
    default:
      break;
  }
  for (index += 1; index < end; index += 1) {
    const byte = bytes[index]!;
    if (byte === F) bits |= requestBits.forceUnitAccess;
    else if (byte === A) bits |= requestBits.ahead;
    else if (byte === S) bits |= requestBits.sync;
    else if (byte === M) bits |= requestBits.meta;
    else if (byte === 0) break;
  }
  return bits;
}

/** Copies text into a field of fixed size: up to its NUL, one byte less than the field at most; zeros behind it. */
export function copyText(
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  out: Uint8Array,
  pos: number,
  sizeBytes: number,
): void {
  const most = lengthBytes < sizeBytes - 1 ? lengthBytes : sizeBytes - 1;
  let index = 0;
  for (; index < most; index += 1) {
    const byte = bytes[at + index]!;
    if (byte === 0) break;
    out[pos + index] = byte;
  }
  for (; index < sizeBytes; index += 1) out[pos + index] = 0;
}

/** Copies text and the NUL behind it. @returns where the next field begins. */
export function copyString(
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  out: Uint8Array,
  pos: number,
): number {
  let index = 0;
  for (; index < lengthBytes; index += 1) {
    const byte = bytes[at + index]!;
    if (byte === 0) break;
    out[pos + index] = byte;
  }
  out[pos + index] = 0;
  return pos + index + 1;
}

/** Copies a sequence behind its number of elements. @returns where the next field begins. */
export function copySequence(
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  out: Uint8Array,
  pos: number,
  elementBytes: number,
): number {
  const count = Math.trunc(lengthBytes / elementBytes);
  out[pos] = count & 0xff;
  out[pos + 1] = count >>> 8;
  const size = count * elementBytes;
  for (let index = 0; index < size; index += 1) out[pos + 2 + index] = bytes[at + index]!;
  return pos + 2 + size;
}
