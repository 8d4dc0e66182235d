/** Elements of XML, as LTTng's documents have them: an element has elements or text in it, never both. */

/** An element that is to be written. */
export interface XmlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Elements in their order, or text. */
  readonly content: readonly XmlElement[] | string;
}

/** What an element can be made of; `undefined` among elements stands for none. */
export type XmlContent = readonly (XmlElement | undefined)[] | string | number | boolean;

/** Makes an element. Numbers and truth values are written as XML Schema has them. */
export function element(
  name: string,
  content: XmlContent = [],
  attributes?: Readonly<Record<string, string>>,
): XmlElement {
  return {
    name,
    ...(attributes === undefined ? {} : { attributes }),
    content:
      typeof content === 'object' ? content.filter((part) => part !== undefined) : withoutForbidden(content),
  };
}

/** Characters that XML 1.0 cannot have, not even escaped; names of sessions and filters may. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

function withoutForbidden(content: string | number | boolean): string {
  return String(content).replaceAll(forbidden, '\ufffd');
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"\r]/g, (character) => escapes[character]!);
}

/**
 * A document of one root element.
 * @param indentation what each level is indented by; in one line, as `lttng --mi xml` prints, when absent.
 */
export function xmlDocument(root: XmlElement, indentation?: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${elementText(root, indentation, '\n')}\n`;
}

function elementText(
  { name, attributes = {}, content }: XmlElement,
  step: string | undefined,
  margin: string,
): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const begin = `<${name}${head.join('')}`;
  if (content.length === 0) return typeof content === 'string' ? `${begin}></${name}>` : `${begin}/>`;
  if (typeof content === 'string') return `${begin}>${escaped(content)}</${name}>`;
  const inner = step === undefined ? '' : margin + step;
  const parts = content.map((part) => inner + elementText(part, step, margin + (step ?? '')));
  return `${begin}>${parts.join('')}${step === undefined ? '' : margin}</${name}>`;
}
