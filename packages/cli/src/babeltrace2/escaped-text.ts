/** Texts with escapes, as babeltrace2's command line has them in names of components. */

/** A part of a text, and where it ended. */
export interface TextPart {
  readonly text: string;
  /** Index of the character that ended it; that of the end of the text where none did. */
  readonly end: number;
}

/**
 * The part of a text from `start` up to one of `endCharacters`. A backslash takes one of `escapable` as it is; before
 * other characters it stands for itself.
 */
export function partUntil(text: string, start: number, escapable: string, endCharacters: string): TextPart {
  let part = '';
  let at = start;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === '\\' && at + 1 < text.length) {
      const next = text[at + 1]!;
      part += escapable.includes(next) ? next : `\\${next}`;
      at += 1;
    } else if (endCharacters.includes(character)) {
      break;
    } else {
      part += character;
    }
  }
  return { text: part, end: at };
}

/** A name as it stands in a connection. */
export function escapedName(name: string): string {
  return name.replaceAll(/[\\.:]/g, '\\$&');
}

/** A text as a value of parameters. */
export function quotedValue(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A word as a shell takes it. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}
