/**
 * Event blocks in the form that LTTng writes most of them in: a name, numbers, and a structure of integers, strings and
 * arrays of them, each on a line of its own. One regular expression tells that a block is of this form and therefore
 * right in all that a single block can have wrong, so its fields need not be read before an event of it occurs: of a
 * kernel's 1200 classes a few dozen do. Every other block is read by the general parser at once. Guarded by
 * bench/metadata.ts.
 */

/** An event block of the plain form. */
export interface PlainEvent {
  readonly name: string;
  readonly id: number;
  readonly streamId: number | undefined;
  readonly logLevel: number | undefined;
  readonly emfUri: string | undefined;
  /** Lines of the fields. */
  readonly fields: string;
  /** Where the block ends in the text. */
  readonly end: number;
}

// No leading zeros, which would make numbers octal, and no more digits than a double holds with ease.
const whole = '(?:0|[1-9][0-9]{0,8})';
const literal = String.raw`"([^"\\\0\r\n]*)"`;
const size = '(?:[1-9]|[1-5][0-9]|6[0-4])';
const alignment = '(?:1|2|4|8|16|32|64)';
const integer = (signed: string): string =>
  String.raw`integer \{ size = ${size}; align = ${alignment}; signed = ${signed}; ` +
  String.raw`encoding = (?:none|UTF8|ASCII); base = (?:2|8|10|16);(?: byte_order = (?:le|be);)? \}`;
// Some words that begin with an underscore are reserved.
const fieldName = String.raw`_(?!(?:Bool|Complex|Imaginary)\b)[A-Za-z0-9_]*`;

/** An unsigned integer may be the length of the sequence on the next line. */
const fieldLines = [
  String.raw`\t\t${integer('0')} (${fieldName})`,
  String.raw`(?:\[${whole}\];\n|;\n(?:\t\t${integer('[01]')} ${fieldName}\[ \k<LENGTH> \];\n)?)`,
  String.raw`|\t\t${integer('1')} ${fieldName}(?:\[${whole}\])?;\n`,
  String.raw`|\t\tstring ${fieldName};\n`,
]
  .join('')
  .replace(`(${fieldName})`, `(?<LENGTH>${fieldName})`);

const block = new RegExp(
  String.raw`event \{\n\tname = ${literal};\n\tid = (${whole});\n(?:\tstream_id = (${whole});\n)?` +
    String.raw`(?:\tloglevel = ([0-9]|1[0-4]);\n)?(?:\tmodel\.emf\.uri = ${literal};\n)?` +
    String.raw`\tfields := struct \{\n((?:${fieldLines})*)\t\};\n\};`,
  'y',
);

const namesOfFields = / _[A-Za-z0-9_]*(?=[;[])/g;
const oneField = /\t\t(integer \{[^}]*\}|string) (_[A-Za-z0-9_]*)(?:\[(\d+)\]|\[ (_[A-Za-z0-9_]*) \])?;\n/g;

/** Longer blocks might have more fields than a structure may have; the general parser counts them. */
const longestFields = 65_536;

/** The event block that begins at `start` of `text`, if it is of the plain form. */
export function plainEventAt(text: string, start: number): PlainEvent | undefined {
  block.lastIndex = start;
  const found = block.exec(text);
  if (found === null) return undefined;
  const fields = found[6]!;
  if (fields.length > longestFields) return undefined;
  const names = fields.match(namesOfFields) ?? [];
  if (names.length > 1 && new Set(names).size < names.length) return undefined;
  return {
    name: found[1]!,
    id: Number(found[2]),
    streamId: found[3] === undefined ? undefined : Number(found[3]),
    logLevel: found[4] === undefined ? undefined : Number(found[4]),
    emfUri: found[5] === undefined || found[5] === '' ? undefined : found[5],
    fields,
    end: block.lastIndex,
  };
}

/** A field of a plain event, in the words of its line. */
export interface PlainField {
  readonly type: string;
  /** As written, with the leading underscore. */
  readonly name: string;
  /** Of an array. */
  readonly length: number | undefined;
  /** The field that holds the length of a sequence. */
  readonly lengthName: string | undefined;
}

/** The fields of a plain event, in their order. */
export function plainFieldsOf({ fields }: PlainEvent): PlainField[] {
  return Array.from(fields.matchAll(oneField), ([, type = '', name = '', length, lengthName]) => ({
    type,
    name,
    length: length === undefined ? undefined : Number(length),
    lengthName,
  }));
}
