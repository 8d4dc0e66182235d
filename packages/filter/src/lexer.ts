/** Words of expressions, as LTTng's lexer splits them. */
import { SpoorError } from '@spoor/base';
import type { GlobParts } from './globs.ts';

/** Signs that stand for themselves, the longest first. */
const longSigns = ['<<', '>>', '<=', '>=', '==', '!=', '&&', '||'] as const;
const shortSigns = [
  '<',
  '>',
  '!',
  '~',
  '&',
  '|',
  '^',
  '+',
  '-',
  '*',
  '/',
  '%',
  '(',
  ')',
  '[',
  ']',
  '.',
  '$',
] as const;
export type Sign = (typeof longSigns)[number] | (typeof shortSigns)[number];
const signs: readonly Sign[] = [...longSigns, ...shortSigns];

/** A word, with the index of its first character. */
export type Token =
  | { readonly kind: 'end'; readonly at: number }
  | { readonly kind: 'sign'; readonly at: number; readonly sign: Sign }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'integer'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'float'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly parts: GlobParts };

/** Characters of one expression at most; LTTng's compiled filters have no more bytes either. */
const mostCharacters = 65_536;

/** Signs of other languages, and what is written here. */
const foreignSigns: Readonly<Record<string, string>> = {
  '===': '`==` compares',
  '!==': '`!=` compares',
  '<>': '`!=` is true of what differs',
  '->': 'a dot takes a member: `a.b`',
  '=~': '`==` compares, with `*` for any text: `name == "a*"`',
  '=': '`==` compares',
  '**': 'there is no power; `*` multiplies',
};
const foreignPattern = /===|!==|<>|->|=~|=(?!=)|\*\*/y;

/** An error at a place of an expression. */
export function syntaxError(at: number, message: string, hint?: string): SpoorError {
  return new SpoorError('filter/syntax', message, { where: `filter, column ${at + 1}`, hint });
}

const spaceOrComment = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)*/y;
const namePattern = /[A-Za-z_][A-Za-z0-9_:]*/y;
const floatPattern =
  /(?:0[xX](?:[0-9a-fA-F]+\.[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|0[xX][0-9a-fA-F]+[pP][+-]?\d+|\d+[eE][+-]?\d+|(?:\d*\.\d+|\d+\.)(?:[eE][+-]?\d+)?)[fFlL]?/y;
const integerPattern = /(?:0[xX][0-9a-fA-F]+|\d+)(?:[uU](?:ll?|LL?)?|(?:ll?|LL?)[uU]?)?/y;
const escapePattern =
  /\\(?:(?<octal>[0-7]{1,3})|x(?<hex>[0-9a-fA-F]{1,6})|u(?<four>[0-9a-fA-F]{4})|U(?<eight>[0-9a-fA-F]{8})|(?<one>[^]))/y;
const plainEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '"': '"',
  "'": "'",
  '?': '?',
  '\\': '\\',
  '*': '*',
};

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** Hands out the words of a text one by one. */
export class Lexer {
  readonly text: string;
  /** The word that is next. */
  token: Token;
  private at = 0;

  /** @throws SpoorError `filter/syntax`, here and in `take`. */
  constructor(text: string) {
    this.text = text;
    if (text.length > mostCharacters) {
      throw syntaxError(mostCharacters, `the expression has more than ${mostCharacters} characters`);
    }
    this.token = this.read();
  }

  /** Takes the word that is next and moves on. */
  take(): Token {
    const { token } = this;
    this.token = this.read();
    return token;
  }

  private read(): Token {
    const { text } = this;
    this.at += matchAt(spaceOrComment, text, this.at)![0].length;
    const { at } = this;
    if (at >= text.length) return { kind: 'end', at };
    if (text.startsWith('/*', at)) throw syntaxError(at, 'the comment has no end', 'it ends with `*/`');
    const float = matchAt(floatPattern, text, at);
    if (float !== null) return this.number(float[0], { kind: 'float', at, value: floatValue(at, float[0]) });
    const integer = matchAt(integerPattern, text, at);
    if (integer !== null) {
      return this.number(integer[0], { kind: 'integer', at, value: integerValue(at, integer[0]) });
    }
    const string = /L?(["'])/y;
    const open = matchAt(string, text, at);
    if (open !== null) {
      this.at += open[0].length;
      return { kind: 'string', at, parts: this.string(at, open[1]!) };
    }
    const name = matchAt(namePattern, text, at);
    if (name !== null) {
      this.at += name[0].length;
      return { kind: 'name', at, name: name[0] };
    }
    const foreign = matchAt(foreignPattern, text, at);
    if (foreign !== null) {
      throw syntaxError(at, `\`${foreign[0]}\` is no operator here`, foreignSigns[foreign[0]]);
    }
    const sign = signs.find((candidate) => text.startsWith(candidate, at));
    if (sign === undefined) {
      const [char] = text.slice(at);
      throw syntaxError(at, `${JSON.stringify(char)} is nothing that an expression is made of`);
    }
    this.at += sign.length;
    return { kind: 'sign', at, sign };
  }

  /** A number ends where no letter or digit follows. */
  private number(written: string, token: Token): Token {
    this.at += written.length;
    if (matchAt(/\w/y, this.text, this.at) !== null) {
      const whole = /^[\w.]+/.exec(this.text.slice(token.at))![0];
      throw syntaxError(token.at, `\`${whole}\` is no number`, 'hexadecimal is 0x1f, octal 017, float 1.5e3');
    }
    return token;
  }

  private string(start: number, quote: string): GlobParts {
    const { text } = this;
    const parts: string[] = [];
    let part = '';
    for (;;) {
      const char = text[this.at];
      if (char === undefined) throw syntaxError(start, 'the string has no end', `it ends with \`${quote}\``);
      if (char === quote) break;
      if (char === '\\') {
        part += this.escape();
        continue;
      }
      this.at += 1;
      if (char === '*') {
        parts.push(part);
        part = '';
      } else {
        part += char;
      }
    }
    this.at += 1;
    parts.push(part);
    return parts;
  }

  private escape(): string {
    const { at } = this;
    const found = matchAt(escapePattern, this.text, at);
    if (found === null) throw syntaxError(at, 'the string ends within an escape');
    this.at += found[0].length;
    const { octal, hex, four, eight, one } = found.groups as Readonly<Record<string, string | undefined>>;
    if (one !== undefined) {
      const plain = Object.hasOwn(plainEscapes, one) ? plainEscapes[one] : undefined;
      if (plain !== undefined) return plain;
      throw syntaxError(at, `\`\\${one}\` is no escape`, 'a backslash is written `\\\\`, a star `\\*`');
    }
    const code = octal === undefined ? parseInt(hex ?? four ?? eight ?? '', 16) : parseInt(octal, 8);
    if (code > 0x10ffff) throw syntaxError(at, `\`${found[0]}\` is no character: the last is \\U0010ffff`);
    return String.fromCodePoint(code);
  }
}

function integerValue(at: number, written: string): bigint {
  const digits = written.replace(/[uUlL]+$/, '');
  let value: bigint;
  if (/^0[0-9]/.test(digits)) {
    if (/[89]/.test(digits)) {
      throw syntaxError(at, `\`${digits}\` is no octal number`, 'a decimal number does not begin with 0');
    }
    value = BigInt(`0o${digits}`);
  } else {
    value = BigInt(digits);
  }
  if (value >= 1n << 64n) throw syntaxError(at, `\`${digits}\` does not fit in 64 bits`);
  return value;
}

function floatValue(at: number, written: string): number {
  let value: number;
  if (/^0[xX]/.test(written)) {
    const [, whole = '', fraction = '', exponent = '0'] =
      /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?\d+))?/.exec(written)!;
    value = parseInt(`${whole}${fraction}`, 16) * 2 ** (Number(exponent) - 4 * fraction.length);
  } else {
    value = Number(written.replace(/[fFlL]$/, ''));
  }
  if (!Number.isFinite(value)) throw syntaxError(at, `\`${written}\` is too great for a float`);
  return value;
}
