import { SpoorError } from '@spoor/base';
import { assert, gen, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readMetadata, type MetadataOptions } from './metadata.ts';
import type { FieldClass, StructureFieldClass } from './model.ts';
import { ctf2Fragments, ctf2Text } from './testing/ctf2-sample.ts';
import { mutate } from './testing/mutate.ts';
import { formatTsdl } from './tsdl-writer.ts';

const read = (text: string, options?: MetadataOptions) =>
  readMetadata(new TextEncoder().encode(text), 'metadata', options);

function members(structure: StructureFieldClass | undefined): Readonly<Record<string, FieldClass>> {
  return Object.fromEntries((structure?.members ?? []).map(({ name, fieldClass }) => [name, fieldClass]));
}

/** The error of metadata that must be refused. */
function refusal(text: string): SpoorError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('metadata of CTF 2', () => {
  const trace = read(ctf2Text());
  const [stream] = trace.streamClasses;
  const [scalars, compounds] = stream!.eventClasses;

  test('trace, clock and stream', () => {
    expect(trace.version).toBe('2');
    expect(trace.uuid).toBe('2a6422d0-6cee-11e0-8c08-cb07d7b3a564');
    expect(trace.identity).toEqual({ namespace: 'example.com', name: 'sample', uid: 'one' });
    expect([...trace.environment]).toEqual([
      ['hostname', 'here'],
      ['answer', 42n],
      ['big', (1n << 64n) - 1n],
    ]);
    expect(trace.clockClasses).toEqual([
      {
        name: 'main',
        identity: { namespace: 'example.com', name: 'monotonic', uid: 'boot 17' },
        description: 'counts from the start',
        frequencyHz: 1_000_000_000n,
        precisionTicks: 3n,
        accuracyTicks: 100n,
        offsetSeconds: 1_700_000_000n,
        offsetTicks: 5n,
        absolute: true,
      },
    ]);
    expect(stream).toMatchObject({ id: 3n, identity: { name: 'stream' }, clockClass: trace.clockClasses[0] });
    expect(members(trace.packetHeader)['uuid']).toEqual({
      kind: 'static-blob',
      lengthBytes: 16,
      mediaType: 'application/octet-stream',
      roles: ['metadata-stream-uuid'],
    });
    expect(members(stream!.packetContext)['begin']).toMatchObject({
      roles: ['default-clock-timestamp'],
      clockName: 'main',
    });
  });

  test('scalars', () => {
    expect(scalars).toMatchObject({
      id: 0n,
      name: 'scalars',
      logLevel: 13,
      attributes: { 'lttng.org,2009': { 'log-level': 'debug-line' } },
    });
    const fields = members(scalars!.payload);
    expect(fields['bits']).toEqual({
      kind: 'bit-array',
      lengthBits: 12,
      byteOrder: 'be',
      alignmentBits: 8,
      reversed: true,
    });
    expect(fields['map']).toMatchObject({ kind: 'bit-array', flags: [{ label: 'write' }, {}, {}] });
    expect(fields['yes']).toMatchObject({ kind: 'boolean', alignmentBits: 1 });
    expect(fields['kind']).toMatchObject({ kind: 'integer', mappings: [{ label: 'one' }, { label: 'few' }] });
    expect(fields['hex']).toMatchObject({ displayBase: 16 });
    expect(fields['signed']).toMatchObject({
      signed: true,
      mappings: [{ ranges: [{ lower: -(1n << 63n), upper: -(1n << 63n) }] }],
    });
    expect(fields['uleb']).toMatchObject({ kind: 'integer', signed: false, variableLength: true });
    expect(fields['sleb']).toMatchObject({ kind: 'integer', signed: true, variableLength: true });
  });

  test('what depends on other fields', () => {
    const fields = members(compounds!.payload);
    expect(fields['fixed']).toEqual({ kind: 'static-string', lengthBytes: 8, encoding: 'utf-32be' });
    expect(fields['blob']).toEqual({
      kind: 'dynamic-blob',
      lengthLocation: { scope: 'event-payload', path: ['length'] },
      mediaType: 'image/png',
    });
    expect(fields['many']).toMatchObject({ alignmentBits: 16 });
    const inner = members(fields['inner'] as StructureFieldClass);
    expect(inner['maybe']).toMatchObject({
      kind: 'optional',
      selectorLocation: { scope: 'event-payload', path: ['inner', 'has'] },
    });
    expect(inner['maybe_not']).toMatchObject({
      selectorLocation: { path: ['length'] },
      ranges: [{ lower: 100n, upper: 200n }],
    });
    expect(fields['choice']).toMatchObject({
      kind: 'variant',
      selectorLocation: { scope: 'event-specific-context', path: ['tag'] },
      options: [{ name: 'small' }, { name: '' }],
    });
  });

  test('attributes of classes, members and field classes', () => {
    const [preamble] = ctf2Fragments();
    const attributes = { 'x.org': { list: [1, 1.5, null, true], deep: {} } };
    const text = ctf2Text([
      preamble,
      {
        type: 'field-class-alias',
        name: 'u8',
        'field-class': { type: 'static-length-blob', length: 1, attributes },
      },
      { type: 'trace-class', attributes },
      {
        type: 'data-stream-class',
        attributes,
        'packet-context-field-class': {
          type: 'structure',
          'member-classes': [{ name: 'a', 'field-class': 'u8', attributes }],
        },
      },
    ]);
    const result = read(text.replaceAll('1.5', '99999999999999999999'));
    const kept = { 'x.org': { list: [1, 99999999999999999999n, null, true], deep: {} } };
    expect(result.attributes).toEqual(kept);
    const [only] = result.streamClasses;
    expect(only!.attributes).toEqual(kept);
    const [first] = only!.packetContext!.members;
    expect(first).toMatchObject({
      name: 'a',
      attributes: kept,
      fieldClass: { kind: 'static-blob', attributes: kept },
    });
  });

  test('in packets of either byte order', () => {
    const content = new TextEncoder().encode(ctf2Text());
    for (const littleEndian of [true, false]) {
      const packet = new Uint8Array(37 + content.length + 3);
      const view = new DataView(packet.buffer);
      view.setUint32(0, 0x75d11d57, littleEndian);
      view.setUint32(24, (37 + content.length) * 8, littleEndian);
      view.setUint32(28, packet.length * 8, littleEndian);
      packet.set([2, 0], 35);
      packet.set(content, 37);
      expect(readMetadata(packet)).toEqual(trace);
    }
  });

  test('TSDL has no words for it', () => {
    expect(() => formatTsdl(trace)).toThrow('CTF 1.8 has no words for');
  });

  test('bytes that are no UTF-8 are refused, not guessed', () => {
    const text = ctf2Text().replace('by hand', 'é?');
    const bytes = new TextEncoder().encode(text);
    const at = bytes.lastIndexOf(0x3f, bytes.indexOf(0xa9) + 1);
    bytes[at] = 0xff;
    expect(() => readMetadata(bytes)).toThrow(
      expect.objectContaining({ code: 'ctf/metadata-syntax', where: `metadata at byte ${at}` }),
    );
  });

  test('empty fragments are passed over; a last one that is cut short is told of', () => {
    expect(read(`\u001e\u001e\n${ctf2Text()}\u001e \n`)).toEqual(trace);
    const text = ctf2Text();
    const cut = text.slice(0, text.lastIndexOf('"options"'));
    expect(refusal(cut)).toMatchObject({ code: 'ctf/metadata-syntax' });
    const told: SpoorError[] = [];
    const rest = read(cut, { onTruncated: (error) => told.push(error) });
    expect(told).toHaveLength(1);
    expect(rest.streamClasses[0]!.eventClasses).toEqual([scalars]);
  });
});

describe('what is wrong is refused with its place', () => {
  // What to change in the sample, what the message says, and the text at the place that it names.
  const cases: readonly (readonly [
    name: string,
    from: string | RegExp,
    to: string,
    message: string,
    at: string,
  ])[] = [
    ['an unknown property', '"frequency"', '"odd": 1, "frequency"', '`odd` is not known here', '1, "freq'],
    ['a missing property', '"length": 12,', '', '`length` is missing', '{'],
    [
      'a property of another kind',
      '"length": 12,',
      '"length": "12",',
      'expected an integer, not a string',
      '"12"',
    ],
    ['too many bits', '"length": 12,', '"length": 65,', '65 is not from 1 to 64', '65'],
    ['an odd alignment', '"alignment": 8', '"alignment": 12', '12 is no power of two', '12'],
    ['an unknown byte order', '"big-endian"', '"middle"', '`middle` is none of', '"middle"'],
    ['an unknown type', '"fixed-length-boolean"', '"boolean"', 'no type of field class', '"boolean"'],
    ['an unknown fragment', '"field-class-alias"', '"alias"', 'no type of fragment', '"alias"'],
    ['an unknown alias', '"field-class": "u8"', '"field-class": "u9"', 'no field class alias `u9`', '"u9"'],
    ['an extension', '"extensions": {}', '"extensions": {"x.org": {"more": 1}}', '`x.org/more`', '{"more'],
    ['version 3', '"version": 2', '"version": 3', 'not version 2', '3'],
    ['a short UUID', /42,\s+/, '', '16 integers', '['],
    ['no preamble', '"preamble"', '"trace-class"', 'must be the preamble', '{'],
    [
      'a role elsewhere',
      '"packet-content-length"',
      '"event-record-class-id"',
      'has no meaning',
      '"event-rec',
    ],
    ['no clock', '"default-clock-class-id": "main",', '', 'needs the property', '['],
    [
      'another clock',
      '"default-clock-class-id": "main"',
      '"default-clock-class-id": "m"',
      'no clock class',
      '"m"',
    ],
    ['a second too many cycles', '"cycles": 5', '"cycles": 1000000000', 'a second or more', '1000000000'],
    ['a clock that stands', '"frequency": 1000000000', '"frequency": 0', '0 is not from 1', '0'],
    [
      'a stream that is missing',
      /"data-stream-class-id": 3,\s+"name": "compounds"/,
      '"name": "c"',
      'no data stream class 0',
      '{',
    ],
    ['two events of one id', '"id": 1,', '"id": 0,', 'has an event record class 0 already', '0'],
    ['a length after its use', /"path": \[\s+"length"\s+\]/, '"path": ["many"]', 'no such field before', '{'],
    [
      'a length that is text',
      /"path": \[\s+"length"\s+\]/,
      '"path": ["text"]',
      'must be an unsigned integer',
      '{',
    ],
    ['a boolean with ranges', /null,\s+"length"/, '"has"', 'must be an integer', '{'],
    [
      'a way out of the scope',
      /null,\s+"length"/,
      'null, null, "length"',
      'leads out of the scope',
      'null, "len',
    ],
    ['a path to nowhere', /null,\s+"length"/, '"length", null', 'must end with the name', 'null'],
    ['options that overlap', /4\s+\]/, '5]', 'chooses two options', '['],
    ['a range upside down', /5,\s+9/, '9, 5', 'is greater than', '['],
    ['a magic number in 16 bits', /"length": 32/, '"length": 16', 'unsigned integer of 32 bits', '{'],
    [
      'a drafted location',
      /\{\s+"path": \[\s+"length"\s+\]\s+\}/,
      '["length"]',
      'expected an object',
      '["length',
    ],
    ['one name twice', '"name": "y"', '"name": "x"', 'has a member `x` already', '"x"'],
    ['an unfinished object', /\}\n$/, '', 'expected `,` or `}`', ''],
    ['a comma too many', '"version": 2,', '"version": 2,,', 'expected the name of a property', ','],
  ];
  test.each(cases)('%s', (_name, from, to, message, at) => {
    const text = ctf2Text();
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    const error = refusal(changed);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^fragment \d+/);
    expect(error.code).toMatch(/^ctf\/metadata-/);
    const [, line, column] = /^metadata:(\d+):(\d+)$/.exec(error.where!)!;
    const there = changed.split('\n')[Number(line) - 1]!.slice(Number(column) - 1);
    expect(there.slice(0, at.length)).toBe(at);
  });

  test('the message names the way to the value', () => {
    const text = ctf2Text().replace('"length": 12,', '"length": 0,');
    expect(refusal(text).message).toBe(
      'fragment 7, `payload-field-class.member-classes[0].field-class.length`: 0 is not from 1 to 64',
    );
  });

  test('without data stream classes, or roles that tell several apart', () => {
    const fragments = ctf2Fragments();
    expect(refusal(ctf2Text(fragments.slice(0, 1))).message).toContain('no data stream class');
    const second = { ...fragments[5], id: 4 };
    expect(read(ctf2Text([...fragments, second])).streamClasses).toHaveLength(2);
    const text = ctf2Text([...fragments, second]).replace(/"data-stream-class-id"\s+\]/, ']');
    expect(refusal(text).message).toContain('must have the role `data-stream-class-id`');
    expect(refusal(ctf2Text().replace(/"event-record-class-id"\s+\]/, ']')).message).toContain(
      'must have the role `event-record-class-id`',
    );
  });
});

describe('damaged or hostile', () => {
  /** Nothing but a SpoorError may come out, and it must not take long. */
  function survive(text: string): boolean {
    const began = performance.now();
    try {
      read(text);
      return true;
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      expect(error.code).toMatch(/^ctf\/metadata-/);
      expect(error.where).not.toBe(undefined);
      return false;
    } finally {
      expect(performance.now() - began).toBeLessThan(10_000);
    }
  }

  test('damaged text is read or refused', () => {
    const text = ctf2Text();
    let refused = 0;
    assert(
      property(gen(), (g) => {
        if (!survive(mutate(g, text))) refused += 1;
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('properties that go astray are read or refused', () => {
    const words = ctf2Text().match(/"[\w-]+"|\d+|null|\[|\{/g)!;
    assert(
      property(gen(), (g) => {
        let left = 1 + g(nat, 2);
        const text = ctf2Text().replaceAll(/"[\w-]+"|\d+|null/g, (word) => {
          if (left === 0 || g(nat, 80) !== 0) return word;
          left -= 1;
          const other = words[g(nat, words.length - 1)]!;
          return other === '[' ? '[]' : other === '{' ? '{}' : other;
        });
        survive(text);
      }),
      { numRuns: 500 },
    );
  });

  const start = '\u001e{"type":"preamble","version":2}\u001e';
  const doubling = Array.from(
    { length: 60 },
    (_, level) =>
      `{"type":"field-class-alias","name":"a${level + 1}","field-class":{"type":"structure","member-classes":[` +
      `{"name":"x","field-class":"a${level}"},{"name":"y","field-class":"a${level}"}]}}`,
  ).join('\u001e');
  const scalar = '{"type":"field-class-alias","name":"a0","field-class":{"type":"null-terminated-string"}}';
  const array = '{"type":"static-length-array","length":1000000000,"element-field-class":';
  test.each([
    ['nesting without end', `${start}${'[{"a":'.repeat(50_000)}`],
    ['aliases that double', `${start}${scalar}\u001e${doubling}`],
    [
      'arrays of arrays',
      `${start}{"type":"data-stream-class","packet-context-field-class":{"type":"structure","member-classes":` +
        `[{"name":"x","field-class":${array.repeat(100)}{"type":"structure"}${'}'.repeat(100)}}]}}`,
    ],
    ['a number without end', `${start}{"type":${'9'.repeat(200_000)}}`],
  ])('%s', (_name, text) => {
    expect(survive(text)).toBe(false);
  });
});
