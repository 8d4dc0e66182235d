import { EnumValue, type FieldValue } from '@spoor/ctf';
import { openTrace } from '@spoor/components/node';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { declare } from './declaration.ts';
import { serialiserText } from './emit-serialiser.ts';
import { anyText, arbitraryEvent, type Expected } from './testing/arbitrary-event.ts';
import { makeMemoryRing, payloadBytes, sinksOf, writeTrace } from './testing/memory-trace.ts';
import { makeWalkingSerialiser } from './walk.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-serialiser-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function asExpected(value: FieldValue): Expected {
  if (value instanceof EnumValue) return { enumeration: Number(value.value), labels: value.labels };
  if (Array.isArray(value)) return value.map((element) => asExpected(element as FieldValue));
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value as Record<string, FieldValue>).map(([name, member]) => [name, asExpected(member)]),
    );
  }
  return value;
}

const events = fc
  .tuple(arbitraryEvent(0, anyText), arbitraryEvent(1, anyText), arbitraryEvent(2, anyText))
  .chain((declared) =>
    fc.record({
      declared: fc.constant(declared),
      idBase: fc.constantFrom(0, 29, 40),
      calls: fc.array(
        fc.oneof(
          ...declared.map((event, index) =>
            event.calls.map(({ args, payload }) => ({ index, args, payload })),
          ),
        ),
        { maxLength: 30 },
      ),
    }),
  );

describe('serialisers', () => {
  test('what is emitted is read back equal, and both ways to serialise write the same bytes', () => {
    let run = 0;
    fc.assert(
      fc.property(events, ({ declared, idBase, calls }) => {
        run += 1;
        const declarations = declared.map(({ name, fields }) => declare(name, fields));
        // Event ids above 30 need the extended header; the classes before them are fillers.
        const fillers = Array.from({ length: idBase }, (_, id) => declare(`filler:f${id}`, []));
        const generated = makeMemoryRing();
        const walked = makeMemoryRing();
        const emits = declarations.map((declaration, index) => ({
          generated: compileSerialiser(declaration, sinksOf(generated, idBase + index), generated.stacks),
          walked: makeWalkingSerialiser(declaration, sinksOf(walked, idBase + index), walked.stacks),
        }));
        for (const { index, args } of calls) {
          const emit = emits[index]!;
          const bytes = payloadBytes(generated, () => emit.generated(...args));
          expect(bytes).toBeDefined();
          expect(payloadBytes(walked, () => emit.walked(...args))).toEqual(bytes);
        }
        const path = join(folder, String(run));
        writeTrace(path, [...fillers, ...declarations], generated);
        if (calls.length > 0) {
          const trace = openTrace(path);
          const read = Array.from(trace.events(), (view) => ({
            name: view.name,
            payload: asExpected(view.payload()),
          }));
          expect(read).toEqual(calls.map(({ index, payload }) => ({ name: `test:e${index}`, payload })));
          expect(trace.warnings).toEqual([]);
        }
        rmSync(path, { recursive: true });
      }),
      { numRuns: 150 },
    );
  });

  test.each([
    ['generated', compileSerialiser],
    ['walking', makeWalkingSerialiser],
  ])('an event before the one before it, by a clock that went back, keeps its time: %s', (_, make) => {
    const declaration = declare('test:back', []);
    const rings = [makeMemoryRing(), makeMemoryRing()];
    const one = make(declaration, sinksOf(rings[0]!, 1), rings[0]!.stacks);
    const both = make(
      declaration,
      rings.flatMap((ring) => sinksOf(ring, 1)),
      rings[0]!.stacks,
    );
    // Nearly all of these go back within the 2^27 ns that the compact header tells apart.
    for (let times = 0; times < 10; times += 1) {
      for (const emit of [one, both]) {
        const aheadNs = process.hrtime.bigint() + 5_000_000n;
        const starts = rings.map(({ writer: { ring } }) => {
          ring.clock[0] = aheadNs;
          ring.commit(ring.begin(1, 0));
          return ring.pos;
        });
        emit();
        for (const [index, { writer }] of rings.entries()) {
          const { view, clock, pos } = writer.ring;
          const at = starts[index]!;
          if (pos === at) continue;
          const isExtended = (view.getUint8(at) & 31) === 31;
          const timeNs = isExtended
            ? view.getBigUint64(at + 5, true)
            : aheadNs + BigInt.asUintN(27, BigInt(view.getUint32(at, true) >>> 5) - aheadNs);
          expect(timeNs).toBe(clock[0]);
        }
      }
    }
  });

  test('no argument, whatever it is, makes an emit throw or spoil the trace', () => {
    const thrower = {
      valueOf() {
        throw new Error('valueOf');
      },
      toString() {
        throw new Error('toString');
      },
      get a() {
        throw new Error('getter');
      },
      [Symbol.iterator]() {
        throw new Error('iterator');
      },
    };
    const proxy = new Proxy([1, 2], {
      get() {
        throw new Error('proxy');
      },
    });
    const revoked = Proxy.revocable([1, 2], {});
    revoked.revoke();
    // fast-check itself cannot hold one.
    const standsForRevoked = Symbol('revoked');
    const wild = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withSet: true,
        withTypedArray: true,
      }),
      fc.constantFrom(
        thrower,
        proxy,
        standsForRevoked,
        Symbol('s'),
        () => 1,
        new DataView(new ArrayBuffer(4)),
        Infinity,
        -0.5,
        1e300,
      ),
    );
    fc.assert(
      fc.property(
        arbitraryEvent(0, anyText),
        fc.array(fc.array(wild, { maxLength: 7 }), { maxLength: 5 }),
        (event, calls) => {
          const declaration = declare(event.name, event.fields);
          const generated = makeMemoryRing();
          const walked = makeMemoryRing();
          const emit = compileSerialiser(declaration, sinksOf(generated, 0), generated.stacks);
          const walk = makeWalkingSerialiser(declaration, sinksOf(walked, 0), walked.stacks);
          for (const call of calls) {
            const args = call.map((value) => (value === standsForRevoked ? revoked.proxy : value));
            const bytes = payloadBytes(generated, () => emit(...args));
            expect(bytes).toBeDefined();
            expect(payloadBytes(walked, () => walk(...args))).toEqual(bytes);
          }
          expect(generated.stacks.numbers.top).toBe(0);
          expect(generated.stacks.texts.top).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('an argument that emits in the middle of its own event does no harm', () => {
    const generated = makeMemoryRing();
    const declaration = declare('test:e0', [
      ['n', 'u32'],
      ['list', { kind: 'sequence', element: 'u32' }],
      ['text', 'string'],
    ]);
    const emit = compileSerialiser(declaration, sinksOf(generated, 0), generated.stacks);
    const nosy = (value: number): object => ({
      valueOf() {
        emit(100 + value, [100, 101, 102], 'inner');
        return value;
      },
      toString() {
        emit(200 + value, [], 'inner text');
        return `outer ${value}`;
      },
    });
    emit(nosy(1), [1, nosy(2), 3], nosy(4));
    const path = join(folder, 'nosy');
    writeTrace(path, [declaration], generated);
    const read = Array.from(openTrace(path).events(), (view) => view.payload());
    expect(read).toEqual([
      { n: 101, _list_length: 3, list: [100, 101, 102], text: 'inner' },
      { n: 102, _list_length: 3, list: [100, 101, 102], text: 'inner' },
      { n: 204, _list_length: 0, list: [], text: 'inner text' },
      { n: 1, _list_length: 3, list: [1, 2, 3], text: 'outer 4' },
    ]);
  });

  test('an event larger than a sub-buffer is lost and counted; its neighbours are not', () => {
    for (const make of [compileSerialiser, makeWalkingSerialiser]) {
      const ring = makeMemoryRing({ subBufferSizeBytes: 4096, subBufferCount: 4 });
      const text = declare('test:e0', [['text', 'string']]);
      const list = declare('test:e1', [['list', { kind: 'sequence', element: 'u8' }]]);
      const emitText = make(text, sinksOf(ring, 0), ring.stacks);
      const emitList = make(list, sinksOf(ring, 1), ring.stacks);
      emitText('before');
      emitText('x'.repeat(5000));
      emitList(new Uint8Array(5000));
      emitList({ length: 1e9 });
      emitList(7);
      // 3,000 bytes: fits, although three bytes a character would not.
      emitText('y'.repeat(3000));
      emitText('after');
      // None of them for want of a larger ring.
      expect(ring.reader.poll()).toMatchObject({ lostEvents: 3, lostTooLarge: 3 });
      const path = join(folder, make.name);
      writeTrace(path, [text, list], ring);
      const read = Array.from(openTrace(path).events(), (view) => view.field('text') ?? view.field('list'));
      expect(read).toEqual(['before', [], 'y'.repeat(3000), 'after']);
    }
  });

  test('the text of a generated serialiser is for people too', () => {
    const { text } = serialiserText(
      declare('shop:order', {
        order: 'u32',
        at: 'u64',
        customer: 'string',
        state: { kind: 'enumeration', integer: 'u8', labels: { open: 0 } },
        items: { kind: 'sequence', element: 'u16' },
        where: { kind: 'struct', members: { x: 'f32' } },
      }),
      sinksOf(makeMemoryRing(), 7),
    );
    expect(text).toMatchInlineSnapshot(`
      "'use strict';
      const { monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing } = runtime;
      const { numbers, texts } = stacks;
      const ring = sinks[0].writer.ring;
      const writeText = sinks[0].writer.writeText;
      const view = ring.view;
      const words = ring.words;
      const clock = ring.clock;
      const clockHalves = ring.clockHalves;
      const committed = ring.committed;
      const convert0 = conversions[0];
      return (function bind(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed, convert0) {
        return (function serialise(a0, a1, a2, a3, a4, a5) {
          const numbersAt = numbers.top;
          try {
            if (ring.isFull === true && ring.losesEvent()) return;
            // order
            if (typeof a0 !== 'number') a0 = toNumber(a0);
            // at
            let a1l, a1h;
            if (typeof a1 === 'number') {
              a1l = trunc(a1);
              a1h = floor(a1l / 4294967296);
            }
            else {
              splitWide(a1);
              a1l = wideHalves[0];
              a1h = wideHalves[1];
            }
            // customer
            if (typeof a2 !== 'string') a2 = toText(a2);
            // state
            if (typeof a3 !== 'number') a3 = convert0(a3);
            // items
            a4 = toList(a4);
            const a4n = listLength(a4);
            if (a4n > 4194304) {
              numbers.top = numbersAt;
              ring.countTooLarge();
              return;
            }
            const a4at = numbers.push(a4, a4n, toNumber);
            // where
            let a5_0;
            if (a5 === null || (typeof a5 !== 'object' && typeof a5 !== 'function')) a5 = nothing;
            try {
              a5_0 = a5["x"];
            } catch {}
            // x
            if (typeof a5_0 !== 'number') a5_0 = toNumber(a5_0);
            const before = clockHalves[0];
            clock[0] = monotonicNow();
            const low = clockHalves[0];
            const high = clockHalves[1];
            const tick = (low >>> 27) | (high << 5);
            const values = numbers.values;
            let p = ring.pos;
            if (tick !== ring.tick || low < before || p + 4 + 21 + a2.length * 3 + 1 + a4n * 2 > ring.end) {
              ring.tick = low < before ? -1 : ring.tick;
              p = ring.begin(7, 21 + textBytes(a2) + a4n * 2) | 0;
              if (p < 0) {
                numbers.top = numbersAt;
                return;
              }
            }
            else {
              view.setInt32(p, (low << 5) | 7, true);
              p += 4;
            }
            view.setInt32(p, a0 | 0, true);
            view.setInt32(p + 4, a1l | 0, true);
            view.setInt32(p + 8, a1h | 0, true);
            p = writeText(p + 12, a2);
            view.setInt8(p, a3 | 0);
            view.setInt32(p + 1, a4n | 0, true);
            p += 5;
            for (let i = 0; i < a4n; i += 1) {
              view.setInt16(p, values[a4at + i] | 0, true);
              p += 2;
            }
            view.setFloat32(p, a5_0, true);
            const end = p + 4;
            ring.pos = end;
            words[ring.contentWord] = (end - ring.base) << 3;
            committed[0] += 1;
            numbers.top = numbersAt;
          } catch { abandon(sinks, stacks, numbersAt, -1, serialise, a0, a1, a2, a3, a4, a5); }
        });
      })(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed, convert0);
      //# sourceURL=spoor:emit/shop:order
      "
    `);
    expect(serialiserText(declare('a:empty', {}), sinksOf(makeMemoryRing(), 40)).text).toMatchInlineSnapshot(`
      "'use strict';
      const { monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing } = runtime;
      const { numbers, texts } = stacks;
      const ring = sinks[0].writer.ring;
      const writeText = sinks[0].writer.writeText;
      const view = ring.view;
      const words = ring.words;
      const clock = ring.clock;
      const clockHalves = ring.clockHalves;
      const committed = ring.committed;
      return (function bind(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed) {
        return (function serialise() {
          try {
            if (ring.isFull === true && ring.losesEvent()) return;
            clock[0] = monotonicNow();
            const low = clockHalves[0];
            const high = clockHalves[1];
            const tick = (low >>> 27) | (high << 5);
            let p = ring.pos;
            if (p + 13 + 0 > ring.end) {
              p = ring.begin(40, 0) | 0;
              if (p < 0) {
                return;
              }
            }
            else {
              view.setInt8(p, 31);
              view.setInt32(p + 1, 40, true);
              view.setInt32(p + 5, low | 0, true);
              view.setInt32(p + 9, high | 0, true);
              ring.tick = tick;
              p += 13;
            }
            const end = p;
            ring.pos = end;
            words[ring.contentWord] = (end - ring.base) << 3;
            committed[0] += 1;
          } catch { abandon(sinks, stacks, -1, -1, serialise); }
        });
      })(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed);
      //# sourceURL=spoor:emit/a:empty
      "
    `);
  });
});
