/** How names of the model are written in TSDL, and back: the leading underscore, reserved words, string literals. */
import type { Scope } from './model.ts';
import { isTsdlKeyword } from './tsdl-lexer.ts';

/** The name that readers show: one leading underscore, which keeps names off the reserved words, is dropped. */
export function shownName(name: string): string {
  return name.length > 1 && name.charCodeAt(0) === 0x5f ? name.slice(1) : name;
}

/**
 * The name that is written for a shown one. In contexts and payloads every name gets an underscore, as LTTng does; in
 * headers and packet contexts, whose names have a meaning, only those that need it. What cannot stand in a name
 * becomes an underscore too.
 */
export function writtenName(scope: Scope, shown: string): string {
  const name = shown.replace(/[^A-Za-z0-9_]/g, '_');
  const meaningful = scope === 'packet-header' || scope === 'packet-context' || scope === 'event-header';
  return meaningful && isName(name) && !name.startsWith('_') ? name : `_${name}`;
}

/** Whether a text can name a field as it is. */
export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !isTsdlKeyword(text);
}

/** The words that begin an absolute path to a field of a scope, in the scopes' order of decoding. */
export const scopePaths: readonly (readonly [scope: Scope, path: string])[] = [
  ['packet-header', 'trace.packet.header'],
  ['packet-context', 'stream.packet.context'],
  ['event-header', 'stream.event.header'],
  ['event-common-context', 'stream.event.context'],
  ['event-specific-context', 'event.context'],
  ['event-payload', 'event.fields'],
];

/**
 * Texts that stand in a literal as they are: nearly all, those without quotes, backslashes and control characters. (A class of
 * Unicode would say so in one word, and takes V8 a third of a millisecond: it goes through all characters that there are.)
 */
const isPlainText = /^[ !#-[\]-~\u00a0-\uffff]*$/;

/** A string literal. A NUL cannot stand in one: the text ends before it. */
export function stringLiteral(text: string): string {
  if (isPlainText.test(text)) return `"${text}"`;
  const [ended = ''] = text.split('\0', 1);
  let literal = '"';
  for (const character of ended) {
    const code = character.charCodeAt(0);
    if (character === '"' || character === '\\') literal += `\\${character}`;
    else if (character === '\n') literal += '\\n';
    else if (character === '\t') literal += '\\t';
    else if (code < 0x20 || code === 0x7f) literal += `\\${code.toString(8).padStart(3, '0')}`;
    else literal += character;
  }
  return `${literal}"`;
}
