/** A dictionary of the texts of a column, for those that say the same over and over: names of programs, of files. */
import type { BytesColumn } from '../columns/column.ts';

/** Slots of the hash table; at most half of them are used. */
const slotCount = 8192;
const mostTexts = slotCount / 2;
/** Values after which a column that hardly repeats itself is left as it is. */
const trialCount = 1024;

function hash(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0x811c_9dc5;
  for (let at = from; at < to; at++) sum = Math.imul(sum ^ bytes[at]!, 0x0100_0193);
  return (sum ^ (sum >>> 15)) & (slotCount - 1);
}

function equals(bytes: Uint8Array, left: number, right: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[left + at] !== bytes[right + at]) return false;
  return true;
}

/** The texts of a column by number. */
export class TextDictionary {
  /** Number of each value's text. */
  readonly codes: Int32Array;
  /** The texts in the PLAIN encoding, by number. */
  readonly dictionary: Uint8Array;
  /** Texts that there are. */
  readonly size: number;

  private constructor(codes: Int32Array, dictionary: Uint8Array, size: number) {
    this.codes = codes;
    this.dictionary = dictionary;
    this.size = size;
  }

  /** Undefined where the texts do not repeat enough for it to be worth while. */
  static of(
    { offsets, data, length }: BytesColumn,
    present: Int32Array | undefined,
  ): TextDictionary | undefined {
    const count = present?.length ?? length;
    if (count === 0) return undefined;
    const slots = new Int32Array(slotCount).fill(-1);
    const codes = new Int32Array(count);
    const rows: number[] = [];
    let sizeBytes = 0;
    for (let at = 0; at < count; at++) {
      const row = present === undefined ? at : present[at]!;
      const from = offsets[row]!;
      const size = offsets[row + 1]! - from;
      let slot = hash(data, from, from + size);
      for (;;) {
        const code = slots[slot]!;
        if (code < 0) {
          if (rows.length === mostTexts || (at === trialCount && rows.length > trialCount / 2))
            return undefined;
          slots[slot] = rows.length;
          codes[at] = rows.length;
          rows.push(row);
          sizeBytes += 4 + size;
          break;
        }
        const known = offsets[rows[code]!]!;
        if (offsets[rows[code]! + 1]! - known === size && equals(data, known, from, size)) {
          codes[at] = code;
          break;
        }
        slot = (slot + 1) & (slotCount - 1);
      }
    }
    if (rows.length > count / 2) return undefined;
    const dictionary = new Uint8Array(sizeBytes);
    const view = new DataView(dictionary.buffer);
    let to = 0;
    for (const row of rows) {
      const text = data.subarray(offsets[row], offsets[row + 1]);
      view.setUint32(to, text.length, true);
      dictionary.set(text, to + 4);
      to += 4 + text.length;
    }
    return new TextDictionary(codes, dictionary, rows.length);
  }
}
