/** Bits of a block of Zstandard (RFC 8878), and how its damage is told. */

/** What is wrong with a block. Who has the archive's name makes an error of the archive of it. */
export class ZstdDamage extends Error {}

/** A block as it is packed, with room on both sides, so that a word may be read at any bit of it. */
export interface PackedBlock {
  readonly bytes: Uint8Array;
  /** Of the same bytes. */
  readonly view: DataView;
}

/**
 * Bytes that must be there before and behind a block and behind the window. What reads backwards looks once for each
 * sequence (27 + 16 + 16 + 26 bits at most) whether it left its stream; what copies goes up to three bytes too far.
 */
export const slackBytes = 16;

export function makePacked(sizeBytes: number): PackedBlock {
  const bytes = new Uint8Array(slackBytes + sizeBytes + slackBytes);
  return { bytes, view: new DataView(bytes.buffer) };
}

/**
 * Where the bits of a stream begin that is read backwards: below the highest set bit of its last byte. Places of bits are
 * counted from the beginning of the buffer.
 */
export function beginBackwards(bytes: Uint8Array, start: number, end: number): number {
  const last = end > start ? bytes[end - 1]! : 0;
  if (last === 0) throw new ZstdDamage('a stream of bits has no end');
  return end * 8 - 8 + (31 - Math.clz32(last));
}

/** The `count` bits below `position`, 25 at most; those below `start` are zeros. */
export function bitsBelow(view: DataView, position: number, count: number, start: number): number {
  const held = Math.min(count, position - start);
  if (held <= 0) return 0;
  const from = position - held;
  const value = (view.getInt32(from >> 3, true) >>> (from & 7)) & ((1 << held) - 1);
  return value << (count - held);
}
