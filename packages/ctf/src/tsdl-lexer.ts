/**
 * Tokens of TSDL, the metadata language of CTF 1.8 (https://diamon.org/ctf/v1.8.3/). A kernel's metadata has about
 * 80,000 of them, so they lie in parallel typed arrays rather than in objects, and every distinct word is made into
 * a string once: from then on words are compared by number.
 */
import { syntaxError } from './text-place.ts';
import { endOfInteger, smallValue } from './tsdl-literals.ts';
import { plainEventAt, type PlainEvent } from './tsdl-plain-event.ts';

/** Kinds of tokens that are not a single character; a one-character token has its character code as kind. */
export const tokenKind = {
  end: 0,
  word: 1,
  integer: 2,
  string: 3,
  /** `:=` */
  typeAssign: 4,
  /** `...` */
  ellipsis: 5,
  /** `->` */
  arrow: 6,
  /** All of `{ … }` after the word `integer`, where the same text stood so before. */
  repeatedBraces: 7,
  /** A whole event block of the plain form. */
  plainEvent: 8,
} as const;

const keywords = [
  'align',
  'callsite',
  'char',
  'clock',
  'const',
  'double',
  'enum',
  'env',
  'event',
  'float',
  'floating_point',
  'int',
  'integer',
  'long',
  'short',
  'signed',
  'stream',
  'string',
  'struct',
  'trace',
  'typealias',
  'typedef',
  'unsigned',
  'variant',
  'void',
  '_Bool',
  '_Complex',
  '_Imaginary',
] as const;

const attributeWords = ['base', 'byte_order', 'encoding', 'exp_dig', 'mant_dig', 'map', 'size'] as const;

/** Words with a number known beforehand. */
export type KnownWord = (typeof keywords)[number] | (typeof attributeWords)[number];

const knownWords: readonly KnownWord[] = [...keywords, ...attributeWords];

/** The number of each known word. */
export const word: Readonly<Record<KnownWord, number>> = Object.fromEntries(
  knownWords.map((text, index) => [text, index]),
) as Record<KnownWord, number>;

/** Words below this number are reserved by the language. */
export const keywordCount: number = keywords.length;

/** Whether `text` is reserved and so cannot name a field. */
export function isTsdlKeyword(text: string): boolean {
  return (keywords as readonly string[]).includes(text);
}

/** The tokens of one metadata text. The last one has kind `end`. */
export interface TokenList {
  readonly fileName: string;
  readonly text: string;
  readonly count: number;
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /**
   * Of a word its number; of an integer its value, or -1 when it does not fit 31 bits; of repeated braces the token
   * at which their text stood first; of a plain event its number.
   */
  readonly values: Int32Array;
  /** Words by number. */
  readonly words: readonly string[];
  /** Plain events by number. */
  readonly plainEvents: readonly PlainEvent[];
}

/** A character as an error message shows it. */
function shownCharacter(text: string, offset: number): string {
  const code = text.codePointAt(offset) ?? 0;
  return code < 0x20 || code === 0x7f
    ? `the control character 0x${code.toString(16).padStart(2, '0')}`
    : `\`${String.fromCodePoint(code)}\``;
}

// Classes of ASCII characters: 1 begins a word, 2 is a digit, 3 is white space, 4 stands for itself.
const characterClass = new Uint8Array(128);
for (let code = 0; code < 26; code += 1) characterClass[0x41 + code] = characterClass[0x61 + code] = 1;
characterClass[0x5f] = 1;
for (let code = 0x30; code <= 0x39; code += 1) characterClass[code] = 2;
for (const text of [' ', '\t', '\r', '\n', '\v', '\f']) characterClass[text.charCodeAt(0)] = 3;
for (const text of '[](){}*+<>;=,') characterClass[text.charCodeAt(0)] = 4;

/** Of each ASCII character whether it can stand within a word. */
const inWord: Uint8Array = characterClass.map((kind) => (kind === 1 || kind === 2 ? 1 : 0));

/** Distinct words of a text and their numbers: an open-addressing hash table over character codes. */
class WordTable {
  readonly words: string[] = [];
  end = 0;
  private slots = new Int32Array(1024).fill(-1);
  private hashes = new Int32Array(512);

  constructor() {
    for (const text of knownWords) this.read(text, 0);
  }

  /** Number of the word that begins at `start`; {@link end} is then where it ends. */
  read(text: string, start: number): number {
    const { length } = text;
    let hash = 0;
    let at = start;
    for (; at < length; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= 128 || inWord[code] === 0) break;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.end = at;
    if (this.words.length * 2 >= this.slots.length) this.grow();
    const { slots, hashes, words } = this;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]!;
      if (number < 0) {
        slots[slot] = words.length;
        hashes[words.length] = hash;
        return words.push(text.slice(start, at)) - 1;
      }
      if (hashes[number] === hash && same(words[number]!, text, start, at)) return number;
    }
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2).fill(-1);
    const hashes = new Int32Array(slots.length / 2);
    hashes.set(this.hashes);
    const mask = slots.length - 1;
    for (let number = 0; number < this.words.length; number += 1) {
      let slot = hashes[number]! & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = number;
    }
    this.slots = slots;
    this.hashes = hashes;
  }
}

function same(word: string, text: string, start: number, end: number): boolean {
  if (word.length !== end - start) return false;
  for (let index = 0; index < word.length; index += 1) {
    if (word.charCodeAt(index) !== text.charCodeAt(start + index)) return false;
  }
  return true;
}

/**
 * Splits metadata text into tokens. Throws `ctf/metadata-syntax` at a character that begins none.
 * @param recognizePlain whether event blocks of the plain form become one token.
 */
export function tokenize(text: string, fileName: string, recognizePlain = false): TokenList {
  // Short functions without captured variables: V8 makes fast code of them after a few thousand characters, which
  // counts, since most processes read one metadata text only.
  const table = new WordTable();
  const { length } = text;
  let capacity = Math.max(64, length >> 2);
  let kinds = new Uint8Array(capacity);
  let starts = new Int32Array(capacity);
  let ends = new Int32Array(capacity);
  let values = new Int32Array(capacity);
  let count = 0;
  // Three quarters of a kernel's metadata are integers of a few kinds, written out each time: these are recognised.
  const braces = new Map<string, number>();
  let openBraces = { text: '', token: -1, end: -1 };
  const plainEvents: PlainEvent[] = [];
  let depth = 0;
  for (let at = skipSpace(text, 0); at < length; at = skipSpace(text, at)) {
    const start = at;
    const code = text.charCodeAt(at);
    const kind = code < 128 ? characterClass[code]! : 0;
    if (count + 1 >= capacity) {
      capacity *= 2;
      kinds = enlarged(kinds, new Uint8Array(capacity));
      starts = enlarged(starts, new Int32Array(capacity));
      ends = enlarged(ends, new Int32Array(capacity));
      values = enlarged(values, new Int32Array(capacity));
    }
    if (kind === 1) {
      kinds[count] = tokenKind.word;
      const number = table.read(text, at);
      values[count] = number;
      at = table.end;
      if (number === word.event && depth === 0 && recognizePlain && endsBlock(kinds, count - 1)) {
        const plain = plainEventAt(text, start);
        if (plain !== undefined) {
          kinds[count] = tokenKind.plainEvent;
          values[count] = plainEvents.push(plain) - 1;
          at = plain.end;
        }
      }
    } else if (kind === 4) {
      at += 1;
      kinds[count] = code;
      if (code === 0x7b) depth += 1;
      else if (code === 0x7d) depth -= 1;
      if (
        code === 0x7b &&
        count > 0 &&
        kinds[count - 1] === tokenKind.word &&
        values[count - 1] === word.integer
      ) {
        const end = text.indexOf('}', at) + 1;
        const whole = end > at && end - at < longestRepeated ? text.slice(start, end) : '';
        const known = braces.get(whole);
        if (known === undefined) {
          openBraces = { text: whole, token: count, end };
        } else {
          kinds[count] = tokenKind.repeatedBraces;
          values[count] = known;
          at = end;
          depth -= 1;
        }
      } else if (code === 0x7d && at === openBraces.end && openBraces.text !== '') {
        // Only now is it sure that the brace does not stand in a comment or a string.
        braces.set(openBraces.text, openBraces.token);
      }
    } else if (kind === 2) {
      at = endOfInteger(text, at, fileName);
      kinds[count] = tokenKind.integer;
      values[count] = smallValue(text, start, at);
    } else if (code === 0x2f) {
      at = endOfComment(text, at, fileName);
      continue;
    } else if (code === 0x22 || code === 0x27) {
      at = endOfString(text, at, code, fileName);
      kinds[count] = tokenKind.string;
    } else {
      const sign = rareSign(text, at);
      if (sign === 0)
        throw syntaxError(fileName, text, at, `${shownCharacter(text, at)} is not allowed here`);
      kinds[count] = sign;
      at += sign === tokenKind.ellipsis ? 3 : sign < 0x20 ? 2 : 1;
    }
    starts[count] = start;
    ends[count] = at;
    count += 1;
  }
  kinds[count] = tokenKind.end;
  starts[count] = length;
  ends[count] = length;
  return { fileName, text, count: count + 1, kinds, starts, ends, values, words: table.words, plainEvents };
}

/** Whether a block may begin after this token: it ends a block or a declaration, or is the one before the first. */
function endsBlock(kinds: Uint8Array, index: number): boolean {
  return index < 0 || kinds[index] === 0x3b || kinds[index] === tokenKind.plainEvent;
}

/** Longest text of braces that is looked for again, in characters. */
const longestRepeated = 256;

function skipSpace(text: string, start: number): number {
  const { length } = text;
  let at = start;
  while (at < length) {
    const code = text.charCodeAt(at);
    if (code >= 128 || characterClass[code] !== 3) break;
    at += 1;
  }
  return at;
}

/** Kind of the token at a sign that may be longer than one character; 0 if it begins none. */
function rareSign(text: string, at: number): number {
  const code = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  if (code === 0x3a) return second === 0x3d ? tokenKind.typeAssign : code;
  if (code === 0x2d) return second === 0x3e ? tokenKind.arrow : code;
  if (code === 0x2e) return second === 0x2e && text.charCodeAt(at + 2) === 0x2e ? tokenKind.ellipsis : code;
  return 0;
}

function enlarged<T extends Uint8Array | Int32Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}

function endOfComment(text: string, start: number, fileName: string): number {
  const second = text.charCodeAt(start + 1);
  if (second === 0x2f) {
    const end = text.indexOf('\n', start);
    return end === -1 ? text.length : end + 1;
  }
  if (second !== 0x2a) throw syntaxError(fileName, text, start, '`/` is not allowed here');
  const end = text.indexOf('*/', start + 2);
  if (end === -1) throw syntaxError(fileName, text, start, 'this comment has no end (`*/`)');
  return end + 2;
}

function endOfString(text: string, start: number, quote: number, fileName: string): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === 0x5c) at += 1;
    else if (code === 0) throw syntaxError(fileName, text, at, 'a NUL stands in a string');
  }
  throw syntaxError(fileName, text, start, `this string has no end (\`${String.fromCharCode(quote)}\`)`);
}

/**
 * End of the last block or declaration that stands whole in a text whose end may be missing: of the last semicolon
 * outside of braces, comments and strings.
 */
export function endOfWholeText(text: string): number {
  let end = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x7b) depth += 1;
    else if (code === 0x7d) depth -= 1;
    else if (code === 0x3b && depth === 0) end = at + 1;
    else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2a) {
      at = text.indexOf('*/', at + 2) + 1;
      if (at === 0) break;
    } else if (code === 0x2f && text.charCodeAt(at + 1) === 0x2f) {
      at = text.indexOf('\n', at);
      if (at === -1) break;
    } else if (code === 0x22 || code === 0x27) {
      at += 1;
      while (at < text.length && text.charCodeAt(at) !== code) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    }
  }
  return end;
}
