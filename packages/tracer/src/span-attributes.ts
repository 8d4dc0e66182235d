// Attributes of spans as JSON text of bounded length. The text is all that is made: the loop that decides whether the
// whole object may be handed to JSON.stringify makes nothing.
import { maxTextLength } from './auto/text.ts';

/** Attributes as OpenTelemetry has them: primitives, and lists of these. */
export interface SpanAttributes {
  readonly [name: string]: unknown;
}

/** Longest JSON text of one span's attributes, in UTF-16 code units. */
export const maxAttributesLength = 8192;

/** Longest list that is not cut. */
const maxElements = 128;

const empty = '{}';

/** What {@link attributesText} returns; one object, for the next call to fill again. */
const result = { text: empty, dropped: 0 };

/** JSON text of attributes, and how many were left out because they are too many or no values. */
export function attributesText(attributes: SpanAttributes): {
  readonly text: string;
  readonly dropped: number;
} {
  result.dropped = 0;
  result.text = empty;
  let size = 2;
  let plain = true;
  for (const name in attributes) {
    const value = attributes[name];
    size += name.length + 4;
    if (typeof value === 'string') {
      size += value.length + 2;
      if (value.length > maxTextLength) plain = false;
    } else if (typeof value === 'number') {
      size += 24;
      // JSON has no word for what is not finite.
      if (value - value !== 0) plain = false;
    } else if (typeof value === 'boolean') {
      size += 5;
    } else {
      plain = false;
    }
  }
  if (size === 2) return result;
  if (plain && size <= maxAttributesLength) {
    const text = JSON.stringify(attributes);
    // Characters that are escaped take up to six.
    if (text.length <= maxAttributesLength) {
      result.text = text;
      return result;
    }
  }
  return byMember(attributes);
}

/** The same member by member: each is cut, and what does not fit any more is left out. */
function byMember(attributes: SpanAttributes): { readonly text: string; readonly dropped: number } {
  let text = '';
  let dropped = 0;
  for (const name of Object.keys(attributes)) {
    const value = valueText(attributes[name]);
    const member = value === undefined ? '' : `${JSON.stringify(name)}:${value}`;
    if (value === undefined || text.length + member.length + 3 > maxAttributesLength) dropped += 1;
    else text += text === '' ? member : `,${member}`;
  }
  result.text = `{${text}}`;
  result.dropped = dropped;
  return result;
}

function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return JSON.stringify(value.length <= maxTextLength ? value : `${value.slice(0, maxTextLength - 1)}…`);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return undefined;
  const elements = value.slice(0, maxElements).map((element) => valueText(element) ?? 'null');
  return `[${elements.join(',')}]`;
}
