/** Expressions whose types are known: what evaluators and generators of code work on. */
import { SpoorError } from '@spoor/base';
import type { Expression, Reference } from './expression.ts';
import { globMatches, type GlobParts } from './globs.ts';
import { signed64, type Integer } from './integers.ts';
import { printReference } from './print.ts';

/** What the values of a field are compared and computed as. */
export type ValueType = 'integer' | 'float' | 'string';

/**
 * What a reference leads to: a value of a type, or of one that changes from event to event (a variant). Enumerations are
 * integers, and their labels where they are compared with a text.
 */
export type FieldType = ValueType | 'enumeration' | 'varying';

/** Says what a reference leads to in one class of events; undefined when to nothing that has a value. */
export type Resolve = (reference: Reference) => FieldType | undefined;

/** A field that a program reads, and as what. Values of other types make the whole expression false. */
export interface Slot {
  readonly reference: Reference;
  readonly type: ValueType;
}

export type ArithmeticOperator = '*' | '/' | '%' | '+' | '-';
export type BitOperator = '<<' | '>>' | '&' | '^' | '|';
export type Comparison = '<' | '>' | '<=' | '>=' | '==' | '!=';

/** A node of a program. `type` is that of its value; truth is the integer 1 or 0. */
export type ProgramNode =
  | { readonly kind: 'integer'; readonly type: 'integer'; readonly value: Integer }
  | { readonly kind: 'float'; readonly type: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly type: 'string'; readonly value: string }
  | { readonly kind: 'field'; readonly type: ValueType; readonly slot: number }
  /** An integer as a float. */
  | { readonly kind: 'float-of'; readonly type: 'float'; readonly operand: ProgramNode }
  | { readonly kind: 'negate'; readonly type: 'integer' | 'float'; readonly operand: ProgramNode }
  | { readonly kind: 'invert'; readonly type: 'integer'; readonly operand: ProgramNode }
  | { readonly kind: 'not'; readonly type: 'integer'; readonly operand: ProgramNode }
  | {
      readonly kind: 'arithmetic';
      readonly type: 'integer' | 'float';
      readonly operator: ArithmeticOperator;
      readonly left: ProgramNode;
      readonly right: ProgramNode;
    }
  | {
      readonly kind: 'bits';
      readonly type: 'integer';
      readonly operator: BitOperator;
      readonly left: ProgramNode;
      readonly right: ProgramNode;
    }
  /** Both sides have one type. */
  | {
      readonly kind: 'compare';
      readonly type: 'integer';
      readonly operator: Comparison;
      readonly left: ProgramNode;
      readonly right: ProgramNode;
    }
  | {
      readonly kind: 'glob';
      readonly type: 'integer';
      readonly negated: boolean;
      readonly operand: ProgramNode;
      readonly parts: GlobParts;
    }
  | {
      readonly kind: 'logic';
      readonly type: 'integer';
      readonly operator: '&&' | '||';
      readonly left: ProgramNode;
      readonly right: ProgramNode;
    };

/** A program: true of an event when its root is not zero, and false when anything that it needs is not there. */
export interface Program {
  readonly root: ProgramNode;
  readonly slots: readonly Slot[];
}

/** An operand that got no node yet: its type is settled by what it is used for. */
type Operand =
  | ProgramNode
  | { readonly kind: 'varying'; readonly reference: Reference }
  | { readonly kind: 'enumeration'; readonly reference: Reference }
  | { readonly kind: 'pattern'; readonly parts: GlobParts };

function typeError(at: number, message: string, hint?: string): SpoorError {
  return new SpoorError('filter/type', message, { where: `filter, column ${at + 1}`, hint });
}

class Typer {
  readonly slots: Slot[] = [];
  private readonly slotOf = new Map<string, number>();
  private readonly resolve: Resolve;
  /** Whether fields of varying type are taken for integers where one type is needed. */
  private readonly lenient: boolean;

  constructor(resolve: Resolve, lenient = false) {
    this.resolve = resolve;
    this.lenient = lenient;
  }

  private field(reference: Reference, type: ValueType): ProgramNode {
    const key = JSON.stringify([reference.scope, reference.steps, type]);
    let slot = this.slotOf.get(key);
    if (slot === undefined) {
      slot = this.slots.length;
      this.slots.push({ reference, type });
      this.slotOf.set(key, slot);
    }
    return { kind: 'field', type, slot };
  }

  /** A node whose value is a number. */
  number(expression: Expression, use: string): ProgramNode {
    const operand = this.operand(expression);
    if (operand.kind === 'varying' || operand.kind === 'enumeration') {
      return this.field(operand.reference, 'integer');
    }
    if (operand.kind === 'pattern' || operand.type === 'string') {
      throw typeError(expression.at, `a text cannot be ${use}`, 'texts are compared with == and !=');
    }
    return operand;
  }

  private integer(expression: Expression, operator: string): ProgramNode {
    const operand = this.operand(expression);
    if (operand.kind === 'enumeration') return this.field(operand.reference, 'integer');
    if (operand.kind === 'varying') {
      if (this.lenient) return this.field(operand.reference, 'integer');
      throw typeError(
        expression.at,
        `the type of ${printReference(operand.reference)} changes from event to event, so \`${operator}\` cannot take it`,
        'it can be compared',
      );
    }
    if (operand.kind === 'pattern' || operand.type !== 'integer') {
      const what = operand.kind === 'pattern' || operand.type === 'string' ? 'a text' : 'a float';
      throw typeError(expression.at, `\`${operator}\` takes integers, not ${what}`);
    }
    return operand;
  }

  private operand(expression: Expression): Operand {
    switch (expression.kind) {
      case 'integer':
        return { kind: 'integer', type: 'integer', value: signed64(expression.value) };
      case 'float':
        return { kind: 'float', type: 'float', value: expression.value };
      case 'string':
        if (expression.parts.length > 1) return { kind: 'pattern', parts: expression.parts };
        return { kind: 'text', type: 'string', value: expression.parts[0]! };
      case 'reference': {
        const { reference } = expression;
        const type = this.resolve(reference);
        if (type === undefined) {
          throw new SpoorError('filter/no-field', `there is no ${printReference(reference)}`, {
            where: `filter, column ${expression.at + 1}`,
          });
        }
        if (type === 'varying' || type === 'enumeration') return { kind: type, reference };
        return this.field(reference, type);
      }
      case 'unary':
        return this.unary(expression);
      case 'binary':
        return this.binary(expression);
      default: {
        const never: never = expression;
        throw new TypeError(String(never));
      }
    }
  }

  private unary(expression: Expression & { readonly kind: 'unary' }): ProgramNode {
    const { operator } = expression;
    switch (operator) {
      case '!':
        return { kind: 'not', type: 'integer', operand: this.number(expression.operand, 'true or false') };
      case '~':
        return { kind: 'invert', type: 'integer', operand: this.integer(expression.operand, '~') };
      case '+':
      case '-': {
        const operand = this.arithmeticOperand(expression.operand, operator);
        if (operator === '+') return operand;
        return { kind: 'negate', type: operand.type === 'float' ? 'float' : 'integer', operand };
      }
      default: {
        const never: never = operator;
        throw new TypeError(String(never));
      }
    }
  }

  private arithmeticOperand(expression: Expression, operator: string): ProgramNode {
    const operand = this.operand(expression);
    // One type must hold for all events, else a quotient would be that of integers here, of floats there.
    if (operand.kind === 'varying') return this.integer(expression, operator);
    return this.number(expression, `an operand of \`${operator}\``);
  }

  private binary(expression: Expression & { readonly kind: 'binary' }): ProgramNode {
    const { operator } = expression;
    switch (operator) {
      case '&&':
      case '||': {
        const left = this.number(expression.left, 'true or false');
        const right = this.number(expression.right, 'true or false');
        return { kind: 'logic', type: 'integer', operator, left, right };
      }
      case '<<':
      case '>>':
      case '&':
      case '^':
      case '|': {
        const left = this.integer(expression.left, operator);
        const right = this.integer(expression.right, operator);
        return { kind: 'bits', type: 'integer', operator, left, right };
      }
      case '*':
      case '/':
      case '%':
      case '+':
      case '-': {
        const left = this.arithmeticOperand(expression.left, operator);
        const right = this.arithmeticOperand(expression.right, operator);
        if (left.type === 'integer' && right.type === 'integer') {
          return { kind: 'arithmetic', type: 'integer', operator, left, right };
        }
        return { kind: 'arithmetic', type: 'float', operator, left: floated(left), right: floated(right) };
      }
      case '<':
      case '>':
      case '<=':
      case '>=':
      case '==':
      case '!=':
        return this.comparison(operator, expression);
      default: {
        const never: never = operator;
        throw new TypeError(String(never));
      }
    }
  }

  private comparison(
    operator: Comparison,
    { at, ...sides }: Expression & { readonly kind: 'binary' },
  ): ProgramNode {
    let left = this.operand(sides.left);
    let right = this.operand(sides.right);
    if (left.kind === 'varying' && right.kind === 'varying') {
      if (this.lenient) return this.field(left.reference, 'integer');
      throw typeError(
        at,
        `the types of ${printReference(left.reference)} and ${printReference(right.reference)} change from event to event`,
        'each can be compared with a constant',
      );
    }
    if (left.kind === 'varying') left = this.field(left.reference, typeOf(right));
    if (right.kind === 'varying') right = this.field(right.reference, typeOf(left));
    const isWithText = typeOf(left) === 'string' || typeOf(right) === 'string';
    const settled = isWithText ? 'string' : 'integer';
    if (left.kind === 'enumeration') left = this.field(left.reference, settled);
    if (right.kind === 'enumeration') right = this.field(right.reference, settled);
    const texts = Number(typeOf(left) === 'string') + Number(typeOf(right) === 'string');
    if (texts === 1) {
      const number = typeOf(left) === 'string' ? sides.right : sides.left;
      const quotes = number.kind === 'integer' ? `texts are in quotes: "${number.value}"` : undefined;
      throw typeError(at, `\`${operator}\` has a text on one side and a number on the other`, quotes);
    }
    if (texts === 2 && operator !== '==' && operator !== '!=') {
      throw typeError(at, `\`${operator}\` cannot compare texts`, 'texts are compared with == and !=');
    }
    if (left.kind === 'pattern' && right.kind === 'pattern') {
      throw typeError(at, 'two patterns cannot be compared', 'a star itself is written `\\*`');
    }
    const negated = operator === '!=';
    if (left.kind === 'pattern') return globNode(right as ProgramNode, left.parts, negated);
    if (right.kind === 'pattern') return globNode(left, right.parts, negated);
    if (left.type !== right.type) {
      left = floated(left);
      right = floated(right);
    }
    return { kind: 'compare', type: 'integer', operator, left, right };
  }
}

function typeOf(operand: Operand): ValueType {
  if (operand.kind === 'pattern' || operand.kind === 'varying') return 'string';
  if (operand.kind === 'enumeration') return 'integer';
  return operand.type;
}

function floated(operand: ProgramNode): ProgramNode {
  return operand.type === 'float' ? operand : { kind: 'float-of', type: 'float', operand };
}

function globNode(operand: ProgramNode, parts: GlobParts, negated: boolean): ProgramNode {
  if (operand.kind === 'text') {
    const value = globMatches(parts, operand.value) === negated ? 0 : 1;
    return { kind: 'integer', type: 'integer', value };
  }
  return { kind: 'glob', type: 'integer', negated, operand, parts };
}

/**
 * Gives types to an expression, for one class of events.
 * @throws SpoorError `filter/no-field` when it refers to a field that the class lacks, `filter/type` when an operator
 * cannot take an operand.
 */
export function makeProgram(expression: Expression, resolve: Resolve): Program {
  const typer = new Typer(resolve);
  const root = typer.number(expression, 'the whole of a filter');
  return { root, slots: typer.slots };
}

/**
 * Checks what is wrong whatever the fields are, such as a text that is added to.
 * @throws SpoorError `filter/type`.
 */
export function checkFilter(expression: Expression): void {
  // Integers are taken wherever anything but a text is, and by comparisons a field becomes what it is compared with.
  new Typer(() => 'varying', true).number(expression, 'the whole of a filter');
}
