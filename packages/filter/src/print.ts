/** Text of expressions: what is printed is read back as the same tree. */
import { levelOf, type Expression, type Reference } from './expression.ts';
import type { GlobParts } from './globs.ts';

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '*': '\\*',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string literal with its quotes. */
export function printString(parts: GlobParts): string {
  const texts = parts.map((part) =>
    // The index of the record is one of its keys by the pattern.
    part.replaceAll(/["\\*\n\r\t]/g, (char) => escapes[char]!),
  );
  return `"${texts.join('*')}"`;
}

/** A reference as it is written. */
export function printReference({ scope, steps }: Reference): string {
  const prefix = scope === 'payload' ? '' : scope === 'context' ? '$ctx.' : '$app.';
  return steps.reduce<string>(
    (text, step, index) =>
      typeof step === 'number' ? `${text}[${step}]` : index === 0 ? `${text}${step}` : `${text}.${step}`,
    prefix,
  );
}

function printFloat(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** An expression with the parentheses that it needs and no more. */
export function printExpression(node: Expression): string {
  switch (node.kind) {
    case 'integer':
      return String(node.value);
    case 'float':
      return printFloat(node.value);
    case 'string':
      return printString(node.parts);
    case 'reference':
      return printReference(node.reference);
    case 'unary': {
      const operand = printExpression(node.operand);
      return `${node.operator}${node.operand.kind === 'binary' ? `(${operand})` : operand}`;
    }
    case 'binary': {
      const level = levelOf(node.operator);
      const part = (child: Expression, deepest: number): string => {
        const text = printExpression(child);
        return child.kind === 'binary' && levelOf(child.operator) > deepest ? `(${text})` : text;
      };
      return `${part(node.left, level)} ${node.operator} ${part(node.right, level - 1)}`;
    }
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}
