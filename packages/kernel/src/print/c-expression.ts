/** C expressions of print formats as trees. */
import { PrintFormatError, tokenize, type Token } from './c-tokens.ts';

/** Operators of two operands. */
export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | '+'
  | '-'
  | '<<'
  | '>>'
  | '<'
  | '>'
  | '<='
  | '>='
  | '=='
  | '!='
  | '&'
  | '^'
  | '|'
  | '&&'
  | '||';

/** One expression. */
export type Expression =
  | { readonly kind: 'number'; readonly value: bigint; readonly bits: 32 | 64; readonly signed: boolean }
  | { readonly kind: 'string'; readonly text: string }
  /** `REC->name` */
  | { readonly kind: 'field'; readonly name: string }
  /** A name that stands for something in the kernel's sources: its value is not known. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | {
      readonly kind: 'unary';
      readonly operator: '-' | '+' | '!' | '~' | '*' | '&';
      readonly operand: Expression;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'conditional';
      readonly test: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    }
  | { readonly kind: 'cast'; readonly type: string; readonly operand: Expression }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression }
  /** `{ 1, "ONE" }` */
  | { readonly kind: 'group'; readonly items: readonly Expression[] }
  | { readonly kind: 'size'; readonly type: string };

const precedence: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const isBinary = (text: string): text is BinaryOperator => Object.hasOwn(precedence, text);

const typeWords = new Set([
  'unsigned',
  'signed',
  'long',
  'short',
  'int',
  'char',
  'void',
  'bool',
  'const',
  'volatile',
  'struct',
  'enum',
  'union',
  'u8',
  'u16',
  'u32',
  'u64',
  's8',
  's16',
  's32',
  's64',
  '__u8',
  '__u16',
  '__u32',
  '__u64',
  '__s8',
  '__s16',
  '__s32',
  '__s64',
]);

/** Nothing in a kernel is nested so deeply; what is would use up the stack. */
const deepest = 200;

class ExpressionParser {
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.at >= this.tokens.length;
  }

  private isSign(text: string, ahead = 0): boolean {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'sign' && token.text === text;
  }

  private nameAt(ahead: number): string | undefined {
    const token = this.tokens[this.at + ahead];
    return token?.kind === 'name' ? token.text : undefined;
  }

  private fail(): never {
    const token = this.tokens[this.at];
    const text =
      token === undefined ? 'the end' : JSON.stringify('text' in token ? token.text : String(token.value));
    throw new PrintFormatError(`did not expect ${text}`, `token ${this.at + 1}`);
  }

  private take(text: string): boolean {
    if (!this.isSign(text)) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.take(text)) this.fail();
  }

  /** Expressions between commas, up to a sign that ends them, or the end. */
  list(end: string | undefined): Expression[] {
    const items: Expression[] = [];
    if (end !== undefined && this.take(end)) return items;
    for (;;) {
      items.push(this.conditional());
      if (end === undefined ? this.isAtEnd : this.take(end)) return items;
      this.expect(',');
      // A list may end in a comma.
      if (end !== undefined && this.take(end)) return items;
    }
  }

  private conditional(): Expression {
    this.depth += 1;
    if (this.depth > deepest) throw new PrintFormatError('it is nested too deeply');
    const test = this.binary(1);
    let result = test;
    if (this.take('?')) {
      const whenTrue = this.conditional();
      this.expect(':');
      result = { kind: 'conditional', test, whenTrue, whenFalse: this.conditional() };
    }
    this.depth -= 1;
    return result;
  }

  private binary(least: number): Expression {
    let left = this.unary();
    for (;;) {
      const token = this.tokens[this.at];
      if (token?.kind !== 'sign' || !isBinary(token.text) || precedence[token.text]! < least) return left;
      this.at += 1;
      left = { kind: 'binary', operator: token.text, left, right: this.binary(precedence[token.text]! + 1) };
    }
  }

  private unary(): Expression {
    this.depth += 1;
    if (this.depth > deepest) throw new PrintFormatError('it is nested too deeply');
    const result = this.unaryInner();
    this.depth -= 1;
    return result;
  }

  private unaryInner(): Expression {
    for (const operator of ['-', '+', '!', '~', '*', '&'] as const) {
      if (this.take(operator)) return { kind: 'unary', operator, operand: this.unary() };
    }
    if (this.nameAt(0) === 'sizeof' && this.isSign('(', 1)) {
      this.at += 2;
      const type = this.typeName(')') ?? this.fail();
      this.expect(')');
      return { kind: 'size', type };
    }
    if (this.isSign('(')) {
      const start = this.at;
      this.at += 1;
      const type = this.typeName(')');
      if (type !== undefined) {
        this.expect(')');
        return { kind: 'cast', type, operand: this.unary() };
      }
      this.at = start;
    }
    return this.postfix();
  }

  /** The name of a type that ends before `end`; undefined, and nothing is taken, where something else stands. */
  private typeName(end: string): string | undefined {
    const words: string[] = [];
    let ahead = 0;
    for (let word = this.nameAt(ahead); word !== undefined; word = this.nameAt(++ahead)) words.push(word);
    let stars = 0;
    for (; this.isSign('*', ahead) || this.nameAt(ahead) === 'const'; ahead++)
      stars += this.isSign('*', ahead) ? 1 : 0;
    if (words.length === 0 || !this.isSign(end, ahead)) return undefined;
    const first = words[0]!;
    // A single name that is no word of C is a type where an operand follows: `(pid_t) REC->pid`, not `(pid) & 3`.
    const next = this.tokens[this.at + ahead + 1];
    const isOperand =
      next !== undefined &&
      (next.kind !== 'sign' || next.text === '(' || next.text === '~' || next.text === '!');
    if (!words.some((word) => typeWords.has(word)) && stars === 0 && (first === 'REC' || !isOperand))
      return undefined;
    this.at += ahead;
    return `${words.join(' ')}${stars === 0 ? '' : ` ${'*'.repeat(stars)}`}`;
  }

  private postfix(): Expression {
    let result = this.primary();
    for (;;) {
      if (this.take('[')) {
        const index = this.conditional();
        this.expect(']');
        result = { kind: 'index', of: result, index };
      } else if (this.isSign('.') || this.isSign('->')) {
        throw new PrintFormatError('members of structures are not known');
      } else return result;
    }
  }

  private primary(): Expression {
    const token = this.tokens[this.at];
    if (token === undefined) return this.fail();
    if (token.kind === 'number' || token.kind === 'string') {
      this.at += 1;
      return token;
    }
    if (this.isRecord()) {
      const name = this.nameAt(0) ?? this.fail();
      this.at += 1;
      return { kind: 'field', name };
    }
    if (token.kind === 'name') {
      this.at += 1;
      if (this.take('(')) return { kind: 'call', name: token.text, arguments: this.list(')') };
      return { kind: 'name', name: token.text };
    }
    if (this.take('(')) {
      if (this.isSign('{')) throw new PrintFormatError('it holds statements');
      const inner = this.conditional();
      this.expect(')');
      return inner;
    }
    if (this.take('{')) return { kind: 'group', items: this.list('}') };
    return this.fail();
  }

  /** Whether `REC->` or `(REC)->` stands here; it is taken then. */
  private isRecord(): boolean {
    if (this.nameAt(0) === 'REC' && this.isSign('->', 1)) {
      this.at += 2;
      return true;
    }
    if (this.isSign('(') && this.nameAt(1) === 'REC' && this.isSign(')', 2) && this.isSign('->', 3)) {
      this.at += 4;
      return true;
    }
    return false;
  }
}

/** Parses expressions with commas between them. @throws PrintFormatError */
export function parseExpressions(text: string): Expression[] {
  const tokens = tokenize(text);
  return tokens.length === 0 ? [] : new ExpressionParser(tokens).list(undefined);
}
