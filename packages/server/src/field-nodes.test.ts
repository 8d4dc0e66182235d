import { EnumValue, FlagsValue, type FieldClass, type FieldValue } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { fieldNodes, fieldsLine, valueText } from './field-nodes.ts';

const bits = { lengthBits: 8, byteOrder: 'le', alignmentBits: 8 } as const;
const small: FieldClass = { kind: 'integer', signed: false, ...bits, displayBase: 10, roles: [] };
const location = { scope: 'event-payload', path: ['n'] } as const;

test.each<[string, FieldClass, FieldValue, string]>([
  ['a bit array', { kind: 'bit-array', ...bits }, 0xa5, '0xa5'],
  [
    'a bit map',
    { kind: 'bit-array', ...bits, flags: [] },
    new FlagsValue(3, ['read', 'write']),
    'read | write (0x3)',
  ],
  ['a boolean', { kind: 'boolean', ...bits }, true, 'true'],
  ['text with a length', { kind: 'static-string', lengthBytes: 4, encoding: 'utf-8' }, 'a"b', '"a\\"b"'],
  ['a BLOB', { kind: 'static-blob', lengthBytes: 2, mediaType: 'a/b' }, Uint8Array.of(10, 255), '0a ff'],
  ['what is not there', { kind: 'optional', selectorLocation: location, fieldClass: small }, null, '(none)'],
  ['what is there', { kind: 'optional', selectorLocation: location, fieldClass: small }, 7, '7'],
  ['a labelled number', small, new EnumValue(1, ['one', 'few']), 'one | few (1)'],
])('%s', (_name, fieldClass, value, expected) => {
  expect(valueText(fieldClass, value)).toBe(expected);
  const structure = {
    kind: 'structure',
    members: [{ name: 'x', fieldClass }],
    alignmentBits: 8,
  } as const;
  expect(fieldsLine(structure, { x: value })).toBe(`x = ${expected}`);
  expect(fieldNodes(structure, { x: value })).toEqual([{ name: 'x', text: expected, members: undefined }]);
});

test('an optional structure is opened as any structure', () => {
  const inner: FieldClass = {
    kind: 'structure',
    members: [{ name: 'y', fieldClass: small }],
    alignmentBits: 8,
  };
  const structure = {
    kind: 'structure',
    members: [{ name: 'x', fieldClass: { kind: 'optional', selectorLocation: location, fieldClass: inner } }],
    alignmentBits: 8,
  } as const;
  expect(fieldNodes(structure, { x: { y: 5 } })).toEqual([
    { name: 'x', text: '{ 1 field }', members: [{ name: 'y', text: '5', members: undefined }] },
  ]);
});

test('of a long BLOB only the beginning is shown', () => {
  const blob: FieldClass = { kind: 'dynamic-blob', lengthLocation: location, mediaType: 'a/b' };
  const text = valueText(blob, new Uint8Array(1000));
  expect(text.length).toBeLessThan(300);
  expect(text).toContain('(1000 bytes)');
});
