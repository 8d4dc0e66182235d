/** The line `print fmt:` of an event: a format string, as of printf, and its arguments. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import { PrintFormatError } from './c-tokens.ts';
import { parseExpressions, type Expression } from './c-expression.ts';
import { parseDirectives, type Directive } from './directives.ts';

/** How an event is written as text. */
export interface PrintFormat {
  readonly directives: readonly Directive[];
  readonly arguments: readonly Expression[];
}

/** Parses what stands behind `print fmt: `. @throws PrintFormatError */
export function parsePrintFormat(text: string): PrintFormat {
  const [first, ...rest] = parseExpressions(text);
  if (first === undefined) return { directives: [], arguments: [] };
  if (first.kind !== 'string') throw new PrintFormatError('it does not begin with a format string');
  return { directives: parseDirectives(first.text), arguments: rest };
}

const parsed = new WeakMap<KernelEventFormat, PrintFormat | PrintFormatError>();

/**
 * The print format of an event, parsed once.
 * @returns the error where it cannot be understood: the kernel's sources allow more than expressions.
 */
export function printFormatOf(format: KernelEventFormat): PrintFormat | PrintFormatError {
  let result = parsed.get(format);
  if (result === undefined) {
    try {
      result = parsePrintFormat(format.printText);
    } catch (error) {
      if (!(error instanceof PrintFormatError)) throw error;
      result = error;
    }
    parsed.set(format, result);
  }
  return result;
}
