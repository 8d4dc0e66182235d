// Filters and several rings: what the generated serialiser records must be what the plain walk does.
import { openTrace } from '@spoor/components/node';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { ContextCatalogue } from './contexts.ts';
import { declare } from './declaration.ts';
import { serialiserText } from './emit-serialiser.ts';
import { RuleSet } from './event-rules.ts';
import type { Sink } from './serialiser.ts';
import { makeMemoryRing, payloadBytes, writeTrace, type MemoryRing } from './testing/memory-trace.ts';
import { makeWalkingSerialiser } from './walk.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-filter-'));
afterAll(() => rmSync(folder, { recursive: true }));

const declaration = declare('test:event', {
  u8: 'u8',
  i16: 'i16',
  u32: 'u32',
  i64: 'i64',
  u64: 'u64',
  f32: 'f32',
  text: 'string',
  list: { kind: 'sequence', element: 'i8' },
  wide: { kind: 'array', element: 'u64', length: 2 },
  names: { kind: 'sequence', element: 'string' },
  state: { kind: 'enumeration', integer: 'u8', labels: { off: 0, on: 1 } },
  inner: { kind: 'struct', members: { x: 'f64', deep: { kind: 'struct', members: { y: 'i32' } } } },
});

let application: unknown;
const contexts = new ContextCatalogue(new Map([['test:app', () => application]]), () => {});

const filters = [
  'u8 == 44',
  'i16 < 0 && u32 > 2147483648',
  'i64 >= -4294967296 || u64 == 18446744073709551615',
  'u64 < 0',
  'f32 != 0.5',
  'text == "a*b*" || text == ""',
  'list[1] == -1',
  '_list_length > 1 && names[0] == "x*"',
  'wide[1] > 4294967295',
  'state == 1 && inner.x > 0.25',
  'state == "o*" && state != "off" || state == "7"',
  'inner.deep.y & 3 == 1',
  '$app.test:app == 5 || $app.test:app == "five"',
  '$ctx.procname == "node*" && $ctx.vpid > 0 && $ctx.request_id == 0',
  'nothing == 1',
  'text > 1',
];

const value = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
  fc.constantFrom(
    0,
    1,
    5,
    44,
    300,
    -1,
    0.5,
    0.25,
    NaN,
    2 ** 40,
    -(2 ** 32),
    2 ** 53,
    '1',
    null,
    undefined,
    true,
  ),
);
const wide = fc.oneof(value, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }));
const text = fc.oneof(fc.constantFrom('', 'ab', 'axbx', 'x', 'xy'), fc.string());
const event = fc.tuple(
  value,
  value,
  value,
  wide,
  wide,
  value,
  text,
  fc.array(value, { maxLength: 3 }),
  fc.array(wide, { maxLength: 3 }),
  fc.array(text, { maxLength: 2 }),
  fc.constantFrom('off', 'on', 1, 7),
  fc.record({ x: value, deep: fc.record({ y: value }) }),
);

function sinkOf(
  ring: MemoryRing,
  filter: string | undefined,
  names: readonly string[] = [],
): Sink | undefined {
  const rule = { name: 'test:*', exclude: [], ...(filter === undefined ? {} : { filter }) };
  const verdict = new RuleSet([rule]).verdict(declaration, contexts);
  if (verdict === 'none') return undefined;
  return {
    writer: ring.writer,
    eventId: 0,
    contexts: names.map((name) => contexts.find(name)!),
    filters: verdict === 'all' ? undefined : verdict,
  };
}

test('a set of rules tells which filters fit no class that came', () => {
  const rules = ['nothing == 1', 'text == "a"', 'text > 1'];
  const set = new RuleSet(rules.map((filter) => ({ name: 'test:*', exclude: [], filter })));
  const untold = rules.map((filter) => ({ filter, isLinked: false, unlinked: undefined }));
  expect(set.filterLinks).toMatchObject(untold);
  const version = set.linkVersion;
  set.verdict(declaration, contexts);
  expect(set.filterLinks).toMatchObject([
    { isLinked: false, unlinked: `${declaration.name}: there is no nothing` },
    { isLinked: true, unlinked: undefined },
    { isLinked: false, unlinked: expect.stringContaining('has a text on one side') as string },
  ]);
  expect(set.linkVersion).not.toBe(version);
});

test('filters take the same events in generated code and in the plain walk', () => {
  let taken = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...filters),
      fc.array(event, { maxLength: 8 }),
      value,
      (filter, calls, app) => {
        application = app;
        const generated = makeMemoryRing();
        const walked = makeMemoryRing();
        const sink = sinkOf(generated, filter);
        if (sink === undefined) {
          expect(['nothing == 1', 'text > 1']).toContain(filter);
          return;
        }
        const emit = compileSerialiser(declaration, [sink], generated.stacks);
        const walk = makeWalkingSerialiser(declaration, [sinkOf(walked, filter)!], walked.stacks);
        for (const args of calls) {
          const bytes = payloadBytes(generated, () => emit(...args));
          expect(payloadBytes(walked, () => walk(...args))).toEqual(bytes);
        }
        taken += generated.writer.ring.committed[0]!;
        expect([generated.stacks.numbers.top, generated.stacks.texts.top]).toEqual([0, 0]);
      },
    ),
    { numRuns: 400 },
  );
  expect(taken).toBeGreaterThan(50);
});

test('several rings get the event with contexts of their own, each if its filter takes it', () => {
  let trace = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), value, fc.boolean(), (calls, app, walks) => {
      application = app;
      const names = [[], ['vpid', '$app.test:app'], ['$app.test:app', 'procname', 'request_id']];
      const rings = names.map(() => makeMemoryRing());
      const chosen = [undefined, 'u8 > 10', '$app.test:app > 3'];
      const sinks = rings.map((ring, index) => sinkOf(ring, chosen[index], names[index])!);
      const make = walks ? makeWalkingSerialiser : compileSerialiser;
      const emit = make(declaration, sinks, rings[0]!.stacks);
      for (const args of calls) emit(...args);
      const counts = rings.map(({ writer }) => writer.ring.committed[0]!);
      expect(counts[0]).toBe(calls.length);
      for (const [index, ring] of rings.entries()) {
        const path = join(folder, String(trace++));
        writeTrace(path, [declaration], ring, sinks[index]!.contexts);
        const read = openTrace(path);
        let count = 0;
        for (const one of read.events()) {
          count += 1;
          const payload = one.field('u32');
          expect(typeof payload).toBe('number');
        }
        expect(read.warnings).toEqual([]);
        expect(count).toBe(counts[index]);
      }
    }),
    { numRuns: 40 },
  );
});

test('the text of a serialiser with a filter and contexts is for people too', () => {
  const [first, second] = [makeMemoryRing(), makeMemoryRing()];
  const small = declare('a:b', { n: 'i8', text: 'string' });
  const rule = { name: '*', exclude: [], filter: 'n > 3 && text == "x*"' };
  const { text: code } = serialiserText(small, [
    {
      writer: first.writer,
      eventId: 3,
      contexts: [],
      filters: new RuleSet([rule]).verdict(small, contexts) as NonNullable<Sink['filters']>,
    },
    { writer: second.writer, eventId: 40, contexts: [contexts.find('request_id')!] },
  ]);
  expect(code).toMatchInlineSnapshot(`
    "'use strict';
    const { monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing } = runtime;
    const { numbers, texts } = stacks;
    const ring0 = sinks[0].writer.ring;
    const writeText0 = sinks[0].writer.writeText;
    const view0 = ring0.view;
    const words0 = ring0.words;
    const clock0 = ring0.clock;
    const clockHalves0 = ring0.clockHalves;
    const committed0 = ring0.committed;
    const clockBits0 = ring0.clockBits;
    const matches0_0 = sinks[0].filters[0].matches;
    const ring1 = sinks[1].writer.ring;
    const writeText1 = sinks[1].writer.writeText;
    const view1 = ring1.view;
    const words1 = ring1.words;
    const clock1 = ring1.clock;
    const clockHalves1 = ring1.clockHalves;
    const committed1 = ring1.committed;
    const clockBits1 = ring1.clockBits;
    const readContext0 = contexts[0].value;
    return (function bind(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring0, writeText0, view0, words0, clock0, clockHalves0, committed0, clockBits0, matches0_0, ring1, writeText1, view1, words1, clock1, clockHalves1, committed1, clockBits1, readContext0) {
      return (function serialise(a0, a1) {
        try {
          // n
          if (typeof a0 !== 'number') a0 = toNumber(a0);
          // text
          if (typeof a1 !== 'string') a1 = toText(a1);
          const pass0 = matches0_0((a0 << 24 >> 24), a1);
          let c0 = readContext0();
          // request_id
          if (typeof c0 !== 'number') c0 = toNumber(c0);
          const before0 = clockHalves0[0];
          clock0[0] = monotonicNow();
          const low = clockHalves0[0];
          const high = clockHalves0[1];
          const tick = (low >>> 27) | (high << 5);
          if (pass0) {
            let p = ring0.pos;
            if (tick !== ring0.tick || low < before0 || p + 4 + 1 + a1.length * 3 + 1 > ring0.end) {
              ring0.tick = low < before0 ? -1 : ring0.tick;
              p = ring0.begin(3, 1 + textBytes(a1)) | 0;
            }
            else {
              view0.setInt32(p, (low << 5) | 3, true);
              p += 4;
            }
            if (p >= 0) {
              view0.setInt8(p, a0 | 0);
              p = writeText0(p + 1, a1);
              const end = p;
              ring0.pos = end;
              words0[ring0.contentWord] = (end - ring0.base) << 3;
              committed0[0] += 1;
            }
          }
           {
            clockBits1[0] = clockBits0[0];
            let p = ring1.pos;
            if (p + 13 + 5 + a1.length * 3 + 1 > ring1.end) {
              p = ring1.begin(40, 5 + textBytes(a1)) | 0;
            }
            else {
              view1.setInt8(p, 31);
              view1.setInt32(p + 1, 40, true);
              view1.setInt32(p + 5, low | 0, true);
              view1.setInt32(p + 9, high | 0, true);
              ring1.tick = tick;
              p += 13;
            }
            if (p >= 0) {
              view1.setInt32(p, c0 | 0, true);
              view1.setInt8(p + 4, a0 | 0);
              p = writeText1(p + 5, a1);
              const end = p;
              ring1.pos = end;
              words1[ring1.contentWord] = (end - ring1.base) << 3;
              committed1[0] += 1;
            }
          }
        } catch { abandon(sinks, stacks, -1, -1, serialise, a0, a1); }
      });
    })(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring0, writeText0, view0, words0, clock0, clockHalves0, committed0, clockBits0, matches0_0, ring1, writeText1, view1, words1, clock1, clockHalves1, committed1, clockBits1, readContext0);
    //# sourceURL=spoor:emit/a:b
    "
  `);
});
