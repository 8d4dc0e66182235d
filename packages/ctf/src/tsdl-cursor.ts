/** A position in a list of TSDL tokens, with the questions and complaints that all parts of the parser share. */
import { SpoorError } from '@spoor/base';
import { placeOf } from './text-place.ts';
import { keywordCount, tokenKind, type TokenList } from './tsdl-lexer.ts';
import { integerValue, stringValue } from './tsdl-literals.ts';

/** Character codes of the one-character tokens. */
export const sign = {
  openParenthesis: 0x28,
  closeParenthesis: 0x29,
  star: 0x2a,
  plus: 0x2b,
  comma: 0x2c,
  minus: 0x2d,
  dot: 0x2e,
  colon: 0x3a,
  semicolon: 0x3b,
  less: 0x3c,
  equals: 0x3d,
  greater: 0x3e,
  openBracket: 0x5b,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

const largest64 = 0xffff_ffff_ffff_ffffn;

export class TokenCursor {
  readonly tokens: TokenList;
  /** Index of the next token. */
  position = 0;

  constructor(tokens: TokenList) {
    this.tokens = tokens;
  }

  /** Kind of the next token. */
  get kind(): number {
    return this.tokens.kinds[this.position]!;
  }

  kindAt(position: number): number {
    return position < this.tokens.count ? this.tokens.kinds[position]! : tokenKind.end;
  }

  /** Number of the next token's word, or -1 if it is none. */
  get word(): number {
    return this.kind === tokenKind.word ? this.tokens.values[this.position]! : -1;
  }

  wordAt(position: number): number {
    return this.kindAt(position) === tokenKind.word ? this.tokens.values[position]! : -1;
  }

  /** Whether the next token is a word that the language does not reserve. */
  get atName(): boolean {
    return this.word >= keywordCount;
  }

  /** Steps over the next token if it is of this kind. */
  accept(kind: number): boolean {
    if (this.kind !== kind) return false;
    this.position += 1;
    return true;
  }

  acceptWord(number: number): boolean {
    if (this.word !== number) return false;
    this.position += 1;
    return true;
  }

  /** Steps over a token that must be of this kind; `expected` says for the message what belongs here. */
  expect(kind: number, expected: string): void {
    if (this.kind !== kind) this.failExpecting(expected);
    this.position += 1;
  }

  /** Reads a word that is not reserved. */
  name(what: string): string {
    const number = this.word;
    if (number < keywordCount) this.failExpecting(what);
    this.position += 1;
    return this.tokens.words[number]!;
  }

  /** Reads any word. */
  anyWord(what: string): string {
    const number = this.word;
    if (number < 0) this.failExpecting(what);
    this.position += 1;
    return this.tokens.words[number]!;
  }

  /** Reads words joined by dots, as `event.header`. */
  dottedWords(what: string): string {
    let text = this.anyWord(what);
    while (this.accept(sign.dot)) text += `.${this.anyWord('a name after `.`')}`;
    return text;
  }

  /** Reads a string literal or bare dotted words, which mean the same as the value of an attribute. */
  text(what: string): string {
    if (this.kind !== tokenKind.string) return this.dottedWords(what);
    this.position += 1;
    return stringValue(this.tokens, this.position - 1);
  }

  /** Reads an integer without a sign of at most 64 bits. */
  unsigned(what: string): bigint {
    if (this.kind !== tokenKind.integer) this.failExpecting(what);
    const value = integerValue(this.tokens, this.position);
    if (value > largest64) this.fail(`${what} must fit 64 bits`);
    this.position += 1;
    return value;
  }

  /** Reads an integer without a sign that must not exceed `limit`. */
  unsignedNumber(what: string, limit: number): number {
    const small = this.kind === tokenKind.integer ? this.tokens.values[this.position]! : -1;
    if (small >= 0 && small <= limit) {
      this.position += 1;
      return small;
    }
    const start = this.position;
    const value = this.unsigned(what);
    if (value > BigInt(limit)) this.failAt(start, `${what} must not exceed ${limit}`);
    return Number(value);
  }

  /** Reads an integer with an optional sign, of at most 64 bits. */
  signed(what: string): bigint {
    const start = this.position;
    const negative = this.accept(sign.minus);
    if (!negative) this.accept(sign.plus);
    const value = this.unsigned(what);
    if (negative && value > 1n << 63n) this.failAt(start, `${what} must fit 64 bits`);
    return negative ? -value : value;
  }

  /** Whether an integer, signed or not, comes next. */
  get atInteger(): boolean {
    return this.kind === tokenKind.integer || this.kind === sign.minus || this.kind === sign.plus;
  }

  /** Ends an attribute or a declaration. */
  semicolon(): void {
    this.expect(sign.semicolon, '`;`');
  }

  /** Position after the brace that closes the one at `position`. */
  skipBraces(position: number): number {
    const { kinds, count } = this.tokens;
    let depth = 0;
    for (let at = position; at < count; at += 1) {
      const kind = kinds[at];
      if (kind === sign.openBrace) depth += 1;
      else if (kind === sign.closeBrace) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    return this.failAt(position, 'this `{` has no matching `}`');
  }

  /** `FILE:LINE:COLUMN` of a token. */
  place(position: number): string {
    const { tokens } = this;
    return placeOf(tokens.fileName, tokens.text, tokens.starts[Math.min(position, tokens.count - 1)]!);
  }

  /** Complains that something else stands here than what belongs here. */
  failExpecting(expected: string): never {
    const { tokens, position } = this;
    const found =
      this.kind === tokenKind.end
        ? 'the metadata ends'
        : `found \`${clipped(tokens.text.slice(tokens.starts[position], tokens.ends[position]))}\``;
    return this.fail(`expected ${expected}, but ${found}`);
  }

  /** Complains about the next token. */
  fail(message: string): never {
    return this.failAt(this.position, message);
  }

  failAt(position: number, message: string): never {
    throw new SpoorError('ctf/metadata-syntax', message, { where: this.place(position) });
  }

  /** Complains about what the words mean rather than how they are put. */
  failMeaning(position: number, message: string): never {
    throw new SpoorError('ctf/metadata-invalid', message, { where: this.place(position) });
  }
}

function clipped(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}…`;
}
