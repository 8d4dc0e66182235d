import { SpoorError } from '@spoor/base';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type XmlNode, readXml } from './xml-tree.ts';
import { type XmlElement, element, xmlDocument } from './xml.ts';

function refusal(text: string): SpoorError {
  try {
    readXml(text, 'a.lttng');
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

/** What was read, as it was written. */
function written({ name, children, text }: XmlNode): XmlElement {
  return { name, content: children.length > 0 ? children.map(written) : text };
}

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/);
const text = fc
  .string({ unit: 'grapheme', minLength: 1 })
  // What XML cannot have is replaced, line ends are made one, and spaces around a text are none of it.
  .map((value) => element('t', value).content as string)
  .map((value) => value.replaceAll(/\r\n?/g, '\n').trim());
const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    fc.record({ name, content: text }),
    fc.record({ name, content: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
  ),
}));

describe('documents', () => {
  test('are read as they were written, in one line or indented', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom(undefined, '\t'), (root, indentation) => {
        expect(written(readXml(xmlDocument(root, indentation), 'made'))).toEqual(root);
      }),
    );
  });

  test('are written as LTTng writes them', () => {
    const root = element('a', [element('b', 'x < "y" & z'), element('c'), element('d', ''), undefined]);
    expect(xmlDocument(root)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a><b>x &lt; &quot;y&quot; &amp; z</b><c/><d></d></a>\n',
    );
    expect(xmlDocument(element('a', [element('b', 1)]), '\t')).toContain('<a>\n\t<b>1</b>\n</a>\n');
  });

  test('have no characters that XML cannot have', () => {
    expect(element('a', 'x\u0000\u001b\ud800y').content).toBe('x���y');
  });
});

describe('what is no such document is refused with its place', () => {
  test.each([
    ['', /:1:1$/, /element/],
    ['<a>\n  <b></a>', /:2:\d+$/, /close tag/],
    ['<a>\n<b>text<c/></b></a>', /:2:/, /text and elements/],
    ['<!DOCTYPE a [<!ENTITY x "y">]>\n<a>&x;</a>', /:1:/, /document type/],
    ['<a>&lol9;</a>', /:1:/, /entity/],
    [`${'<a>'.repeat(40)}${'</a>'.repeat(40)}`, /:1:\d+$/, /levels deep/],
    ['<a><b/>', /:1:/, /a/],
    ['<a/><b/>', /:1:/, /./],
    ['{"version": 1}', /:1:/, /./],
    ['<a>\u0000</a>', /:1:/, /character/],
  ])('%j', (document, where, what) => {
    const error = refusal(document);
    expect(error.code).toBe('lttng/malformed-xml');
    expect(error.where).toMatch(where);
    expect(error.message).toMatch(what);
  });

  test('any text gives a document or a typed error', () => {
    const piece = fc.constantFrom(
      '<a>',
      '</a>',
      '<b/>',
      '&amp;',
      '&x;',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      'x',
      '<',
      '"',
      '<?p ?>',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), (parts) => {
        try {
          readXml(parts.join(''), 'any');
        } catch (error) {
          expect(error).toBeInstanceOf(SpoorError);
        }
      }),
    );
  });
});

test('places are those of the beginning of an element', () => {
  const root = readXml('<a>\n  <b>1</b>\n  <cc x="1"/>\n</a>', 'a');
  expect(root.children.map(({ name: own, line, column }) => [own, line, column])).toEqual([
    ['b', 2, 3],
    ['cc', 3, 3],
  ]);
});
