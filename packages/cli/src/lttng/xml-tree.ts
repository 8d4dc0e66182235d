/** Reads documents of XML that hold elements and text, as LTTng's do, and refuses what such documents never have. */
import { SpoorError } from '@spoor/base';
import { SaxesParser } from 'saxes';

/** An element that was read. */
export interface XmlNode {
  readonly name: string;
  readonly children: readonly XmlNode[];
  /** Its text, without spaces around it; empty where it has elements. */
  readonly text: string;
  /** Where it begins. Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** LTTng's documents are 17 levels deep at most, and small. */
const MOST_LEVELS = 32;
const MOST_ELEMENTS = 1_000_000;

interface OpenNode extends XmlNode {
  readonly children: XmlNode[];
  text: string;
}

function refused(file: string, line: number, column: number, what: string, hint?: string): SpoorError {
  return new SpoorError('lttng/malformed-xml', what, { where: `${file}:${line}:${column}`, hint });
}

/** An error about an element that was read. */
export function atNode(file: string, { line, column }: XmlNode, what: string, hint?: string): SpoorError {
  return new SpoorError('lttng/session-file', what, { where: `${file}:${line}:${column}`, hint });
}

/**
 * Reads a document.
 * @param file how it is called in errors.
 * @throws SpoorError `lttng/malformed-xml`, with line and column.
 */
export function readXml(text: string, file: string): XmlNode {
  const parser = new SaxesParser({ position: true });
  const open: OpenNode[] = [];
  let root: XmlNode | undefined;
  let elementCount = 0;
  // The parser goes on behind an error unless somebody throws.
  const fail = (what: string, hint?: string): never => {
    throw refused(file, parser.line, parser.column + 1, what, hint);
  };
  let begin = { line: 1, column: 1 };
  parser.on('error', ({ message }) => fail(message.replace(/^.*?\d+:\d+: /, '').replace(/\.$/, '')));
  parser.on('doctype', () => fail('a document type is not taken', 'entities can make a small file large'));
  parser.on('opentagstart', () => {
    begin = { line: parser.line, column: parser.column };
  });
  parser.on('opentag', ({ name }) => {
    elementCount += 1;
    if (elementCount > MOST_ELEMENTS) fail(`there are more than ${MOST_ELEMENTS} elements`);
    if (open.length >= MOST_LEVELS) fail(`elements are more than ${MOST_LEVELS} levels deep`);
    open.push({
      name,
      children: [],
      text: '',
      line: begin.line,
      column: Math.max(1, begin.column - name.length - 1),
    });
  });
  parser.on('text', (part) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += part;
  });
  parser.on('cdata', (part) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += part;
  });
  parser.on('closetag', () => {
    const node = open.pop()!;
    node.text = node.text.trim();
    if (node.children.length > 0 && node.text !== '') {
      fail(`<${node.name}> has text and elements`);
    }
    const parent = open.at(-1);
    if (parent === undefined) root = node;
    else parent.children.push(node);
  });
  parser.write(text).close();
  return root ?? fail('there is no element');
}
