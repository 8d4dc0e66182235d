/** Enumerators of TSDL: labels with values, ranges of values, or the value after the one before. */
import type { IntegerFieldClass, IntegerRange, Mapping } from './model.ts';
import { sign, type TokenCursor } from './tsdl-cursor.ts';
import { tokenKind } from './tsdl-lexer.ts';

/** Reads `{ LABEL, LABEL = VALUE, LABEL = FIRST ... LAST, … }`. A label that stands twice has several ranges. */
export function parseEnumerators(cursor: TokenCursor, container: IntegerFieldClass): readonly Mapping[] {
  const ranges = new Map<string, IntegerRange[]>();
  const { lower: least, upper: greatest } = integerBounds(container);
  let next = 0n;
  cursor.expect(sign.openBrace, '`{`');
  if (cursor.kind === sign.closeBrace) cursor.failExpecting('a label');
  do {
    if (cursor.kind === sign.closeBrace) break;
    const start = cursor.position;
    const label = cursor.kind === tokenKind.string ? cursor.text('a label') : cursor.anyWord('a label');
    let lower = next;
    let upper = next;
    if (cursor.accept(sign.equals)) {
      lower = cursor.signed('an integer');
      upper = cursor.accept(tokenKind.ellipsis) ? cursor.signed('an integer') : lower;
    }
    if (lower > upper) cursor.failMeaning(start, `the range of \`${label}\` ends before it begins`);
    if (lower < least || upper > greatest) {
      cursor.failMeaning(
        start,
        `the value of \`${label}\` does not fit its container, which holds ${least} to ${greatest}`,
      );
    }
    next = upper + 1n;
    const known = ranges.get(label);
    if (known === undefined) ranges.set(label, [{ lower, upper }]);
    else known.push({ lower, upper });
  } while (cursor.accept(sign.comma));
  cursor.expect(sign.closeBrace, '`,` or `}`');
  return Array.from(ranges, ([label, of]) => ({ label, ranges: of }));
}

/** Least and greatest value of an integer. */
export function integerBounds(integer: IntegerFieldClass): IntegerRange {
  const { signed, lengthBits } = integer;
  const half = 1n << BigInt(lengthBits - 1);
  return signed ? { lower: -half, upper: half - 1n } : { lower: 0n, upper: half * 2n - 1n };
}
