// What is read of event blocks of the plain form must be what the general parser reads, and so must its complaints.
import { SpoorError } from '@spoor/base';
import { assert, gen, nat, property, type GeneratorValue } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TraceClass } from './model.ts';
import { lttngSample } from './testing/lttng-sample.ts';
import { mutate } from './testing/mutate.ts';
import { tokenize } from './tsdl-lexer.ts';
import { parseBlocks } from './tsdl-parser.ts';
import { plainEventAt } from './tsdl-plain-event.ts';
import { isKnownSelfContained } from './tsdl-plain-payload.ts';
import { modelOf } from './tsdl-to-model.ts';

function read(text: string, recognizePlain: boolean): TraceClass {
  const tokens = tokenize(text, 'metadata', recognizePlain);
  return modelOf(
    parseBlocks(tokens, () => {}, false),
    tokens,
  );
}

/** The model with all that is made later made now, or the complaint. */
function outcome(text: string, recognizePlain: boolean): unknown {
  try {
    const model = read(text, recognizePlain);
    const streamClasses = model.streamClasses.map((streamClass) => ({
      ...streamClass,
      eventClasses: streamClass.eventClasses.map((eventClass) => ({ ...eventClass })),
    }));
    return { ...model, streamClasses };
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    return `${error.where}: ${error.message}`;
  }
}

const signedInt = 'integer { size = 32; align = 8; signed = 1; encoding = none; base = 10; }';
const unsignedByte =
  'integer { size = 8; align = 8; signed = 0; encoding = UTF8; base = 16; byte_order = be; }';

const blockOf = (id: number, fields: readonly string[], more = ''): string =>
  `event {\n\tname = "e${id}";\n\tid = ${id};\n\tstream_id = 0;\n${more}\tfields := struct {\n` +
  `${fields.map((field) => `\t\t${field}\n`).join('')}\t};\n};\n\n`;

const usual = [
  `${signedInt} _a;`,
  `${unsignedByte} _text[16];`,
  'string _s;',
  `${unsignedByte} __items_length;`,
  `${signedInt} _items[ __items_length ];`,
  `${unsignedByte} _last;`,
];

describe('blocks of the plain form', () => {
  test('are recognised', () => {
    const blocks = blockOf(1, usual, '\tloglevel = 13;\n') + blockOf(2, []) + blockOf(3, ['string _only;']);
    const { streamClasses } = read(lttngSample + blocks, true);
    const [, ...plain] = streamClasses[0]!.eventClasses;
    expect(plain.map((eventClass) => isKnownSelfContained(eventClass))).toEqual([true, true, true]);
    expect(plain.map(({ name, id, logLevel }) => [name, id, logLevel])).toEqual([
      ['e1', 1n, 13],
      ['e2', 2n, undefined],
      ['e3', 3n, undefined],
    ]);
    expect(outcome(lttngSample + blocks, true)).toEqual(outcome(lttngSample + blocks, false));
  });

  test.each([
    ['a word that is reserved', [`${signedInt} _Bool;`]],
    ['two fields of one name', [`${signedInt} _a;`, 'string _a;']],
    ['a length that is signed', [`${signedInt} _n;`, `${signedInt} _items[ _n ];`]],
    ['a length that is not there', [`${unsignedByte} _n;`, `${signedInt} _items[ _m ];`]],
    ['a length with a leading zero', [`${signedInt} _items[010];`]],
    ['an integer without bits', [signedInt.replace('32', '0') + ' _a;']],
    ['an alignment that is no power of two', [signedInt.replace('align = 8', 'align = 12') + ' _a;']],
    ['a comment', [`${signedInt} _a; /* event { */`]],
  ])('are not of it with %s', (_what, fields) => {
    const block = blockOf(1, fields);
    expect(plainEventAt(block, 0)).toBe(undefined);
    expect(outcome(lttngSample + block, true)).toEqual(outcome(lttngSample + block, false));
  });

  test('are none in comments, strings and inside of others', () => {
    const block = blockOf(8, usual);
    for (const text of [
      `${lttngSample}/* ${block} */`,
      lttngSample.replace('"box"', `"; ${block.replaceAll(/["\n]/g, ' ')}"`),
      `${lttngSample}struct s { uint8_t a; ${block} };`,
      `${lttngSample}} ${block}`,
      `${lttngSample}uint8_t ${block}`,
      `${block}${lttngSample}`,
    ]) {
      expect(outcome(text, true)).toEqual(outcome(text, false));
    }
  });

  test('refuse a number twice and a stream that is not there, as others do', () => {
    for (const block of [blockOf(7, usual), blockOf(9, usual).replace('stream_id = 0', 'stream_id = 4')]) {
      const refused = outcome(lttngSample + block, true);
      expect(refused).toMatch(/already an event numbered 7|no stream numbered 4/);
      expect(refused).toBe(outcome(lttngSample + block, false));
    }
  });

  test('damaged, are read or refused as the general parser does', () => {
    const field = (g: GeneratorValue): string => usual[g(nat, usual.length - 1)]!;
    let refused = 0;
    assert(
      property(gen(), (g) => {
        const blocks = Array.from({ length: 1 + g(nat, 3) }, () =>
          blockOf(g(nat, 40), g(nat, 1) === 0 ? usual : Array.from({ length: g(nat, 4) }, () => field(g))),
        );
        const text = g(nat, 3) === 0 ? blocks.join('') : mutate(g, blocks.join(''));
        const seen = outcome(lttngSample + text, true);
        expect(seen).toEqual(outcome(lttngSample + text, false));
        if (typeof seen === 'string') refused += 1;
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(50);
  });
});
