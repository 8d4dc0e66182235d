// A trace with every kind of field of CTF 2, written by hand: its values and its text, compiled and interpreted.
import { FlagsValue, EnumValue, MemorySource, readMetadata } from '@spoor/ctf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ctf2Text } from '../../../ctf/src/testing/ctf2-sample.ts';
import { defaultPrettyOptions } from '../sink-text-pretty/options.ts';
import { PrettySink } from '../sink-text-pretty/pretty-sink.ts';
import { buildTraceSet } from './build-trace-set.ts';
import type { TraceSet } from './trace-set.ts';

const utf8 = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
const uuid = [0x2a, 0x64, 0x22, 0xd0, 0x6c, 0xee, 0x11, 0xe0, 0x8c, 0x08, 0xcb, 0x07, 0xd7, 0xb3, 0xa5, 0x64];

function packet(events: readonly number[]): Uint8Array {
  const head = [0xc1, 0x1f, 0xfc, 0xc1, ...uuid, 3];
  const bytes = Uint8Array.from([...head, ...Array<number>(17).fill(0), 9, ...events]);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(21, 1_000_000n, true);
  view.setUint32(29, bytes.length * 8, true);
  view.setUint32(33, bytes.length * 8, true);
  bytes[37] = 2;
  return bytes;
}

// prettier-ignore
const scalars = [
  // Header: id 0, the low 14 bits of the clock (1000), as many bytes as the packet context says; common context.
  0x00, 0xe8, 0x07, 0xaa, 0xbb, 1,
  // The bits of a big-endian array counted from the first: 0, 1 and 11.
  0xc0, 0x10,
  0x13, 0x02, 1, 0xef, 0xbe,
  0x80, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0xc0, 0x3f,
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
  0x7e,
];

// prettier-ignore
const compoundsHead = [
  // Header: id 1 and the low 7 bits of the clock, 100, which are less than before; both contexts.
  0x01, 100, 0xcc, 0xdd, 2, 3,
];

// prettier-ignore
const payload = [
  ...utf8('hé'), 0,
  0x68, 0, 0x22, 0, 0, 0,
  0, 0, 0, 0x78, 0, 0, 0, 0,
  2,
  ...utf8('ok'),
  0x0a, 0xff,
  1, 2, 3, 4,
];
const rest = [7, 8, 1, 9, 5];

const traceClass = readMetadata(new TextEncoder().encode(ctf2Text()));

function content(): Uint8Array {
  // The payload and one of its arrays lie on multiples of two bytes.
  let events = [...scalars, ...compoundsHead];
  for (const part of [payload, rest]) {
    const padding = Array<number>(packet(events).length % 2).fill(0);
    events = [...events, ...padding, ...part];
  }
  return packet(events);
}

function setOf(bytes: Uint8Array, warnings: string[], compile: boolean) {
  const source = new MemorySource('stream', bytes);
  return buildTraceSet([{ path: 'trace', traceClass, sources: [source] }], warnings, { compile });
}

function traceSet(compile: boolean) {
  const warnings: string[] = [];
  const set = setOf(content(), warnings, compile);
  expect(warnings).toEqual([]);
  return set;
}

function textOf(set: TraceSet, compile: boolean): string {
  const flow = set.read();
  let text = '';
  const output = {
    write(bytes: Uint8Array, length: number): void {
      text += new TextDecoder().decode(bytes.subarray(0, length));
    },
  };
  const sink = new PrettySink(flow, output, { ...defaultPrettyOptions, clockGmt: true }, () => {}, compile);
  while (flow.next()) sink.consume(flow.batch);
  sink.finish();
  return text;
}

describe.each([
  ['compiled', true],
  ['interpreted', false],
])('a trace of CTF 2, %s', (_how, compile) => {
  test('values', () => {
    const set = traceSet(compile);
    const seen = Array.from(set.events(), (event) => ({
      name: event.name,
      ns: set.baseNs + BigInt(event.timeNs),
      payload: event.payload(),
    }));
    expect(seen).toEqual([
      {
        name: 'scalars',
        ns: 1_700_000_000_001_000_429n,
        payload: {
          bits: 0x803,
          map: new FlagsValue(0x13, ['write', 'read', 'rest']),
          yes: true,
          kind: new EnumValue(1, ['one', 'few']),
          hex: 0xbeef,
          signed: new EnumValue(-(1n << 63n), ['least']),
          float: 1.5,
          uleb: (1n << 64n) - 1n,
          sleb: -2,
        },
      },
      {
        name: 'compounds',
        ns: 1_700_000_000_001_000_553n,
        payload: {
          text: 'hé',
          wide: 'h"',
          fixed: 'x',
          length: 2,
          sized: 'ok',
          blob: Uint8Array.of(0x0a, 0xff),
          pairs: [
            { x: 1, y: 2 },
            { x: 3, y: 4 },
          ],
          many: [7, 8],
          inner: { has: true, maybe: 9, maybe_not: null },
          choice: 5,
        },
      },
    ]);
    expect(set.warnings).toEqual([]);
  });

  test('text', () => {
    const text = textOf(traceSet(compile), compile);
    expect(text.split('\n')).toEqual([
      '[22:13:20.001000429] (+?.?????????) here scalars: { cpu_id = 2, of_header = { 9 } }, { n = 1 }, { bits = 0x803, ' +
        'map = 0x13 { "read", "rest", "write" }, yes = true, kind = ( { "one", "few" } : container = 1 ), ' +
        'hex = 0xBEEF, signed = ( "least" : container = -9223372036854775808 ), float = 1.5, ' +
        'uleb = 18446744073709551615, sleb = -2 }',
      '[22:13:20.001000553] (+0.000000124) here compounds: { cpu_id = 2, of_header = { 9 } }, { n = 2 }, { tag = 3 }, ' +
        '{ text = "hé", wide = "h\\"", fixed = "x", length = 2, sized = "ok", blob = { 0a ff }, ' +
        'pairs = [ [0] = { x = 1, y = 2 }, [1] = { x = 3, y = 4 } ], many = [ [0] = 7, [1] = 8 ], ' +
        'inner = { has = true, maybe = { 9 }, maybe_not = <none> }, choice = { 5 } }',
      '',
    ]);
  });
});

test('damaged, it is read the same with and without generated code', () => {
  const whole = content();
  const seen = { whole: 0, cut: 0 };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 29, max: whole.length - 1 }), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(whole.length) },
        fc.integer({ min: 30, max: whole.length }),
      ),
      (changes, length) => {
        const bytes = whole.slice(0, length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        const results = [true, false].map((compile) => {
          const warnings: string[] = [];
          const set = setOf(bytes, warnings, compile);
          const text = textOf(set, compile);
          const payloads = Array.from(set.events(), (event) => event.payload());
          return { text, payloads, warnings };
        });
        expect(results[0]).toEqual(results[1]);
        seen[results[0]!.payloads.length === 2 ? 'whole' : 'cut'] += 1;
      },
    ),
    { numRuns: 400 },
  );
  expect(seen.whole).toBeGreaterThan(10);
  expect(seen.cut).toBeGreaterThan(10);
});
