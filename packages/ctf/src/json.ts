/**
 * A reader of JSON (RFC 8259) that keeps what metadata needs and `JSON.parse` loses: the place of every value for
 * messages, integers of any size exactly, and whether a key came twice (which is refused).
 */

/** A value with its place: the index of its first character in the text. */
export type JsonValue =
  | { readonly kind: 'object'; readonly at: number; readonly members: ReadonlyMap<string, JsonValue> }
  | { readonly kind: 'array'; readonly at: number; readonly elements: readonly JsonValue[] }
  | { readonly kind: 'string'; readonly at: number; readonly text: string }
  | { readonly kind: 'integer'; readonly at: number; readonly value: bigint }
  | { readonly kind: 'real'; readonly at: number; readonly value: number }
  | { readonly kind: 'boolean'; readonly at: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly at: number };

/** An object of JSON. */
export type JsonObject = Extract<JsonValue, { kind: 'object' }>;

/** What is wrong with a text, and where. */
export class JsonError extends Error {
  /** Index of the character in the text. */
  readonly at: number;
  /** Whether the text ended too early. */
  readonly atEnd: boolean;

  constructor(message: string, at: number, atEnd: boolean) {
    super(message);
    this.name = 'JsonError';
    this.at = at;
    this.atEnd = atEnd;
  }
}

/** Deeper nesting is refused, for it would end the stack. */
const mostLevels = 200;
/** More digits are refused: BigInt would take quadratic time. */
const mostDigits = 40;

const numberPattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const space = /[ \t\n\r]*/y;

const escapedCharacters: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Whether a character stands for itself in a string: not a quote, a backslash or a control character. */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}

class JsonReader {
  at: number;
  private readonly text: string;
  private readonly end: number;

  constructor(text: string, start: number, end: number) {
    this.text = text;
    this.at = start;
    this.end = end;
  }

  /** Reads the whole text as one value. */
  whole(): JsonValue {
    this.skipSpace();
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.end) this.fail(`expected the end of the fragment, not ${this.found()}`);
    return value;
  }

  private fail(message: string, at = this.at): never {
    throw new JsonError(message, at, this.at >= this.end);
  }

  private found(): string {
    return this.at >= this.end
      ? 'the end of the text'
      : `\`${String.fromCodePoint(this.text.codePointAt(this.at)!)}\``;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text);
  }

  private skipSpace(): void {
    this.at = Math.min(this.end, this.at + this.match(space)![0].length);
  }

  private accept(character: string): boolean {
    if (this.at >= this.end || this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  private value(level: number): JsonValue {
    if (level > mostLevels) this.fail(`values are nested more than ${mostLevels} levels deep`);
    const { at } = this;
    const first = at < this.end ? this.text[at]! : '';
    switch (first) {
      case '{':
        return this.object(level);
      case '[':
        return this.array(level);
      case '"':
        return { kind: 'string', at, text: this.string() };
      case 't':
        this.word('true');
        return { kind: 'boolean', at, value: true };
      case 'f':
        this.word('false');
        return { kind: 'boolean', at, value: false };
      case 'n':
        this.word('null');
        return { kind: 'null', at };
      default:
        return this.number();
    }
  }

  private word(word: string): void {
    if (!this.text.startsWith(word, this.at) || this.at + word.length > this.end) {
      const rest = this.text.slice(this.at, this.end);
      const message = `expected a value, not ${this.found()}`;
      if (word.startsWith(rest)) this.at = this.end;
      this.fail(message);
    }
    this.at += word.length;
  }

  private number(): JsonValue {
    const { at } = this;
    const match = at < this.end ? this.match(numberPattern) : null;
    if (match === null || at + match[0].length > this.end) {
      return this.fail(`expected a value, not ${this.found()}`);
    }
    const [text, fraction, exponent] = match;
    this.at += text.length;
    if (/[0-9]/.test(this.text[this.at] ?? '')) this.fail('a number must not begin with 0', at);
    if (fraction === undefined && exponent === undefined) {
      if (text.length > mostDigits) this.fail(`an integer of more than ${mostDigits} digits`, at);
      return { kind: 'integer', at, value: BigInt(text) };
    }
    return { kind: 'real', at, value: Number(text) };
  }

  private string(): string {
    const start = this.at;
    this.at += 1;
    let text = '';
    for (;;) {
      const from = this.at;
      while (this.at < this.end && isPlain(this.text.charCodeAt(this.at))) this.at += 1;
      text += this.text.slice(from, this.at);
      if (this.at >= this.end) this.fail('this string does not end', start);
      if (this.accept('"')) return text;
      if (!this.accept('\\')) this.fail('a control character in a string must be escaped');
      text += this.escape();
    }
  }

  private escape(): string {
    const at = this.at - 1;
    const letter = this.text[this.at] ?? '';
    this.at += 1;
    const plain = Object.hasOwn(escapedCharacters, letter) ? escapedCharacters[letter] : undefined;
    if (plain !== undefined) return plain;
    const digits = this.text.slice(this.at, this.at + 4);
    if (letter !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits)) this.fail('an unknown escape in a string', at);
    this.at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  private object(level: number): JsonValue {
    const { at } = this;
    const members = new Map<string, JsonValue>();
    this.at += 1;
    this.skipSpace();
    if (this.accept('}')) return { kind: 'object', at, members };
    for (;;) {
      const keyAt = this.at;
      if (this.text[this.at] !== '"' || this.at >= this.end) {
        this.fail(`expected the name of a property, not ${this.found()}`);
      }
      const key = this.string();
      if (members.has(key)) this.fail(`the property \`${shorten(key)}\` stands here twice`, keyAt);
      this.skipSpace();
      if (!this.accept(':')) this.fail(`expected \`:\` after the name of a property, not ${this.found()}`);
      this.skipSpace();
      members.set(key, this.value(level + 1));
      this.skipSpace();
      if (this.accept('}')) return { kind: 'object', at, members };
      if (!this.accept(',')) this.fail(`expected \`,\` or \`}\`, not ${this.found()}`);
      this.skipSpace();
    }
  }

  private array(level: number): JsonValue {
    const { at } = this;
    const elements: JsonValue[] = [];
    this.at += 1;
    this.skipSpace();
    if (this.accept(']')) return { kind: 'array', at, elements };
    for (;;) {
      elements.push(this.value(level + 1));
      this.skipSpace();
      if (this.accept(']')) return { kind: 'array', at, elements };
      if (!this.accept(',')) this.fail(`expected \`,\` or \`]\`, not ${this.found()}`);
      this.skipSpace();
    }
  }
}

/** Text of a trace for a message: not longer than a line bears. */
export function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

/**
 * Reads the value that the characters from `start` to `end` of a text are.
 * @throws JsonError with the place of what is wrong.
 */
export function parseJson(text: string, start = 0, end: number = text.length): JsonValue {
  return new JsonReader(text, start, end).whole();
}

/** The way from one value to another inside of it: `a.b[2]`; empty for the value itself. */
export function jsonPath(from: JsonValue, to: JsonValue): string | undefined {
  if (from === to) return '';
  if (from.kind === 'object') {
    for (const [key, member] of from.members) {
      const rest = jsonPath(member, to);
      if (rest !== undefined) {
        const step = /^[\w-]+$/.test(key) ? key : JSON.stringify(shorten(key));
        return rest === '' || rest.startsWith('[') ? step + rest : `${step}.${rest}`;
      }
    }
  } else if (from.kind === 'array') {
    for (const [index, element] of from.elements.entries()) {
      const rest = jsonPath(element, to);
      if (rest !== undefined) {
        return rest === '' || rest.startsWith('[') ? `[${index}]${rest}` : `[${index}].${rest}`;
      }
    }
  }
  return undefined;
}
