// Attributes of spans as JSON of bounded length, straight into bytes: names are kept as they are written, and no string
// is made of what is short and plain. bench/otel.ts guards its cost.
import { bounded } from './auto/text.ts';
import { PreparedText } from './prepared-text.ts';
import { isArray, isFinite } from './primordials.ts';
import { StringCache } from './string-cache.ts';

/** Attributes as OpenTelemetry has them: primitives, and lists of these. */
export interface SpanAttributes {
  readonly [name: string]: unknown;
}

/** Longest JSON text of one span's attributes, in bytes. */
export const maxAttributesBytes = 8192;

/** Longest list that is not cut. */
const maxElements = 128;

/** In a loop over names V8 knows the answer, which it does not of `Object.hasOwn`. */
const isOwn = Object.prototype.hasOwnProperty;

const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Writes attributes as JSON, again and again into one place. */
export class AttributesWriter {
  /** The JSON text of the last call, until the next. */
  readonly text: PreparedText = new PreparedText(maxAttributesBytes);
  /** Names with what stands around them before their values. */
  readonly #names = new StringCache((name) => `,${JSON.stringify(name)}:`);

  /** Makes {@link text}; returns how many attributes are not in it, because they are too many or no values. */
  write(attributes: SpanAttributes): number {
    const { text } = this;
    let dropped = 0;
    text.length = 0;
    for (const name in attributes) {
      if (!isOwn.call(attributes, name)) continue;
      const begin = text.length;
      // The closing brace must fit, too.
      if (this.#addMember(name, attributes[name]) && text.length < maxAttributesBytes) continue;
      text.length = begin;
      dropped += 1;
    }
    // The first name's comma gives way.
    if (text.length === 0) text.addCharacter(OPENING_BRACE);
    else text.replace(0, OPENING_BRACE);
    text.addCharacter(CLOSING_BRACE);
    return dropped;
  }

  /** False if the value is none, or there is no room. */
  #addMember(name: string, value: unknown): boolean {
    const { text } = this;
    if (typeof value === 'string') {
      return text.addKept(this.#names, name) && text.addQuoted(bounded(value));
    }
    if (typeof value === 'number' && isFinite(value)) {
      return text.addKept(this.#names, name) && text.addNumber(value);
    }
    const json = valueJson(value);
    return json !== undefined && text.addKept(this.#names, name) && text.addText(json);
  }
}

/** JSON of any value; undefined of what is none. */
function valueJson(value: unknown): string | undefined {
  if (typeof value === 'string') return JSON.stringify(bounded(value));
  // JSON has no word for what is not finite.
  if (typeof value === 'number') return isFinite(value) ? JSON.stringify(value) : `"${value}"`;
  if (typeof value === 'boolean') return String(value);
  if (!isArray(value)) return undefined;
  const elements = value.slice(0, maxElements).map((element) => valueJson(element) ?? 'null');
  return `[${elements.join(',')}]`;
}
