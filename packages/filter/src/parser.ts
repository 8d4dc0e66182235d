/**
 * Reads expressions: LTTng's grammar (lttng-event-rule(7), "Event payload and context filter condition"), with the
 * arithmetic operators that its parser has but its tracers refuse.
 */
import { closestName } from '@spoor/base';
import {
  binaryLevels,
  unaryOperators,
  type BinaryOperator,
  type Expression,
  type Reference,
  type UnaryOperator,
} from './expression.ts';
import { Lexer, syntaxError, type Sign, type Token } from './lexer.ts';
import { printString } from './print.ts';

/** Operators and parentheses of one expression at most, so that no tree is too deep to walk. */
const mostOperators = 1000;
/** Parentheses in each other at most: each is a dozen calls of this parser, one a level of operators. */
const mostNesting = 100;

/** Words of other languages, and what is written here. */
const foreignWords: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  not: '!',
  eq: '==',
  ne: '!=',
  is: '==',
  like: '==',
  lt: '<',
  gt: '>',
  le: '<=',
  ge: '>=',
  mod: '%',
  xor: '^',
};

function describe(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end';
    case 'sign':
      return `\`${token.sign}\``;
    case 'name':
      return `\`${token.name}\``;
    case 'integer':
    case 'float':
      return `\`${token.value}\``;
    case 'string':
      return `the string \`${printString(token.parts)}\``;
    default: {
      const never: never = token;
      throw new TypeError(String(never));
    }
  }
}

class Parser {
  private readonly lexer: Lexer;
  private operators = 0;
  private nesting = 0;

  constructor(text: string) {
    this.lexer = new Lexer(text);
  }

  whole(): Expression {
    const tree = this.level(binaryLevels.length - 1);
    const { token } = this.lexer;
    if (token.kind !== 'end') this.refuse('an operator or the end', token);
    return tree;
  }

  private refuse(expected: string, token: Token): never {
    throw syntaxError(
      token.at,
      `expected ${expected}, found ${describe(token)}`,
      this.hintFor(expected, token),
    );
  }

  private hintFor(expected: string, token: Token): string | undefined {
    if (token.kind === 'name') {
      const word = token.name.toLowerCase();
      const sign = Object.hasOwn(foreignWords, word) ? foreignWords[word] : undefined;
      if (sign !== undefined) return `did you mean \`${sign}\`?`;
      if (expected.startsWith('an operator')) return 'texts are written in quotes: `name == "some text"`';
    }
    if (token.kind === 'end' && token.at === 0) return 'for example: size > 4096 && $ctx.procname == "node*"';
    if (expected.startsWith('an operand') && token.kind === 'sign' && token.sign === '*') {
      return 'patterns are written in quotes: `name == "a*"`';
    }
    return undefined;
  }

  private count(at: number): void {
    this.operators += 1;
    if (this.operators > mostOperators) {
      throw syntaxError(at, `the expression has more than ${mostOperators} operators and parentheses`);
    }
  }

  private takeSign(wanted: readonly Sign[]): { readonly sign: Sign; readonly at: number } | undefined {
    const { token } = this.lexer;
    if (token.kind !== 'sign' || !wanted.includes(token.sign)) return undefined;
    this.lexer.take();
    return token;
  }

  /** Operands joined by operators of this level and those that bind tighter. */
  private level(level: number): Expression {
    if (level < 0) return this.unary();
    let left = this.level(level - 1);
    for (;;) {
      const operator = this.takeSign(binaryLevels[level]!);
      if (operator === undefined) return left;
      this.count(operator.at);
      const right = this.level(level - 1);
      left = { kind: 'binary', at: operator.at, operator: operator.sign as BinaryOperator, left, right };
    }
  }

  private unary(): Expression {
    const operator = this.takeSign(unaryOperators);
    if (operator === undefined) return this.operand();
    this.count(operator.at);
    const operand = this.unary();
    return { kind: 'unary', at: operator.at, operator: operator.sign as UnaryOperator, operand };
  }

  private operand(): Expression {
    const { token } = this.lexer;
    switch (token.kind) {
      case 'integer':
      case 'float':
      case 'string':
        this.lexer.take();
        return token;
      case 'name': {
        // `not` is a fine name of a field, unless something follows that no field is followed by.
        this.lexer.take();
        const { token: next } = this.lexer;
        if (Object.hasOwn(foreignWords, token.name) && startsOperand(next)) {
          this.refuse('an operand', token);
        }
        return { kind: 'reference', at: token.at, reference: this.steps('payload', [token.name]) };
      }
      case 'sign':
        if (token.sign === '$') return this.dollar();
        if (token.sign === '(') return this.parentheses();
        return this.refuse('an operand', token);
      case 'end':
        return this.refuse('an operand', token);
      default: {
        const never: never = token;
        throw new TypeError(String(never));
      }
    }
  }

  private parentheses(): Expression {
    const { at } = this.lexer.take();
    this.count(at);
    this.nesting += 1;
    if (this.nesting > mostNesting) {
      throw syntaxError(at, `more than ${mostNesting} parentheses are in each other`);
    }
    const inner = this.level(binaryLevels.length - 1);
    this.nesting -= 1;
    if (this.takeSign([')']) === undefined) {
      const { token } = this.lexer;
      if (token.kind === 'end') {
        throw syntaxError(token.at, 'expected `)`, found the end', `for the \`(\` of column ${at + 1}`);
      }
      this.refuse('an operator or `)`', token);
    }
    return inner;
  }

  /** `$ctx.NAME` or `$app.PROVIDER:NAME`. */
  private dollar(): Expression {
    const { at } = this.lexer.take();
    const kind = this.lexer.take();
    const known = ['ctx', 'app'];
    if (kind.kind !== 'name' || !known.includes(kind.name) || kind.at !== at + 1) {
      const close = kind.kind === 'name' ? closestName(kind.name, known) : undefined;
      throw syntaxError(
        at,
        `expected \`$ctx.\` or \`$app.\`, found \`$\` and ${describe(kind)}`,
        close === undefined ? 'fields of the payload have no `$`' : `did you mean \`$${close}.\`?`,
      );
    }
    if (this.takeSign(['.']) === undefined) this.refuse(`\`.\` after \`$${kind.name}\``, this.lexer.token);
    const { token } = this.lexer;
    if (token.kind !== 'name') this.refuse(`a name after \`$${kind.name}.\``, token);
    this.lexer.take();
    if (kind.name === 'ctx') return { kind: 'reference', at, reference: this.steps('context', [token.name]) };
    if (!/^[^:]+:./.test(token.name)) {
      throw syntaxError(
        token.at,
        `expected a provider and a name, found \`${token.name}\``,
        'for example: $app.shop:customer',
      );
    }
    return { kind: 'reference', at, reference: this.steps('application', [token.name]) };
  }

  private steps(scope: Reference['scope'], steps: (string | number)[]): Reference {
    for (;;) {
      const sign = this.takeSign(['.', '[']);
      if (sign === undefined) return { scope, steps };
      this.count(sign.at);
      const { token } = this.lexer;
      if (sign.sign === '.') {
        if (token.kind !== 'name') this.refuse('a name after `.`', token);
        steps.push(token.name);
      } else {
        if (token.kind !== 'integer') {
          throw syntaxError(
            token.at,
            `expected an index, found ${describe(token)}`,
            'an index is a constant, for example a[2]',
          );
        }
        if (token.value > 0xffff_ffffn) throw syntaxError(token.at, `the index ${token.value} is too great`);
        steps.push(Number(token.value));
      }
      this.lexer.take();
      if (sign.sign === '[' && this.takeSign([']']) === undefined) this.refuse('`]`', this.lexer.token);
    }
  }
}

function startsOperand(token: Token): boolean {
  if (token.kind === 'sign') return token.sign === '$' || token.sign === '!';
  return token.kind !== 'end';
}

/**
 * Reads an expression.
 * @throws SpoorError `filter/syntax`, with the column, what was expected and what was found.
 */
export function parseFilter(text: string): Expression {
  return new Parser(text).whole();
}
