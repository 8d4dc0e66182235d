/** Parameters of components: their text form, as babeltrace2's command line has it. */
import { SpoorError } from '@spoor/base';

/** An unsigned integer (`+23`), which is told from a signed one. */
export class UnsignedValue {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** A value: integers are BigInts, reals are numbers. */
export type ParameterValue =
  null | boolean | bigint | UnsignedValue | number | string | readonly ParameterValue[] | Parameters;

/** Values by name, in the order in which they were first set. */
export type Parameters = ReadonlyMap<string, ParameterValue>;

const namePattern = /[a-zA-Z_][a-zA-Z0-9_.:*-]*/y;
const floatPattern = /[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.\d+(?:[eE][-+]?\d+)?)/y;
const integerPattern = /([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)/y;

const symbols: ReadonlyMap<string, null | boolean> = new Map<string, null | boolean>([
  ['null', null],
  ['NULL', null],
  ['nul', null],
  ['true', true],
  ['TRUE', true],
  ['yes', true],
  ['YES', true],
  ['false', false],
  ['FALSE', false],
  ['no', false],
  ['NO', false],
]);

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  fail(expected: string): never {
    throw new SpoorError(
      'parameters/syntax',
      `parameters ${JSON.stringify(this.text)}: expecting ${expected}`,
      {
        where: `character ${this.at + 1}`,
        hint: 'write NAME=VALUE,NAME=VALUE; values are null, yes, no, 23, +23, 1.5, "text", [A, B] and {NAME=VALUE}',
      },
    );
  }

  private blanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at += 1;
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found;
  }

  private take(character: string): boolean {
    this.blanks();
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  /** Entries up to the end of the text or to `end`. */
  entries(end: string | undefined): Parameters {
    const entries = new Map<string, ParameterValue>();
    for (;;) {
      if (end !== undefined && this.take(end)) return entries;
      this.blanks();
      if (end === undefined && this.at === this.text.length) return entries;
      const name = this.match(namePattern)?.[0] ?? this.fail('the name of a parameter');
      if (!this.take('=')) this.fail('`=`');
      entries.set(name, this.value());
      if (this.take(',')) continue;
      if (end === undefined) {
        this.blanks();
        if (this.at < this.text.length) this.fail('`,`');
      } else if (!this.take(end)) {
        this.fail(`\`,\` or \`${end}\``);
      }
      return entries;
    }
  }

  private value(): ParameterValue {
    this.blanks();
    const first = this.text[this.at] ?? '';
    if (first === '"') return this.quoted();
    if (this.take('[')) return this.array();
    if (this.take('{')) return this.entries('}');
    const real = this.match(floatPattern);
    if (real !== undefined) return Number(real[0]);
    const integer = this.match(integerPattern);
    if (integer !== undefined) return this.integer(integer[1]!, integer[2]!);
    const word = this.match(namePattern)?.[0] ?? this.fail('a value');
    const symbol = symbols.get(word);
    return symbol === undefined ? word : symbol;
  }

  private integer(sign: string, digits: string): ParameterValue {
    const octal = /^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits;
    if (/^0o.*[89]/.test(octal)) this.fail('octal digits');
    const value = BigInt(octal);
    const limit = sign === '+' ? 1n << 64n : sign === '-' ? (1n << 63n) + 1n : 1n << 63n;
    if (value >= limit) this.fail('an integer of 64 bits');
    if (sign === '+') return new UnsignedValue(value);
    return sign === '-' ? -value : value;
  }

  private array(): ParameterValue {
    const items: ParameterValue[] = [];
    for (;;) {
      if (this.take(']')) return items;
      items.push(this.value());
      if (this.take(',')) continue;
      if (!this.take(']')) this.fail('`,` or `]`');
      return items;
    }
  }

  private quoted(): string {
    this.at += 1;
    let text = '';
    for (;;) {
      const character = this.text[this.at];
      if (character === undefined) return this.fail('the end of the text, `"`');
      this.at += 1;
      if (character === '"') return text;
      if (character === '\\') {
        const escaped = this.text[this.at] ?? this.fail('a character after `\\`');
        this.at += 1;
        text += { n: '\n', t: '\t', r: '\r' }[escaped] ?? escaped;
      } else {
        text += character;
      }
    }
  }
}

/** Reads `NAME=VALUE,…`. @throws SpoorError `parameters/syntax`, which says at which character. */
export function parseParameters(text: string): Parameters {
  return new Reader(text).entries(undefined);
}
