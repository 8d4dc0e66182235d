/** Enumerators of TSDL: labels with values, ranges of values, or the value after the one before. */
import type { IntegerFieldClass, IntegerRange, Mapping } from './model.ts';
import { sign, type TokenCursor } from './tsdl-cursor.ts';
import { tokenKind } from './tsdl-lexer.ts';

/**
 * Reads `{ LABEL, LABEL = VALUE, LABEL = FIRST ... LAST, … }`. A label that stands twice has several ranges.
 * @param tolerate told of a value that the container cannot hold, which is then left out (or, of 64 bits, taken for the
 *   value of the same bits); without it, it is an error.
 */
export function parseEnumerators(
  cursor: TokenCursor,
  container: IntegerFieldClass,
  tolerate: ((token: number, message: string) => void) | undefined,
): readonly Mapping[] {
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
    const unheld = lower < least || upper > greatest;
    if (unheld) {
      const message = `the value of \`${label}\` does not fit its container, which holds ${least} to ${greatest}`;
      if (tolerate === undefined) cursor.failMeaning(start, message);
      tolerate(start, message);
    }
    next = upper + 1n;
    if (unheld && container.lengthBits === 64) {
      // Tracers write the 64 bits that C has for it, signed or not.
      lower = wrapped(lower, container.signed);
      upper = wrapped(upper, container.signed);
    }
    let own = ranges.get(label);
    if (own === undefined) ranges.set(label, (own = []));
    const held = { lower: lower < least ? least : lower, upper: upper > greatest ? greatest : upper };
    if (held.lower <= held.upper) own.push(held);
  } while (cursor.accept(sign.comma));
  cursor.expect(sign.closeBrace, '`,` or `}`');
  return Array.from(ranges, ([label, of]) => ({ label, ranges: of }));
}

function wrapped(value: bigint, signed: boolean): bigint {
  return signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
}

/** Least and greatest value of an integer. */
function integerBounds(integer: IntegerFieldClass): IntegerRange {
  const { signed, lengthBits } = integer;
  const half = 1n << BigInt(lengthBits - 1);
  return signed ? { lower: -half, upper: half - 1n } : { lower: 0n, upper: half * 2n - 1n };
}
