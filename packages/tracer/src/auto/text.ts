/** Longest text that an automatic event carries, in UTF-16 code units. */
export const maxTextLength = 2048;

/** The text, cut at `maxTextLength` with an ellipsis. */
export function bounded(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`;
}

/**
 * What automatic events and contexts carry for a text that is absent or empty. They never carry an empty string: babeltrace2 2.0
 * prints the field's previous text in its place.
 */
export const noText = '-';

/** A header, path or name that may be absent or of another type; {@link noText} then, and for an empty one. */
export function textOrNone(value: unknown): string {
  // By the length: texts that Node.js has just read are compared by their characters.
  return typeof value === 'string' && value.length > 0 ? bounded(value) : noText;
}
