/** Tokens of the C expressions in print formats. */
import { SpoorError } from '@spoor/base';

/** One token. */
export type Token =
  | { readonly kind: 'number'; readonly value: bigint; readonly bits: 32 | 64; readonly signed: boolean }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string };

/** A print format that cannot be understood; its events are then shown field by field. */
export class PrintFormatError extends SpoorError {
  constructor(message: string, where?: string) {
    super('kernel/print-format', message, { where });
    this.name = 'PrintFormatError';
  }
}

const tokenPattern =
  /\s*(?:(?<number>0[xX][\da-fA-F]+|\d+)(?<suffix>[uUlL]*)(?![\w.])|(?<name>[A-Za-z_]\w*)|"(?<text>(?:[^"\\]|\\[\s\S])*)"|'(?<char>(?:[^'\\]|\\[\s\S])+)'|(?<sign>->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>=?:,;.()[\]{}]))/y;

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
};

/** Text as C means it: escapes become what they stand for. */
function unescape(text: string): string {
  return text.replaceAll(/\\(x[\da-fA-F]{1,2}|[0-7]{1,3}|[\s\S])/g, (_, what: string) => {
    if (/^x./.test(what)) return String.fromCharCode(Number.parseInt(what.slice(1), 16));
    if (/^[0-7]/.test(what)) return String.fromCharCode(Number.parseInt(what, 8) & 0xff);
    return escapes[what] ?? what;
  });
}

/** The type that C gives a number. */
function numberToken(digits: string, suffix: string): Token {
  const octal = /^0\d/.test(digits);
  if (octal && /[89]/.test(digits)) throw new PrintFormatError(`${digits} is no number`);
  const value = BigInt.asUintN(64, BigInt(octal ? `0o${digits.slice(1)}` : digits));
  const unsigned = /u/i.test(suffix);
  const long = /l/i.test(suffix);
  const decimal = /^[1-9]/.test(digits);
  if (!long && value < 1n << 31n) return { kind: 'number', value, bits: 32, signed: !unsigned };
  if (!long && value < 1n << 32n && (unsigned || !decimal))
    return { kind: 'number', value, bits: 32, signed: false };
  return { kind: 'number', value, bits: 64, signed: !unsigned && value < 1n << 63n };
}

/** Takes a text apart. @throws PrintFormatError at what is no token. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    tokenPattern.lastIndex = at;
    const found = tokenPattern.exec(text);
    if (found === null) {
      throw new PrintFormatError(
        `did not expect ${JSON.stringify(text.slice(at, at + 20))}`,
        `column ${at + 1}`,
      );
    }
    at = tokenPattern.lastIndex;
    const { number, suffix = '', name, text: content, char, sign } = found.groups ?? {};
    if (number !== undefined) tokens.push(numberToken(number, suffix));
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (content !== undefined) {
      const last = tokens.at(-1);
      const own = unescape(content);
      // Texts side by side are one.
      if (last?.kind === 'string') tokens[tokens.length - 1] = { kind: 'string', text: last.text + own };
      else tokens.push({ kind: 'string', text: own });
    } else if (char !== undefined) {
      tokens.push({ kind: 'number', value: BigInt(unescape(char).charCodeAt(0)), bits: 32, signed: true });
    } else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}
