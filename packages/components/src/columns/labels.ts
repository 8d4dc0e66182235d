/** Labels of enumerations and flags of bit maps as codes of a list of texts that is known before the first event. */
import {
  flagsOf,
  integerOfHalves,
  labelTableOf,
  type BitArrayFieldClass,
  type IntegerFieldClass,
} from '@spoor/ctf';
import type { Labels, ListColumn, NumberColumn } from './column.ts';

/** Ranges beyond which the texts are not made in advance. */
const mostRanges = 2048;
/** Values whose code is kept: those of a wild field must not fill the memory. */
const mostKept = 65_536;

/** Between the labels of one value. */
export const LABEL_SEPARATOR = ' | ';

/** Codes of an enumeration's values. Several labels of one value are one text, joined by ` | `. */
export class LabelCodes implements Labels {
  readonly texts: readonly string[];
  private readonly fieldClass: IntegerFieldClass;
  private readonly codes = new Map<string, number>();
  private readonly known = new Map<number | bigint, number>();

  private constructor(fieldClass: IntegerFieldClass, texts: readonly string[]) {
    this.fieldClass = fieldClass;
    this.texts = texts;
    for (const [code, text] of texts.entries()) this.codes.set(text, code);
  }

  /** Undefined for an enumeration of so many ranges that a list of all its texts would be a burden. */
  static of(fieldClass: IntegerFieldClass): LabelCodes | undefined {
    const ranges = (fieldClass.mappings ?? []).flatMap((mapping) => mapping.ranges);
    if (ranges.length > mostRanges) return undefined;
    // Between two neighbouring bounds all values have the same labels.
    const bounds = new Set<bigint>();
    for (const { lower, upper } of ranges) bounds.add(lower).add(upper + 1n);
    const texts = new Set<string>();
    for (const bound of [...bounds].sort((left, right) => (left < right ? -1 : left > right ? 1 : 0))) {
      const text = labelText(fieldClass, bound);
      if (text !== undefined) texts.add(text);
    }
    return new LabelCodes(fieldClass, [...texts]);
  }

  /** The code of a value's text, or -1 for a value without a label. */
  codeOf(value: number | bigint): number {
    let code = this.known.get(value);
    if (code === undefined) {
      code = this.codes.get(labelText(this.fieldClass, value) ?? '') ?? -1;
      if (this.known.size < mostKept) this.known.set(value, code);
    }
    return code;
  }
}

/** The labels of a value, if it has any. */
export function labelText(fieldClass: IntegerFieldClass, value: number | bigint): string | undefined {
  const labels = labelTableOf(fieldClass).labelsOf(value);
  return labels.length === 0 ? undefined : labels.join(LABEL_SEPARATOR);
}

/** Codes of the flags of a bit map. */
export class FlagCodes implements Labels {
  readonly texts: readonly string[];
  private readonly fieldClass: BitArrayFieldClass;
  private readonly codes = new Map<string, number>();

  constructor(fieldClass: BitArrayFieldClass) {
    this.fieldClass = fieldClass;
    this.texts = [...new Set((fieldClass.flags ?? []).map(({ label }) => label))];
    for (const [code, text] of this.texts.entries()) this.codes.set(text, code);
  }

  /** Appends the list of the flags that are set. */
  put(list: ListColumn, hi: number, lo: number): void {
    const element = list.element as NumberColumn;
    list.open();
    for (const flag of flagsOf(this.fieldClass.flags ?? [], integerOfHalves(hi >>> 0, lo >>> 0))) {
      element.put(this.codes.get(flag) ?? -1);
    }
    list.close();
  }
}
