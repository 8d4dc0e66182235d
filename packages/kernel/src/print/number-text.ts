/** Numbers as the kernel's printf writes them. */
import type { Directive } from './directives.ts';

type ValueDirective = Extract<Directive, { readonly kind: 'value' }>;

/** Width and precision, where they are arguments already looked up. */
export interface Sizes {
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

/** Fills a text up to a width. */
export function pad(text: string, width: number | undefined, leftAligned: boolean): string {
  if (width === undefined) return text;
  return leftAligned ? text.padEnd(width) : text.padStart(width);
}

const radixes: Readonly<Record<string, number>> = { x: 16, X: 16, o: 8 };

/** The part of an argument that a conversion takes, as C passes it. */
function narrowed(value: bigint, { length, conversion }: ValueDirective, longBytes: 4 | 8): bigint {
  const word = longBytes * 8;
  const bits = { '': 32, hh: 8, h: 16, l: word, ll: 64, z: word, t: word }[length];
  return conversion === 'd' ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** Writes an integer. */
export function integerText(
  value: bigint,
  directive: ValueDirective,
  { width, precision }: Sizes,
  longBytes: 4 | 8,
): string {
  const { conversion, leftAligned, plus, space, special } = directive;
  const number = narrowed(value, directive, longBytes);
  const radix = radixes[conversion] ?? 10;
  const isNegative = number < 0n;
  let digits = (isNegative ? -number : number).toString(radix);
  if (conversion === 'X') digits = digits.toUpperCase();
  const sign = isNegative ? '-' : conversion === 'd' && plus ? '+' : conversion === 'd' && space ? ' ' : '';
  // Unlike the C library's, this printf puts 0x before a zero, too.
  const prefix = !special
    ? ''
    : radix === 16
      ? conversion === 'X'
        ? '0X'
        : '0x'
      : radix === 8 && number !== 0n
        ? '0'
        : '';
  const head = sign + prefix;
  if (precision !== undefined) digits = digits.padStart(precision, '0');
  else if (directive.zero && !leftAligned && width !== undefined)
    digits = digits.padStart(width - head.length, '0');
  return pad(head + digits, width, leftAligned);
}
