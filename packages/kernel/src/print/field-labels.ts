/** Names that values of fields have: what `__print_symbolic` and `__print_flags` of a print format tell. */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { Expression } from './c-expression.ts';
import { PrintFormatError } from './c-tokens.ts';
import { Evaluator, type PrintContext } from './evaluate.ts';
import { printFormatOf } from './print-format.ts';

/** Names of one field's values. */
export interface FieldLabels {
  /** `symbols`: each value has one name; `flags`: each bit, or group of bits. */
  readonly kind: 'symbols' | 'flags';
  /** Stands between the names of flags. */
  readonly delimiter: string;
  /** In the kernel's order. Values are unsigned numbers as wide as its `long`. */
  readonly entries: readonly { readonly value: bigint; readonly label: string }[];
}

/** The field that an expression is, or that it takes bits of. */
function namedField(expression: Expression | undefined, withMask: boolean): string | undefined {
  if (expression?.kind === 'field') return expression.name;
  if (expression?.kind === 'cast') return namedField(expression.operand, withMask);
  if (expression?.kind === 'binary' && withMask && expression.operator === '&') {
    return namedField(expression.left, withMask);
  }
  return undefined;
}

const nothing = { view: new DataView(new ArrayBuffer(0)), at: 0, lengthBytes: 0, littleEndian: true };

/** Goes through an expression and all that it holds. */
function visit(
  expression: Expression,
  onCall: ((call: Extract<Expression, { readonly kind: 'call' }>) => void) | undefined,
  onName?: (name: string) => void,
): void {
  const inner = (one: Expression): void => visit(one, onCall, onName);
  switch (expression.kind) {
    case 'call':
      onCall?.(expression);
      expression.arguments.forEach(inner);
      break;
    case 'group':
      expression.items.forEach(inner);
      break;
    case 'conditional':
      inner(expression.test);
      inner(expression.whenTrue);
      inner(expression.whenFalse);
      break;
    case 'binary':
      inner(expression.left);
      inner(expression.right);
      break;
    case 'index':
      inner(expression.of);
      inner(expression.index);
      break;
    case 'cast':
    case 'unary':
      inner(expression.operand);
      break;
    case 'name':
      onName?.(expression.name);
      break;
    case 'number':
    case 'string':
    case 'field':
    case 'size':
      break;
    default:
      expression satisfies never;
  }
}

/** Fields whose values have names, by their own names. The first list of a field counts. */
export function fieldLabels(
  format: KernelEventFormat,
  context: PrintContext,
): ReadonlyMap<string, FieldLabels> {
  const labels = new Map<string, FieldLabels>();
  const evaluator = new Evaluator(format, nothing, context);
  const print = printFormatOf(format);
  if (print instanceof PrintFormatError) return labels;
  for (const expression of print.arguments) {
    visit(expression, (call) => {
      const symbols = /^__print_symbolic(?:_u64)?$/.test(call.name);
      if (!symbols && !/^__print_flags(?:_u64)?$/.test(call.name)) return;
      const [value, ...rest] = call.arguments;
      const name = namedField(value, !symbols);
      if (name === undefined || labels.has(name)) return;
      const [delimiter] = rest;
      labels.set(name, {
        kind: symbols ? 'symbols' : 'flags',
        delimiter: !symbols && delimiter?.kind === 'string' ? delimiter.text : '',
        entries: evaluator.pairs(symbols ? rest : rest.slice(1)),
      });
    });
  }
  return labels;
}

/** Names that the print formats of events use as values: {@link btfConstants} knows those of enumerations. */
export function usedConstants(formats: Iterable<KernelEventFormat>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const format of formats) {
    const print = printFormatOf(format);
    if (print instanceof PrintFormatError) continue;
    for (const expression of print.arguments) {
      visit(expression, undefined, (name) => names.add(name));
    }
  }
  return names;
}
