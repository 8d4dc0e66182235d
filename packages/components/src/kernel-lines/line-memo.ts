/** Texts that the interpreter makes, kept by the numbers that they depend on. */
import { printedText, type KernelEventFormat, type PrintContext, type PrintFormat } from '@spoor/kernel';
import { putBytes } from '../sink-text-pretty/write-text.ts';

/** More different values are no names: their texts are made anew. */
const mostTexts = 4096;
/** Of those that were asked for last, as many are at hand. */
const handyTexts = 64;
/** Beyond it a double does not tell numbers apart. */
const largestKey = 2 ** 53;

const encoder = new TextEncoder();

/** One piece of an event's line. */
export class LineMemo {
  private readonly format: KernelEventFormat;
  private readonly print: PrintFormat;
  private readonly context: PrintContext;
  private readonly texts = new Map<number, Map<number, Uint8Array>>();
  private textCount = 0;
  /** The numbers of what is at hand; NaN is no number's equal. */
  private readonly handyNumbers = new Float64Array(handyTexts * 2).fill(NaN);
  private readonly handy: Uint8Array[] = Array.from({ length: handyTexts }, () => new Uint8Array(0));

  constructor(format: KernelEventFormat, print: PrintFormat, context: PrintContext) {
    this.format = format;
    this.print = print;
    this.context = context;
  }

  /**
   * Writes the text of a record that depends on two numbers; not kept where one is NaN.
   * @throws PrintFormatError where the print format cannot be followed.
   */
  put(
    out: Uint8Array,
    pos: number,
    first: number,
    second: number,
    view: DataView,
    at: number,
    lengthBytes: number,
  ): number {
    const slot = (first + second * 7) & (handyTexts - 1);
    const { handyNumbers } = this;
    if (handyNumbers[slot * 2] !== first || handyNumbers[slot * 2 + 1] !== second) {
      this.handy[slot] =
        this.texts.get(first)?.get(second) ?? this.made(first, second, view, at, lengthBytes);
      handyNumbers[slot * 2] = first;
      handyNumbers[slot * 2 + 1] = second;
    }
    const text = this.handy[slot]!;
    return putBytes(out, pos, text, text.length);
  }

  private made(first: number, second: number, view: DataView, at: number, lengthBytes: number): Uint8Array {
    const { littleEndian } = this.context.layout;
    const record = { view, at, lengthBytes, littleEndian };
    const text = encoder.encode(printedText(this.format, this.print, record, this.context));
    if (this.textCount >= mostTexts || !(Math.abs(first) < largestKey && Math.abs(second) < largestKey))
      return text;
    let row = this.texts.get(first);
    if (row === undefined) this.texts.set(first, (row = new Map()));
    row.set(second, text);
    this.textCount += 1;
    return text;
  }
}
