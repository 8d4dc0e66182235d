import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { ContextCatalogue } from './contexts.ts';
import { declare } from './declaration.ts';
import { RuleSet } from './event-rules.ts';
import { preparedText } from './field-types.ts';
import { PreparedText } from './prepared-text.ts';
import type { Sink } from './serialiser.ts';
import { StringCache } from './string-cache.ts';
import { makeMemoryRing, payloadBytes, sinksOf } from './testing/memory-trace.ts';
import { makeWalkingSerialiser } from './walk.ts';

const prepared = declare('test:prepared', [
  ['a', 'u32'],
  ['text', preparedText],
  ['b', 'u8'],
]);
const plain = declare('test:plain', [
  ['a', 'u32'],
  ['text', 'string'],
  ['b', 'u8'],
]);

function preparedOf(...pieces: readonly string[]): PreparedText {
  const text = new PreparedText(4096);
  for (const piece of pieces) expect(text.addText(piece)).toBe(true);
  return text;
}

function hexOf(bytes: Uint8Array | undefined): string {
  expect(bytes).toBeDefined();
  return Buffer.from(bytes!).toString('hex');
}

test('is recorded as the string that it makes, by both ways to serialise', () => {
  const [asString, generated, walking] = [makeMemoryRing(), makeMemoryRing(), makeMemoryRing()];
  const emitString = compileSerialiser(plain, sinksOf(asString, 0), asString.stacks);
  const emitGenerated = compileSerialiser(prepared, sinksOf(generated, 0), generated.stacks);
  const emitWalking = makeWalkingSerialiser(prepared, sinksOf(walking, 0), walking.stacks);
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 6 }), (pieces) => {
      const text = preparedOf(...pieces);
      const wanted = hexOf(payloadBytes(asString, () => emitString(7, pieces.join(''), 9)));
      expect(hexOf(payloadBytes(generated, () => emitGenerated(7, text, 9)))).toBe(wanted);
      expect(hexOf(payloadBytes(walking, () => emitWalking(7, text, 9)))).toBe(wanted);
    }),
  );
});

test('is a text for filters', () => {
  const catalogue = new ContextCatalogue(new Map(), () => {});
  const rules = new RuleSet([{ name: '*', exclude: [], filter: 'text == "*route*" && b == 1' }]);
  const filters = rules.verdict(prepared, catalogue) as NonNullable<Sink['filters']>;
  for (const make of [compileSerialiser, makeWalkingSerialiser]) {
    const ring = makeMemoryRing();
    const emit = make(prepared, [{ ...sinksOf(ring, 0)[0]!, filters }], ring.stacks);
    emit(1, preparedOf('{"http.', 'route":1}'), 1);
    emit(2, preparedOf('{"http.', 'route":1}'), 0);
    emit(3, preparedOf('{}'), 1);
    expect(ring.writer.ring.committed[0]).toBe(1);
  }
});

test('takes a piece whole or not at all', () => {
  const text = new PreparedText(10);
  expect(text.addText('12345678')).toBe(true);
  expect(text.addText('€')).toBe(false);
  expect(text.addQuoted('x')).toBe(false);
  expect(text.addNumber(-10)).toBe(false);
  expect(text.addKept(new StringCache(), 'abc')).toBe(false);
  expect(String(text)).toBe('12345678');
  expect(text.addKept(new StringCache(), 'ab')).toBe(true);
  expect(text.addCharacter(65)).toBe(false);
  text.length = 8;
  expect(text.addNumber(42)).toBe(true);
  expect(String(text)).toBe('1234567842');
  expect(text.sizeBytes).toBe(11);
});

test('keeps what a cache makes of a text, be it empty or too long to be kept', () => {
  const cache = new StringCache((name) => `<${name}>`);
  const text = new PreparedText(1000);
  const long = 'x'.repeat(300);
  for (const name of ['', 'a', long, 'a', '']) expect(text.addKept(cache, name)).toBe(true);
  expect(String(text)).toBe(`<><a><${long}><a><>`);
});
