/** Longest text that an automatic event carries, in UTF-16 code units. */
export const maxTextLength = 2048;

/** The text, cut at `maxTextLength` with an ellipsis. */
export function bounded(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`;
}

/** A header, path or name that may be absent or of another type. */
export function textOrEmpty(value: unknown): string {
  return typeof value === 'string' ? bounded(value) : '';
}
