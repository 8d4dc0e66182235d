import { SpoorError } from '@spoor/base';
import { describe, expect, test } from 'vitest';
import { convertTraceClass } from './conversion.ts';
import { parseTsdl, readMetadata } from './metadata.ts';
import type { FieldClass, StructureFieldClass, StructureMember, TraceClass } from './model.ts';
import { ctf2Fragments, ctf2Text } from './testing/ctf2-sample.ts';
import { formatTsdl } from './tsdl-writer.ts';

const read = (text: string): TraceClass => readMetadata(new TextEncoder().encode(text));

/** Roles by the paths of fields. */
function rolesIn(structure: StructureFieldClass | undefined): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    (structure?.members ?? []).flatMap(({ name, fieldClass }) =>
      fieldClass.kind === 'integer' || fieldClass.kind === 'static-array'
        ? [[name, fieldClass.roles ?? []]]
        : [],
    ),
  );
}

describe('the sample of CTF 2 as CTF 1.8', () => {
  const { traceClass, metadata, streams } = convertTraceClass(read(ctf2Text()), '1.8');
  const back = parseTsdl(metadata);
  const [stream] = back.streamClasses;

  test('is read as it was meant', () => {
    expect(back).toEqual(traceClass);
    expect(streams[0]!.samePackets).toBe(false);
  });

  test('says roles by names', () => {
    expect(rolesIn(back.packetHeader)).toEqual({
      magic: ['packet-magic-number'],
      uuid: ['metadata-stream-uuid'],
      stream_id: ['data-stream-class-id'],
    });
    expect(rolesIn(stream!.packetContext)).toMatchObject({
      timestamp_begin: ['default-clock-timestamp'],
      content_size: ['packet-content-length'],
      packet_size: ['packet-total-length'],
      cpu_id: [],
    });
    expect(rolesIn(stream!.eventHeader)).toMatchObject({
      id: ['event-record-class-id'],
      time: ['default-clock-timestamp'],
    });
  });

  test('has tags before what was optional', () => {
    const names = stream!.packetContext!.members.map(({ name }) => name);
    expect(names.slice(-2)).toEqual(['_of_header_tag', 'of_header']);
    expect(metadata).toContain(`"none" = 0,`);
    expect(metadata).toMatch(
      /variant <__of_header_tag> \{\s+struct \{\s+\} none;\s+.* content;\s+\} of_header;/,
    );
  });
});

const bits8 = { lengthBits: 8, byteOrder: 'le', alignmentBits: 8 } as const;
const u8: FieldClass = { kind: 'integer', signed: false, displayBase: 10, roles: [], ...bits8 };
const u32: FieldClass = { ...u8, lengthBits: 32 };

function structure(...members: readonly (readonly [string, FieldClass])[]): StructureFieldClass {
  return {
    kind: 'structure',
    members: members.map(([name, fieldClass]): StructureMember => ({ name, fieldClass })),
    alignmentBits: 8,
  };
}

function traceOf(
  payload: StructureFieldClass,
  more: Partial<TraceClass['streamClasses'][number]> = {},
): TraceClass {
  return {
    version: '2',
    byteOrder: 'le',
    environment: new Map(),
    clockClasses: [],
    streamClasses: [{ id: 0n, eventClasses: [{ id: 0n, name: 'e', payload }], ...more }],
  };
}

function refusal(traceClass: TraceClass): SpoorError {
  try {
    convertTraceClass(traceClass, '1.8');
  } catch (error) {
    if (error instanceof SpoorError) return error;
    throw error;
  }
  throw new Error('it was lowered');
}

const at = (...path: readonly string[]) => ({ scope: 'event-payload' as const, path });
const inOption = (name: string, from: bigint, ...members: readonly (readonly [string, FieldClass])[]) => ({
  name,
  ranges: [{ lower: from, upper: from }],
  fieldClass: structure(...members),
});

describe('names', () => {
  test('that have a meaning are given to who has it, and taken from others', () => {
    const packetContext = structure(
      ['content_size', u32],
      ['size', { ...u32, roles: ['packet-total-length', 'packet-content-length'] }],
    );
    const { traceClass, metadata } = convertTraceClass(
      traceOf(structure(['a', u8]), { packetContext }),
      '1.8',
    );
    expect(rolesIn(traceClass.streamClasses[0]!.packetContext)).toEqual({
      content_size_: [],
      packet_size: ['packet-total-length'],
      content_size: ['packet-content-length'],
    });
    expect(parseTsdl(metadata)).toEqual(traceClass);
  });

  test('that TSDL cannot say are made such that it can, each once', () => {
    const payload = structure(['a-b', u8], ['a.b', u8], ['', u8], ['int', u8], ['a_b', u8]);
    const { traceClass, metadata } = convertTraceClass(traceOf(payload), '1.8');
    const names = traceClass.streamClasses[0]!.eventClasses[0]!.payload!.members.map(({ name }) => name);
    expect(names).toEqual(['a_b', 'a_b_0', '_', 'int', 'a_b_1']);
    expect(parseTsdl(metadata)).toEqual(traceClass);
  });

  test('of clocks are those that TSDL can say', () => {
    const fragments = ctf2Fragments().map((fragment) =>
      JSON.parse(JSON.stringify(fragment).replaceAll('"main"', '"3-2: main"')),
    );
    const { traceClass } = convertTraceClass(read(ctf2Text(fragments)), '1.8');
    expect(traceClass.clockClasses[0]!.name).toBe('clock_3_2__main');
    expect(parseTsdl(formatTsdl(traceClass))).toEqual(traceClass);
  });

  test('that are not there', () => {
    const trace = traceOf(structure(['a', u8]), {
      eventClasses: [{ id: 0n, name: '', payload: structure() }],
    });
    expect(convertTraceClass(trace, '1.8').metadata).toContain('name = "unknown"');
  });
});

describe('variants', () => {
  test('whose selector has labels of the options stay as they are', () => {
    const mappings = [
      { label: 'x', ranges: [{ lower: 0n, upper: 0n }] },
      { label: 'y', ranges: [{ lower: 1n, upper: 1n }] },
    ];
    const options = [inOption('x', 0n, ['n', u8]), inOption('y', 1n, ['n', u32])];
    const payload = structure(
      ['t', { ...u8, mappings } as FieldClass],
      ['v', { kind: 'variant', selectorLocation: at('t'), options }],
    );
    const { traceClass, streams } = convertTraceClass(traceOf(payload), '1.8');
    expect(streams[0]!.samePackets).toBe(true);
    expect(traceClass.streamClasses[0]!.eventClasses[0]!.payload).toEqual(payload);
  });

  test('of other selectors get a tag', () => {
    const options = [inOption('x', 0n, ['n', u8]), { ...inOption('', 1n, ['n', u8]) }];
    const payload = structure(['t', u8], ['v', { kind: 'variant', selectorLocation: at('t'), options }]);
    const { metadata, streams } = convertTraceClass(traceOf(payload), '1.8');
    expect(metadata).toMatch(/"x" = 0,\s+"option1" = 1,\s+\} ___?v_tag;/);
    const converter = streams[0]!.converter();
    expect(converter.event(0, { payload: { t: 1, v: { n: 5 } } })).toEqual({
      payload: { t: 1, _v_tag: 1, v: { n: 5 } },
    });
  });

  test('in arrays are put into structures', () => {
    const options = [inOption('x', 0n, ['n', u8]), inOption('y', 1n, ['n', u8])];
    const variant: FieldClass = { kind: 'variant', selectorLocation: at('t'), options };
    const payload = structure(
      ['t', u8],
      ['a', { kind: 'static-array', length: 2, element: variant, alignmentBits: 1 }],
    );
    const { traceClass, metadata, streams } = convertTraceClass(traceOf(payload), '1.8');
    expect(parseTsdl(metadata)).toEqual(traceClass);
    expect(streams[0]!.converter().event(0, { payload: { t: 1, a: [{ n: 5 }, { n: 6 }] } })).toEqual({
      payload: {
        t: 1,
        a: [
          { _content_tag: 1, content: { n: 5 } },
          { _content_tag: 1, content: { n: 6 } },
        ],
      },
    });
  });
});

test('what has the same bits is copied', () => {
  const payload = structure(
    ['n', u8],
    ['text', { kind: 'dynamic-string', lengthLocation: at('n'), encoding: 'utf-8' }],
    ['fixed', { kind: 'static-string', lengthBytes: 5, encoding: 'utf-8' }],
    ['blob', { kind: 'dynamic-blob', lengthLocation: at('n'), mediaType: 'a/b' }],
    ['map', { kind: 'bit-array', ...bits8, flags: [{ label: 'x', ranges: [{ lower: 0n, upper: 0n }] }] }],
  );
  const eventClasses = [
    { id: 0n, name: 'same', payload },
    { id: 1n, name: 'other', payload: structure(['yes', { kind: 'boolean', ...bits8 }]) },
  ];
  const eventHeader = structure(['id', { ...u8, roles: ['event-record-class-id'] }]);
  const [stream] = convertTraceClass(traceOf(payload, { eventHeader, eventClasses }), '1.8').streams;
  expect(stream!.hasSameBody(0)).toBe(true);
  expect(stream!.hasSameBody(1)).toBe(false);
  expect(stream!.samePackets).toBe(false);
});

describe('what CTF 1.8 has no words for is refused', () => {
  test('a role of an inner field', () => {
    const inner = structure(['size', { ...u32, roles: ['packet-content-length'] }]);
    const error = refusal(traceOf(structure(['a', u8]), { packetContext: structure(['in', inner]) }));
    expect(error).toMatchObject({ code: 'ctf/not-expressible', where: 'packet-context' });
    expect(error.message).toContain('packet-content-length');
  });

  test('a reference to what several options have', () => {
    const options = [inOption('x', 0n, ['n', u8]), inOption('y', 1n, ['n', u8])];
    const payload = structure(
      ['t', u8],
      ['v', { kind: 'variant', selectorLocation: at('t'), options }],
      ['b', { kind: 'dynamic-blob', lengthLocation: at('v', 'n'), mediaType: 'a/b' }],
    );
    expect(refusal(traceOf(payload))).toMatchObject({
      code: 'ctf/not-expressible',
      where: 'event-payload.b',
    });
  });

  test('roles under other names, where the class was not lowered', () => {
    const packetContext = structure(['size', { ...u32, roles: ['packet-content-length'] }]);
    expect(() => formatTsdl(traceOf(structure(['a', u8]), { packetContext }))).toThrow(
      'CTF 1.8 has no words for the role `packet-content-length` of a field named `size`',
    );
    const named = structure(['content_size', u32]);
    expect(() => formatTsdl(traceOf(structure(['a', u8]), { packetContext: named }))).toThrow(
      'a field named `content_size` without the role `packet-content-length`',
    );
  });
});
