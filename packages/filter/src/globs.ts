/** Patterns with stars, as LTTng has them in event names and string literals: `*` stands for any text. */

/** A pattern: the texts between its stars, in order. One part alone is a text without stars. */
export type GlobParts = readonly string[];

/**
 * Reads a pattern: `*` is a star, a backslash takes the special meaning of the character after it.
 */
export function parseGlob(pattern: string): GlobParts {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === '*') {
      parts.push(part);
      part = '';
    } else if (char === '\\' && at + 1 < pattern.length) {
      at += 1;
      part += pattern[at]!;
    } else {
      part += char;
    }
  }
  parts.push(part);
  return parts;
}

/** Writes a pattern so that {@link parseGlob} reads the same parts. */
export function printGlob(parts: GlobParts): string {
  return parts.map((part) => part.replaceAll(/[\\*]/g, (char) => `\\${char}`)).join('*');
}

/** Whether the pattern matches the whole text. The time is bounded by the product of the two lengths. */
export function globMatches(parts: GlobParts, text: string): boolean {
  const first = parts[0]!;
  if (parts.length === 1) return text === first;
  const last = parts[parts.length - 1]!;
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  // The earliest place of each part leaves the most room for those after it.
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index]!;
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
