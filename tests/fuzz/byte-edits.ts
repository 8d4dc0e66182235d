// Damage to stream and index files: changes of single bits and of numbers, mostly where a packet says what it is.
import type { SeededRandom } from '../support/seeded-random.ts';

/** One change of a file's bytes. Edits of a list are made one after the other; any part of the list can be left out. */
export type ByteEdit =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: readonly number[] }
  | { readonly kind: 'copy'; readonly from: number; readonly count: number; readonly to: number };

/** Numbers at which sizes, counts and times have their limits. */
const limits: readonly bigint[] = [
  0n,
  1n,
  7n,
  8n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  65_535n,
  65_536n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fff8n,
  0xffff_ffffn,
  0x1_0000_0000n,
  1n << 53n,
  (1n << 63n) - 1n,
  1n << 63n,
  (1n << 64n) - 8n,
  (1n << 64n) - 1n,
];

function number(random: SeededRandom): number[] {
  const size = random.pick([1, 2, 4, 8]);
  const value = random.chance(0.7) ? random.pick(limits) : BigInt(random.below(1 << 16)) * 8n;
  const bytes = Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
  return random.chance(0.5) ? bytes : bytes.reverse();
}

/**
 * One to six edits.
 * @param starts where packets (or entries) begin; half of the edits are made within `headBytes` of one of them.
 */
export function randomByteEdits(
  random: SeededRandom,
  length: number,
  starts: readonly number[],
  headBytes: number,
): readonly ByteEdit[] {
  const place = (): number =>
    random.chance(0.6) && starts.length > 0
      ? random.pick(starts) + random.below(headBytes)
      : random.below(Math.max(1, length));
  return Array.from({ length: 1 + random.below(random.chance(0.5) ? 2 : 6) }, (): ByteEdit => {
    const at = place();
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        return { kind: 'flip', at, bit: random.below(8) };
      case 3:
      case 4:
        return { kind: 'set', at, bytes: number(random) };
      case 5:
        return random.chance(0.5)
          ? { kind: 'cut', at }
          : { kind: 'remove', at, count: 1 + random.below(random.chance(0.5) ? 8 : 5000) };
      case 6:
        return { kind: 'insert', at, bytes: number(random) };
      default:
        return { kind: 'copy', from: place(), count: 1 + random.below(200), to: at };
    }
  });
}

/** The file with the edits made. */
export function withByteEdits(content: Uint8Array, edits: readonly ByteEdit[]): Uint8Array {
  let bytes = content.slice();
  for (const edit of edits) {
    switch (edit.kind) {
      case 'flip':
        if (edit.at < bytes.length) bytes[edit.at]! ^= 1 << edit.bit;
        break;
      case 'set':
        if (edit.at + edit.bytes.length <= bytes.length) bytes.set(edit.bytes, edit.at);
        break;
      case 'cut':
        bytes = bytes.slice(0, edit.at);
        break;
      case 'remove':
        bytes = joined(bytes.subarray(0, edit.at), bytes.subarray(edit.at + edit.count));
        break;
      case 'insert':
        bytes = joined(bytes.subarray(0, edit.at), Uint8Array.from(edit.bytes), bytes.subarray(edit.at));
        break;
      case 'copy': {
        const part = bytes.slice(edit.from, edit.from + edit.count);
        if (edit.to + part.length <= bytes.length) bytes.set(part, edit.to);
        break;
      }
      default:
        edit satisfies never;
    }
  }
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
