/** Runs programs node by node: the oracle of the generated code, and the way where code may not be made from text. */
import { globMatches } from './globs.ts';
import {
  add,
  bitAnd,
  bitOr,
  bitXor,
  divide,
  floatOf,
  integerOf,
  invert,
  multiply,
  negate,
  remainder,
  shiftLeft,
  shiftRight,
  subtract,
  type Integer,
} from './integers.ts';
import type {
  ArithmeticOperator,
  BitOperator,
  Comparison,
  Program,
  ProgramNode,
  ValueType,
} from './program.ts';

/** Reads a field; undefined when the event has it not (an index beyond the end, an option not taken). */
export type FieldReader<Arguments extends readonly unknown[]> = (...at: Arguments) => unknown;

type Value = Integer | string;

/** The integer operators, by their signs; undefined is no value. */
export const integerArithmetic: Readonly<
  Record<ArithmeticOperator, (left: Integer, right: Integer) => Integer | undefined>
> = { '*': multiply, '/': divide, '%': remainder, '+': add, '-': subtract };

export const bitArithmetic: Readonly<
  Record<BitOperator, (left: Integer, right: Integer) => Integer | undefined>
> = { '<<': shiftLeft, '>>': shiftRight, '&': bitAnd, '^': bitXor, '|': bitOr };

const floatArithmetic: Readonly<Record<ArithmeticOperator, (left: number, right: number) => number>> = {
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
};

const comparisons: Readonly<Record<Comparison, (left: Value, right: Value) => boolean>> = {
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '<=': (left, right) => left <= right,
  '>=': (left, right) => left >= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
};

/** A field's value as what the program takes it for; undefined when it is none of that. */
function valueAs(type: ValueType, value: unknown): Value | undefined {
  switch (type) {
    case 'integer':
      return integerOf(value);
    case 'float':
      return floatOf(value);
    case 'string':
      return typeof value === 'string' ? value : undefined;
    default: {
      const never: never = type;
      throw new TypeError(String(never));
    }
  }
}

/** Whether a number is true: any but zero is, what is not a number too, as in C. */
function isTrue(value: Value): boolean {
  return value !== 0;
}

/** The value of a node; undefined when the whole expression is false for want of a value. */
function evaluate(node: ProgramNode, read: (slot: number) => Value | undefined): Value | undefined {
  switch (node.kind) {
    case 'integer':
    case 'float':
    case 'text':
      return node.value;
    case 'field':
      return read(node.slot);
    case 'logic': {
      const left = evaluate(node.left, read);
      if (left === undefined) return undefined;
      if (isTrue(left) !== (node.operator === '&&')) return isTrue(left) ? 1 : 0;
      const right = evaluate(node.right, read);
      return right === undefined ? undefined : isTrue(right) ? 1 : 0;
    }
    case 'float-of':
    case 'negate':
    case 'invert':
    case 'not':
    case 'glob': {
      const value = evaluate(node.operand, read);
      return value === undefined ? undefined : evaluateUnary(node, value);
    }
    case 'arithmetic':
    case 'bits':
    case 'compare': {
      const left = evaluate(node.left, read);
      if (left === undefined) return undefined;
      const right = evaluate(node.right, read);
      if (right === undefined) return undefined;
      if (node.kind === 'compare') return comparisons[node.operator](left, right) ? 1 : 0;
      if (node.kind === 'bits') return bitArithmetic[node.operator](left as Integer, right as Integer);
      if (node.type === 'float') return floatArithmetic[node.operator](left as number, right as number);
      return integerArithmetic[node.operator](left as Integer, right as Integer);
    }
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}

type UnaryNode = ProgramNode & { readonly kind: 'float-of' | 'negate' | 'invert' | 'not' | 'glob' };

function evaluateUnary(node: UnaryNode, value: Value): Value {
  switch (node.kind) {
    case 'float-of':
      return Number(value);
    case 'negate':
      return node.type === 'float' ? -(value as number) : negate(value as Integer);
    case 'invert':
      return invert(value as Integer);
    case 'not':
      return isTrue(value) ? 0 : 1;
    case 'glob':
      return globMatches(node.parts, value as string) === node.negated ? 0 : 1;
    default: {
      const never: never = node;
      throw new TypeError(String(never));
    }
  }
}

/** A predicate that runs the program as it is. `readers` are those of its slots. */
export function plainPredicate<Arguments extends readonly unknown[]>(
  { root, slots }: Program,
  readers: readonly FieldReader<Arguments>[],
): (...at: Arguments) => boolean {
  return (...at) => {
    const value = evaluate(root, (slot) => valueAs(slots[slot]!.type, readers[slot]!(...at)));
    return value !== undefined && isTrue(value);
  };
}
