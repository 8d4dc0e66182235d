/** Where in a text something stands, for messages. */
import { SpoorError } from '@spoor/base';

/** `FILE:LINE:COLUMN` of a character, both counted from 1. */
export function placeOf(fileName: string, text: string, offset: number): string {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
    lineStart = at + 1;
  }
  return `${fileName}:${line}:${offset - lineStart + 1}`;
}

/** The error of a text that cannot be read at a character. */
export function syntaxError(fileName: string, text: string, offset: number, message: string): SpoorError {
  return new SpoorError('ctf/metadata-syntax', message, { where: placeOf(fileName, text, offset) });
}
