import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCtf2 } from './ctf2-writer.ts';
import { parseTsdl, readMetadata } from './metadata.ts';
import type { FieldClass, StructureFieldClass, TraceClass } from './model.ts';
import { raiseTraceClass } from './raise-trace-class.ts';
import { arbitraryTraceClass } from './testing/arbitrary-trace-class.ts';
import { ctf2Fragments, ctf2Text } from './testing/ctf2-sample.ts';
import { lttngSample } from './testing/lttng-sample.ts';
import { payloads } from './testing/random-model.ts';

const read = (text: string): TraceClass => readMetadata(new TextEncoder().encode(text));

function traceOf(payload: StructureFieldClass, more: Partial<TraceClass> = {}): TraceClass {
  return {
    version: '1.8',
    byteOrder: 'le',
    environment: new Map(),
    clockClasses: [],
    streamClasses: [{ id: 0n, eventClasses: [{ id: 0n, name: 'e', payload }] }],
    ...more,
  };
}

/** What the metadata can hold and what not: labels without ranges that fit are lost, as are repeated ones. */
function withMergedLabels(traceClass: TraceClass): TraceClass {
  return read(formatCtf2(traceClass));
}

describe('what is written reads back', () => {
  test('the sample, and always as the same text', () => {
    const traceClass = read(ctf2Text());
    const text = formatCtf2(traceClass);
    expect(read(text)).toEqual(traceClass);
    expect(formatCtf2(read(text))).toBe(text);
  });

  test('random field classes of every kind', () => {
    fc.assert(
      fc.property(payloads(true), (payload) => {
        const traceClass = withMergedLabels(raiseTraceClass(traceOf(payload)));
        const text = formatCtf2(traceClass);
        expect(read(text)).toEqual(traceClass);
        expect(formatCtf2(read(text))).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  test('random trace classes of CTF 1.8, raised', () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const original = arbitraryTraceClass(g);
        // Metadata of CTF 2 has a stream class at least, and clocks within 64 bits of seconds of their origin.
        if (original.streamClasses.length === 0) return;
        const clockClasses = original.clockClasses.map((clock) => ({
          ...clock,
          offsetSeconds: 5n,
          offsetTicks: -7n,
        }));
        const byName = new Map(clockClasses.map((clock) => [clock.name, clock]));
        let raised: TraceClass;
        try {
          raised = raiseTraceClass({
            ...original,
            clockClasses,
            streamClasses: original.streamClasses.map((stream) =>
              stream.clockClass === undefined
                ? stream
                : { ...stream, clockClass: byName.get(stream.clockClass.name)! },
            ),
          });
        } catch (error) {
          // Some variants have no option that can be chosen.
          expect(error).toMatchObject({ code: 'ctf/not-expressible' });
          return;
        }
        const text = formatCtf2(raised);
        const back = read(text);
        expect(formatCtf2(back)).toBe(text);
        expect(
          back.streamClasses.map(({ eventClasses }) => eventClasses.map(({ name, id }) => [name, id])),
        ).toEqual(
          raised.streamClasses.map(({ eventClasses }) => eventClasses.map(({ name, id }) => [name, id])),
        );
        expect(back.environment).toEqual(raised.environment);
        expect(back.packetHeader).toEqual(raised.packetHeader);
        expect(back.streamClasses.map(({ packetContext }) => packetContext)).toEqual(
          raised.streamClasses.map(({ packetContext }) => packetContext),
        );
      }),
      { numRuns: 200 },
    );
  });
});

test('one fragment a line, without what holds anyway', () => {
  const [preamble, ...fragments] = formatCtf2(raiseTraceClass(parseTsdl(lttngSample))).split('\n');
  expect(preamble?.slice(1)).toMatch(/^\{"type":"preamble","version":2,"uuid":\[\d+(?:,\d+){15}\]\}$/);
  expect(fragments.at(-1)).toBe('');
  expect(
    fragments.slice(0, -1).every((line) => line.startsWith('\u001e{"type":"') && line.endsWith('}')),
  ).toBe(true);
  expect(fragments.join('\n')).not.toContain('"alignment":1,');
});

const member = (name: string, fieldClass: FieldClass): StructureFieldClass => ({
  kind: 'structure',
  members: [{ name, fieldClass }],
  alignmentBits: 8,
});
const u8: FieldClass = {
  kind: 'integer',
  signed: false,
  lengthBits: 8,
  byteOrder: 'le',
  alignmentBits: 8,
  displayBase: 10,
  roles: [],
};

describe('raising a trace class of CTF 1.8', () => {
  const fieldOf = (fields: string): FieldClass => {
    const raised = raiseTraceClass(
      parseTsdl(`/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
typealias integer { size = 8; align = 8; encoding = UTF8; } := char8;
event { name = "e"; fields := struct { ${fields} }; };`),
    );
    return raised.streamClasses[0]!.eventClasses[0]!.payload!.members.at(-1)!.fieldClass;
  };

  test('makes arrays of characters strings with a length', () => {
    expect(fieldOf('char8 s[7];')).toEqual({ kind: 'static-string', lengthBytes: 7, encoding: 'utf-8' });
    expect(fieldOf('integer { size = 8; } n; char8 s[n];')).toEqual({
      kind: 'dynamic-string',
      lengthLocation: { scope: 'event-payload', path: ['n'] },
      encoding: 'utf-8',
    });
    expect(fieldOf('char8 s[3][2];')).toMatchObject({
      kind: 'static-array',
      element: { kind: 'static-string' },
    });
    expect(fieldOf('string { encoding = ASCII; } s;')).toEqual({ kind: 'string', encoding: 'utf-8' });
  });

  test('keeps of overlapping options what is chosen, and leaves out what never is', () => {
    const tag = 'enum : integer { size = 8; } { a = 0 ... 9, b = 5 ... 12, c = 3 } t;';
    expect(fieldOf(`${tag} variant <t> { string a; char8 b; char8 c; char8 d; } v;`)).toMatchObject({
      options: [
        { name: 'a', ranges: [{ lower: 0n, upper: 9n }] },
        { name: 'b', ranges: [{ lower: 10n, upper: 12n }] },
      ],
    });
    expect(() => fieldOf(`${tag} variant <t> { string x; } v;`)).toThrow(
      expect.objectContaining({ code: 'ctf/not-expressible', where: 'event-payload.v' }),
    );
  });

  test('drops the names of options from references', () => {
    const tag = 'enum : integer { size = 8; } { a, b } t;';
    const inner = 'struct { integer { size = 8; } n; string s[n]; } a;';
    expect(fieldOf(`${tag} variant <t> { ${inner} } v;`)).toMatchObject({
      options: [{ fieldClass: { members: [{}, { fieldClass: { lengthLocation: { path: ['v', 'n'] } } }] } }],
    });
  });

  test('counts the offset of clocks in whole seconds, then cycles', () => {
    const offsets = (offset_s: string, offset: string): string[] =>
      formatCtf2(
        raiseTraceClass(
          parseTsdl(`/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
clock { name = "c"; uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564"; freq = 100; offset_s = ${offset_s}; offset = ${offset}; absolute = true; };
event { name = "e"; fields := struct { string s; }; };`),
        ),
      )
        .split('\n')
        .filter((line) => line.includes('clock-class'));
    expect(offsets('3', '250')).toEqual([
      '\u001e{"type":"clock-class","id":"c","name":"c","uid":"2a6422d0-6cee-11e0-8c08-cb07d7b3a564",' +
        '"frequency":100,"origin":"unix-epoch","offset-from-origin":{"seconds":5,"cycles":50}}',
    ]);
    expect(offsets('0', '-1')[0]).toContain('"offset-from-origin":{"seconds":-1,"cycles":99}');
  });
});

describe('what CTF 2 has no words for', () => {
  test.each([
    ['a class of CTF 1.8', traceOf(member('a', u8)), 'ctf/not-expressible', /make it one/],
    [
      'two members of one name',
      traceOf(
        { ...member('a', u8), members: [...member('a', u8).members, ...member('a', u8).members] },
        { version: '2' },
      ),
      'ctf/not-expressible',
      /event-payload\.a/,
    ],
    [
      'a role where it has no meaning',
      traceOf(member('a', { ...u8, roles: ['packet-content-length'] } as FieldClass), { version: '2' }),
      'ctf/not-expressible',
      /event-payload\.a/,
    ],
    [
      'a length that is not there',
      traceOf(
        member('a', {
          kind: 'dynamic-blob',
          lengthLocation: { scope: 'event-payload', path: ['n'] },
          mediaType: 'x/y',
        }),
        { version: '2' },
      ),
      'ctf/not-expressible',
      /event-payload\.n/,
    ],
    [
      'no stream class',
      { ...traceOf(member('a', u8), { version: '2' }), streamClasses: [] },
      'ctf/not-expressible',
      /stream classes/,
    ],
  ] as const)('%s is refused', (_, traceClass, code, text) => {
    let error: unknown;
    try {
      formatCtf2(traceClass as TraceClass);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code });
    const { message, where = '', hint = '' } = error as { message: string; where?: string; hint?: string };
    expect(`${message} ${where} ${hint}`).toMatch(text);
  });
});

test('names, labels and attributes of any characters stay as they are, and in their order', () => {
  const fragments = ctf2Fragments();
  const event = fragments.find(({ name }) => name === 'scalars')!;
  event['attributes'] = { 'example.com': { '2': [1.5, null, true, { a: '\ud800"\\\n' }], '1': 'x' } };
  const text = ctf2Text(fragments).replace('"one": [', '"9": [[9,9]], "\\u0000\\"": [[7,8]], "3": [');
  const traceClass = read(text);
  expect(read(formatCtf2(traceClass))).toEqual(traceClass);
  const order = JSON.stringify(formatCtf2(traceClass));
  expect(order.indexOf('[[9,9]]')).toBeLessThan(order.indexOf('[[7,8]]'));
});

test('a metadata UUID other than that of the trace is kept', () => {
  const fragments = ctf2Fragments();
  fragments.find(({ type }) => type === 'trace-class')!['uid'] = '01234567-89ab-cdef-0123-456789abcdef';
  const traceClass = read(ctf2Text(fragments));
  expect(traceClass).toMatchObject({
    uuid: '01234567-89ab-cdef-0123-456789abcdef',
    metadataUuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
  });
  expect(read(formatCtf2(traceClass))).toEqual(traceClass);
});
