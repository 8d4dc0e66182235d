/** The scalars of TSDL: `integer { … }`, `floating_point { … }` and `string`, with their attributes. */
import type {
  ByteOrder,
  DisplayBase,
  FloatFieldClass,
  IntegerFieldClass,
  StringFieldClass,
  TextEncoding,
} from './model.ts';
import { sign, type TokenCursor } from './tsdl-cursor.ts';
import { tokenKind, word } from './tsdl-lexer.ts';

/** What types depend on beside the scope they stand in. */
export interface TypeEnvironment {
  readonly byteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  readonly clockNames: ReadonlySet<string>;
  readonly warn: (token: number, message: string) => void;
  /** Whether to warn of enumerators that their container cannot hold, rather than refuse them. */
  readonly tolerant: boolean;
}

const encodings: ReadonlyMap<string, TextEncoding | 'none'> = new Map([
  ['UTF8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['UTF-8', 'utf-8'],
  ['utf-8', 'utf-8'],
  ['ASCII', 'ascii'],
  ['ascii', 'ascii'],
  ['none', 'none'],
]);

const displayBases: ReadonlyMap<string, DisplayBase> = new Map([
  ...['decimal', 'dec', 'd', 'i', 'u'].map((name) => [name, 10] as const),
  ...['hexadecimal', 'hex', 'x', 'X', 'p'].map((name) => [name, 16] as const),
  ...['octal', 'oct', 'o'].map((name) => [name, 8] as const),
  ...['binary', 'bin', 'b'].map((name) => [name, 2] as const),
]);

const floatLengths: Readonly<Record<string, FloatFieldClass['lengthBits']>> = {
  '5+11': 16,
  '8+24': 32,
  '11+53': 64,
  '15+113': 128,
};

/** Integers may be wider than 64 bits; this is far beyond what anyone has used. */
const maximumLengthBits = 65_536;
const maximumAlignmentBits = 2 ** 30;

export class ScalarParser {
  private readonly cursor: TokenCursor;
  private readonly env: TypeEnvironment;
  /** Integers by the token of their first brace, for where the same text stands again. */
  private readonly read = new Map<number, IntegerFieldClass>();
  /** Integers by their properties: equal ones share one object. */
  private readonly shared = new Map<string, IntegerFieldClass>();

  constructor(cursor: TokenCursor, env: TypeEnvironment) {
    this.cursor = cursor;
    this.env = env;
  }

  /** Calls `read` for each `NAME = VALUE;` of a braced list; `read` reads the value and says whether it knows the name. */
  private parseAttributes(what: string, read: (attribute: number) => boolean): void {
    const { cursor } = this;
    const seen = new Set<number>();
    cursor.expect(sign.openBrace, '`{`');
    while (!cursor.accept(sign.closeBrace)) {
      const token = cursor.position;
      const attribute = cursor.word;
      const name = cursor.anyWord(`an attribute of ${what}`);
      if (seen.has(attribute)) this.cursor.failMeaning(token, `the attribute \`${name}\` is given twice`);
      seen.add(attribute);
      cursor.expect(sign.equals, '`=`');
      if (!read(attribute)) {
        this.env.warn(token, `unknown attribute \`${name}\` of ${what} is ignored`);
        if (cursor.atInteger) cursor.signed('a value');
        else cursor.text('a value');
      }
      cursor.semicolon();
    }
  }

  /** Reads what follows the word `integer` at `token`. */
  parseInteger(token: number): IntegerFieldClass {
    const { cursor } = this;
    const start = cursor.position;
    const first = cursor.kind === tokenKind.repeatedBraces ? cursor.tokens.values[start]! : start;
    const known = this.read.get(first);
    if (known !== undefined) {
      cursor.position = start + 1;
      return known;
    }
    cursor.position = first;
    const integer = this.parseIntegerAttributes(token);
    this.read.set(first, integer);
    if (first !== start) cursor.position = start + 1;
    return integer;
  }

  private parseIntegerAttributes(token: number): IntegerFieldClass {
    const { cursor } = this;
    let lengthBits = 0;
    let alignmentBits = 0;
    let signed = false;
    let displayBase: DisplayBase = 10;
    let { byteOrder } = this.env;
    let encoding: TextEncoding | undefined;
    let clockName: string | undefined;
    this.parseAttributes('an integer', (attribute) => {
      switch (attribute) {
        case word.size: {
          const start = cursor.position;
          lengthBits = cursor.unsignedNumber('the size of an integer in bits', maximumLengthBits);
          if (lengthBits === 0) this.cursor.failMeaning(start, 'an integer has at least one bit');
          return true;
        }
        case word.align:
          alignmentBits = this.parseAlignment();
          return true;
        case word.signed:
          signed = this.parseBoolean();
          return true;
        case word.base:
          displayBase = this.parseDisplayBase();
          return true;
        case word.byte_order:
          byteOrder = this.parseByteOrder();
          return true;
        case word.encoding:
          encoding = this.parseEncoding();
          return true;
        case word.map:
          clockName = this.parseClockMapping();
          return true;
        default:
          return false;
      }
    });
    if (lengthBits === 0) this.cursor.failMeaning(token, 'this integer has no `size`');
    return this.share({
      kind: 'integer',
      signed,
      lengthBits,
      byteOrder,
      alignmentBits: alignmentBits === 0 ? (lengthBits % 8 === 0 ? 8 : 1) : alignmentBits,
      displayBase,
      roles: [],
      ...(encoding === undefined ? {} : { encoding }),
      ...(clockName === undefined ? {} : { clockName }),
    });
  }

  /** The one object that stands for all integers equal to this one, unless it has labels. */
  share(integer: IntegerFieldClass): IntegerFieldClass {
    if (integer.mappings !== undefined) return integer;
    const {
      signed,
      lengthBits,
      byteOrder,
      alignmentBits,
      displayBase,
      encoding = '',
      clockName = '',
    } = integer;
    const key = `${signed} ${lengthBits} ${byteOrder} ${alignmentBits} ${displayBase} ${encoding} ${clockName}`;
    const known = this.shared.get(key);
    if (known !== undefined) return known;
    this.shared.set(key, integer);
    return integer;
  }

  /** Reads what follows the word `floating_point` at `token`. */
  parseFloat(token: number): FloatFieldClass {
    const { cursor } = this;
    let exponentDigits = 0;
    let mantissaDigits = 0;
    let alignmentBits = 0;
    let { byteOrder } = this.env;
    this.parseAttributes('a floating point number', (attribute) => {
      switch (attribute) {
        case word.exp_dig:
          exponentDigits = cursor.unsignedNumber('the number of exponent digits', 64);
          return true;
        case word.mant_dig:
          mantissaDigits = cursor.unsignedNumber('the number of mantissa digits', 256);
          return true;
        case word.align:
          alignmentBits = this.parseAlignment();
          return true;
        case word.byte_order:
          byteOrder = this.parseByteOrder();
          return true;
        default:
          return false;
      }
    });
    const lengthBits = floatLengths[`${exponentDigits}+${mantissaDigits}`];
    if (lengthBits === undefined) {
      this.cursor.failMeaning(
        token,
        `\`exp_dig\` and \`mant_dig\` must be 5 and 11, 8 and 24, 11 and 53 or 15 and 113, not ${exponentDigits} and ${mantissaDigits}`,
      );
    }
    return { kind: 'float', lengthBits, byteOrder, alignmentBits: alignmentBits === 0 ? 8 : alignmentBits };
  }

  /** Reads what follows the word `string`. */
  parseString(): StringFieldClass {
    let encoding: TextEncoding | undefined;
    if (this.cursor.kind === sign.openBrace) {
      this.parseAttributes('a string', (attribute) => {
        if (attribute !== word.encoding) return false;
        encoding = this.parseEncoding();
        return true;
      });
    }
    return { kind: 'string', encoding: encoding ?? 'utf-8' };
  }

  /** Reads an alignment in bits: a power of two. */
  parseAlignment(): number {
    const { cursor } = this;
    const start = cursor.position;
    const value = cursor.unsignedNumber('an alignment in bits', maximumAlignmentBits);
    if (value === 0 || (value & (value - 1)) !== 0) {
      this.cursor.failMeaning(start, `an alignment must be a power of two, not ${value}`);
    }
    return value;
  }

  private parseBoolean(): boolean {
    const { cursor } = this;
    if (cursor.atInteger) return cursor.signed('`true` or `false`') !== 0n;
    const start = cursor.position;
    const text = cursor.text('`true` or `false`');
    if (text === 'true' || text === 'TRUE') return true;
    if (text === 'false' || text === 'FALSE') return false;
    return this.cursor.failMeaning(start, `expected \`true\` or \`false\`, but found \`${text}\``);
  }

  private parseByteOrder(): ByteOrder {
    const { cursor } = this;
    const start = cursor.position;
    const text = cursor.text('a byte order');
    if (text === 'native') return this.env.byteOrder;
    return (
      byteOrderNamed(text) ??
      this.cursor.failMeaning(
        start,
        `expected \`le\`, \`be\`, \`network\` or \`native\`, but found \`${text}\``,
      )
    );
  }

  private parseDisplayBase(): DisplayBase {
    const { cursor } = this;
    const start = cursor.position;
    if (cursor.kind === tokenKind.integer) {
      const value = cursor.unsignedNumber('a base', 16);
      if (value === 2 || value === 8 || value === 10 || value === 16) return value;
      this.cursor.failMeaning(start, `a base must be 2, 8, 10 or 16, not ${value}`);
    }
    const text = cursor.anyWord('a base (2, 8, 10, 16, or its name)');
    return displayBases.get(text) ?? this.cursor.failMeaning(start, `there is no base named \`${text}\``);
  }

  private parseEncoding(): TextEncoding | undefined {
    const { cursor } = this;
    const start = cursor.position;
    // `UTF-8` without quotes is three tokens.
    let text = cursor.text('an encoding');
    if (cursor.accept(sign.minus)) text += `-${cursor.unsignedNumber('an encoding', 8)}`;
    const encoding =
      encodings.get(text) ?? this.cursor.failMeaning(start, `there is no encoding named \`${text}\``);
    return encoding === 'none' ? undefined : encoding;
  }

  private parseClockMapping(): string | undefined {
    const { cursor } = this;
    const start = cursor.position;
    const path = cursor.text('`clock.NAME.value`').split('.');
    if (path.length !== 3 || path[0] !== 'clock' || path[2] !== 'value') {
      this.env.warn(start, `expected \`clock.NAME.value\`; the mapping to \`${path.join('.')}\` is ignored`);
      return undefined;
    }
    const [, name = ''] = path;
    if (!this.env.clockNames.has(name)) this.cursor.failMeaning(start, `there is no clock named \`${name}\``);
    return name;
  }
}

/** The byte order that TSDL calls so, `native` aside. */
export function byteOrderNamed(text: string): ByteOrder | undefined {
  return text === 'le' ? 'le' : text === 'be' || text === 'network' ? 'be' : undefined;
}
