/**
 * Texts made of an event's name, as LTTng 2.16 has them for the keys of counter maps: `{event_name}` and
 * `{provider_name}` are replaced.
 */
import { SpoorError } from '@spoor/base';

/** One part of a template. */
export type NameTemplatePart =
  { readonly text: string } | { readonly variable: 'event_name' | 'provider_name' };

/**
 * Reads a template; `{{` and `}}` stand for the braces themselves.
 * @throws SpoorError `filter/template`.
 */
export function parseNameTemplate(template: string): readonly NameTemplatePart[] {
  const parts: NameTemplatePart[] = [];
  let text = '';
  for (let at = 0; at < template.length; at += 1) {
    const char = template[at]!;
    if (char !== '{' && char !== '}') {
      text += char;
    } else if (template[at + 1] === char) {
      text += char;
      at += 1;
    } else {
      const name = char === '{' ? /^\{(event_name|provider_name)\}/.exec(template.slice(at))?.[1] : undefined;
      if (name !== 'event_name' && name !== 'provider_name') {
        throw wrong(template, `character ${at + 1}`);
      }
      if (text !== '') parts.push({ text });
      text = '';
      parts.push({ variable: name });
      at += name.length + 1;
    }
  }
  if (text !== '') parts.push({ text });
  if (parts.length === 0) throw wrong(template, 'it is empty');
  return parts;
}

function wrong(template: string, where: string): SpoorError {
  return new SpoorError('filter/template', `\`${template}\` is no template of names`, {
    where,
    hint: 'text with {event_name} and {provider_name} in it; a brace itself is doubled',
  });
}

/** Whether the template says something of an event. */
export function namesEvent(parts: readonly NameTemplatePart[]): boolean {
  return parts.some((part) => 'variable' in part);
}

/** The text for an event of this name; without an event its names are empty. */
export function expandNameTemplate(parts: readonly NameTemplatePart[], eventName = ''): string {
  const colon = eventName.indexOf(':');
  const providerName = colon < 0 ? '' : eventName.slice(0, colon);
  return parts
    .map((part) => ('text' in part ? part.text : part.variable === 'event_name' ? eventName : providerName))
    .join('');
}
