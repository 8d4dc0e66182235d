import { openTrace } from '@spoor/components/node';
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { compileSerialiser } from './compile.ts';
import { ContextCatalogue } from './contexts.ts';
import { declare, type Declaration } from './declaration.ts';
import { serialiserText } from './emit-serialiser.ts';
import type { FieldTypes } from './field-types.ts';
import { StringTable, stringDeclaration } from './interned-strings.ts';
import { StringCache, detached } from './string-cache.ts';
import { anyText } from './testing/arbitrary-event.ts';
import {
  makeMemoryRing,
  sinksOf,
  sinksWithStrings,
  writeTrace,
  type MemoryRing,
} from './testing/memory-trace.ts';
import { textBytes } from './text.ts';
import { makeWalkingSerialiser } from './walk.ts';

const folder = mkdtempSync(join(tmpdir(), 'spoor-strings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PACKET_BYTES = 80;
const EXTENDED_MORE_BYTES = 9;
const makers = [
  ['generated', compileSerialiser],
  ['walking', makeWalkingSerialiser],
] as const;

/** Bytes that the open packet has beyond its header, were all event headers compact. */
function contentBytes({ writer: { ring } }: MemoryRing, payloadSizes: readonly number[]): number {
  let at = ring.base + PACKET_BYTES;
  let extended = 0;
  for (const size of payloadSizes) {
    const isExtended = (ring.bytes[at]! & 31) === 31;
    if (isExtended) extended += 1;
    at += (isExtended ? 4 + EXTENDED_MORE_BYTES : 4) + size;
  }
  expect(at).toBe(ring.pos);
  return at - ring.base - PACKET_BYTES - extended * EXTENDED_MORE_BYTES;
}

const four = { a: 'i32', b: 'i32', c: 'i32', d: 'i32' } as const;
const text = 'sixteen chars ab';

describe('bytes of an event, header included', () => {
  test.each<[string, FieldTypes, readonly unknown[], number]>([
    ['no fields', {}, [], 4],
    ['an int32', { a: 'i32' }, [1], 8],
    ['4 int32 and a string of 16 characters', { ...four, text: 'string' }, [1, 2, 3, 4, text], 37],
    ['4 int32 and a cached string', { ...four, text: 'cached-string' }, [1, 2, 3, 4, text], 37],
    ['4 int32 and an interned string', { ...four, text: 'interned-string' }, [1, 2, 3, 4, text], 24],
  ])('%s', (_, fields, args, sizeBytes) => {
    const count = 1000;
    for (const [, make] of makers) {
      const ring = makeMemoryRing();
      const declaration = declare('test:e', fields);
      const interns = 'text' in fields && fields['text'] === 'interned-string';
      const emit = make(
        declaration,
        interns ? sinksWithStrings(ring, 0, 1, make) : sinksOf(ring, 0),
        ring.stacks,
      );
      for (let n = 0; n < count; n += 1) emit(...args);
      // The text of the number is told once.
      const told = interns ? [4 + text.length + 1] : [];
      const sizes = [...told, ...Array.from({ length: count }, () => sizeBytes - 4)];
      expect(contentBytes(ring, sizes)).toBe(count * sizeBytes + (interns ? 4 + told[0]! : 0));
    }
  });
});

describe('cached strings', () => {
  test('are copied as they are encoded, whatever they are and in whichever order they come', () => {
    const few = fc.array(anyText.texts, { minLength: 1, maxLength: 12 });
    const long = fc.nat({ max: 140 }).map((length) => 'aé€😀'.repeat(40).slice(0, length));
    fc.assert(
      fc.property(few, long, fc.array(fc.nat(), { maxLength: 60 }), (texts, one, order) => {
        const cache = new StringCache();
        const to = Buffer.alloc(600);
        const view = new DataView(to.buffer, to.byteOffset, to.length);
        for (const index of order) {
          const chosen = [...texts, one][index % (texts.length + 1)]!;
          const wanted = Buffer.from(`${chosen.replaceAll('\0', '\u2400')}\0`);
          const slot = cache.find(chosen);
          expect(slot < 0).toBe(wanted.length > 128);
          if (slot < 0) continue;
          expect(cache.sizes[slot]).toBe(wanted.length);
          // What a serialiser compares with first.
          for (const [text, at] of [
            [cache.text0, cache.slot0],
            [cache.text1, cache.slot1],
          ] as const) {
            expect(cache.find(text)).toBe(at);
          }
          expect(cache.find(chosen)).toBe(slot);
          // Without room behind it, with less and with more than two words.
          for (const limit of [0, 3 + wanted.length, 18, 19, 600]) {
            to.fill(0xee);
            expect(cache.copy(slot, view, 3, limit)).toBe(3 + wanted.length);
            expect(to.subarray(3, 3 + wanted.length)).toEqual(wanted);
            expect(to[Math.max(limit, 3 + wanted.length)]).toBe(limit === 600 ? undefined : 0xee);
          }
        }
      }),
    );
  });

  test('do not keep the long text alive that they are a part of', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const cache = new StringCache();
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 20; n += 1) {
      const page = `page ${n} `.repeat(500_000);
      cache.find(page.slice(n * 8, n * 8 + 16 + n));
    }
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40_000_000);
    expect(cache.sizes.some((size) => size > 16)).toBe(true);
    expect(detached('short')).toBe('short');
  });

  test('an argument that emits the same event, and so uses the cache, does no harm', () => {
    const ring = makeMemoryRing();
    const declaration = declare('test:e', [
      ['first', 'cached-string'],
      ['second', 'cached-string'],
    ]);
    const emit = compileSerialiser(declaration, sinksOf(ring, 0), ring.stacks);
    const nosy = {
      toString() {
        for (let n = 0; n < 200; n += 1) emit(`inner ${n}`, 'x'.repeat(n));
        return 'outer';
      },
    };
    emit('first of the outer', nosy);
    const path = join(folder, 'nosy');
    writeTrace(path, [declaration], ring);
    const read = Array.from(openTrace(path).events(), (view) => view.payload());
    expect(read).toEqual([
      ...Array.from({ length: 200 }, (_, n) => ({ first: `inner ${n}`, second: 'x'.repeat(n) })),
      { first: 'first of the outer', second: 'outer' },
    ]);
  });
});

/** Reads events with texts in place of their numbers, from each packet alone. */
function readInterned(path: string, fields: readonly string[]): Record<string, unknown>[] {
  const texts = new Map<unknown, unknown>();
  const found: Record<string, unknown>[] = [];
  let packet: unknown;
  for (const view of openTrace(path).events()) {
    const { packet_seq_num: sequence } = view.packetContext();
    if (sequence !== packet) texts.clear();
    packet = sequence;
    const payload: Record<string, unknown> = { ...view.payload() };
    if (view.name === stringDeclaration.name) {
      texts.set(payload['id'], payload['text']);
    } else {
      for (const name of fields) payload[name] = texts.get(payload[name]);
      found.push(payload);
    }
  }
  return found;
}

function readBack(
  ring: MemoryRing,
  declarations: readonly Declaration[],
  fields: readonly string[],
): unknown {
  const path = mkdtempSync(join(folder, 'trace-'));
  writeTrace(path, declarations, ring);
  return readInterned(path, fields);
}

const recorded = (text: string): string => Buffer.from(text.replaceAll('\0', '\u2400')).toString();
const small = { subBufferSizeBytes: 4096, subBufferCount: 64 };

describe('interned strings', () => {
  const declaration = declare('test:e', [
    ['n', 'u32'],
    ['route', 'interned-string'],
    ['inner', { kind: 'struct', members: { word: 'interned-string', text: 'string' } }],
  ]);
  const declarations = [declaration, stringDeclaration];

  test.each(makers)('are told in each packet that they occur in: %s', (_, make) => {
    fc.assert(
      fc.property(
        fc.array(anyText.texts, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 1500 })), { maxLength: 60 }),
        (texts, calls) => {
          const ring = makeMemoryRing(small);
          const emit = make(declaration, sinksWithStrings(ring, 0, 1, make), ring.stacks);
          const wanted = calls.map(([first, second, length], n) => {
            const route = texts[first % texts.length]!;
            const word = texts[second % texts.length]!;
            emit(n, route, { word, text: 'x'.repeat(length) });
            return { n, route: recorded(route), inner: { text: 'x'.repeat(length) } };
          });
          expect(ring.writer.ring.lostEvents).toBe(0);
          const read = readBack(ring, declarations, ['route']) as { inner: { word?: unknown } }[];
          for (const { inner } of read) delete inner.word;
          expect(read).toEqual(wanted);
          expect([ring.stacks.numbers.top, ring.stacks.texts.top]).toEqual([0, 0]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('both ways to serialise record the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyText.texts, anyText.texts, fc.nat({ max: 900 })), { maxLength: 40 }),
        (calls) => {
          const rings = makers.map(([, make]) => {
            const ring = makeMemoryRing(small);
            const emit = make(declaration, sinksWithStrings(ring, 0, 1, make), ring.stacks);
            calls.forEach(([route, word, length], n) => emit(n, route, { word, text: 'x'.repeat(length) }));
            return ring;
          });
          const [generated, walked] = rings.map((ring) => readBack(ring, declarations, []));
          expect(walked).toEqual(generated);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('more of them than a thread has numbers for begin the numbers anew', () => {
    const one = declare('test:e', [
      ['a', 'interned-string'],
      ['b', 'interned-string'],
    ]);
    const ring = makeMemoryRing({ subBufferSizeBytes: 1 << 20, subBufferCount: 8 });
    const emit = compileSerialiser(one, sinksWithStrings(ring, 0, 1), ring.stacks);
    const wanted = Array.from({ length: 10_000 }, (_, n) => ({ a: `always`, b: `once ${n}` }));
    for (const { a, b } of wanted) emit(a, b);
    expect(readBack(ring, [one, stringDeclaration], ['a', 'b'])).toEqual(wanted);
  });

  test('numbers begin anew for many characters too, and are never more than they may be', () => {
    const table = new StringTable();
    const ids = Array.from({ length: 400 }, (_, n) => table.idOf(`${n}${'x'.repeat(10_000)}`));
    expect(Math.max(...ids)).toBeLessThan(110);
    expect(table.idOf('')).toBe(table.idOf(''));
    expect(table.idOf('399' + 'x'.repeat(10_000))).toBe(ids[399]);
  });

  test('an event that cannot be in a packet with its texts is lost and counted once, as one of a full ring is', () => {
    for (const [, make] of makers) {
      const ring = makeMemoryRing({ subBufferSizeBytes: 4096, subBufferCount: 8 });
      const emit = make(declaration, sinksWithStrings(ring, 0, 1, make), ring.stacks);
      emit(1, 'before', { word: 'b', text: 't' });
      emit(2, 'x'.repeat(3000), { word: 'b', text: 'y'.repeat(2000) });
      emit(3, 'z'.repeat(5000), { word: 'b', text: '' });
      expect(ring.writer.ring.lostEvents).toBe(2);
      emit(4, 'after', { word: 'b', text: 't' });
      const wanted = [1, 4].map((n) => ({
        n,
        route: n === 1 ? 'before' : 'after',
        inner: { word: expect.any(Number) as unknown, text: 't' },
      }));
      let taken = ring.writer.ring.lostEvents;
      for (let n = 5; n < 2000; n += 1) {
        const before = ring.writer.ring.lostEvents;
        emit(n, `route ${n}`, { word: 'b', text: 'y'.repeat(100) });
        taken += ring.writer.ring.lostEvents - before;
        expect(ring.writer.ring.lostEvents - before).toBeLessThanOrEqual(1);
      }
      expect(taken).toBeGreaterThan(1000);
      const read = readBack(ring, declarations, ['route']) as unknown[];
      expect(read.slice(0, 2)).toEqual(wanted);
    }
  });

  test('several rings are told each for itself, with the contexts of their channels', () => {
    const contexts = new ContextCatalogue(new Map([['test:app', () => 'context']]), () => {});
    const wanted = contexts.find('$app.test:app')!;
    const one = declare('test:e', { route: 'interned-string' });
    for (const [, make] of makers) {
      const rings = [makeMemoryRing(small), makeMemoryRing(small)];
      const chosen = [[wanted], []];
      const table = new StringTable();
      const sinks = rings.flatMap((ring, index) => sinksWithStrings(ring, 0, 1, make, chosen[index], table));
      const emit = make(one, sinks, rings[0]!.stacks);
      const routes = Array.from({ length: 500 }, (_, n) => ({ route: `route ${n % 7}` }));
      for (const { route } of routes) emit(route);
      for (const [index, ring] of rings.entries()) {
        const path = mkdtempSync(join(folder, 'several-'));
        writeTrace(path, [one, stringDeclaration], ring, chosen[index]);
        expect(readInterned(path, ['route'])).toEqual(routes);
      }
    }
  });

  test('a context that emits in the middle does no harm', () => {
    const ring = makeMemoryRing(small);
    let depth = 0;
    const contexts = new ContextCatalogue(new Map([['test:nosy', () => nosy()]]), () => {});
    const one = declare('test:e', [
      ['n', 'u32'],
      ['route', 'interned-string'],
    ]);
    const chosen = [contexts.find('$app.test:nosy')!];
    const emit = compileSerialiser(one, sinksWithStrings(ring, 0, 1, compileSerialiser, chosen), ring.stacks);
    let inner = 0;
    function nosy(): number {
      depth += 1;
      if (depth === 1) {
        for (let n = 0; n < 20; n += 1) emit(1_000_000, `inner ${(inner += 1)}`);
      }
      depth -= 1;
      return 1;
    }
    for (let n = 0; n < 100; n += 1) emit(n, `route ${n % 5}`);
    const path = mkdtempSync(join(folder, 'context-'));
    writeTrace(path, [one, stringDeclaration], ring, chosen);
    const read = readInterned(path, ['route']).filter(({ n }) => n !== 1_000_000);
    expect(ring.writer.ring.lostEvents).toBe(0);
    expect(read).toEqual(Array.from({ length: 100 }, (_, n) => ({ n, route: `route ${n % 5}` })));
  });
});

test('the text of a serialiser with such fields is for people too', () => {
  const declaration = declare('a:b', { cached: 'cached-string', interned: 'interned-string' });
  const { text: code } = serialiserText(declaration, sinksWithStrings(makeMemoryRing(), 3, 1));
  expect(code.slice(code.indexOf('const strings'))).toMatchInlineSnapshot(`
    "const strings = sinks[0].strings;
    const told = strings.told;
    const table = strings.table;
    const cachea0 = new StringCache();
    return (function bind(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed, strings, told, table, cachea0) {
      return (function serialise(a0, a1) {
        try {
          if (ring.isFull === true && ring.losesEvent()) return;
          // cached
          if (typeof a0 !== 'string') a0 = toText(a0);
          // interned
          if (typeof a1 !== 'string') a1 = toText(a1);
          const a0s = a0 === cachea0.text0 ? cachea0.slot0 : a0 === cachea0.text1 ? cachea0.slot1 : cachea0.find(a0);
          const a0n = a0s < 0 ? a0.length * 3 + 1 : cachea0.sizes[a0s];
          let a1i = table.idOf(a1);
          const before = clockHalves[0];
          clock[0] = monotonicNow();
          const low = clockHalves[0];
          const high = clockHalves[1];
          const tick = (low >>> 27) | (high << 5);
          let p = ring.pos;
          if (tick !== ring.tick || low < before || p + 4 + 4 + a0n > ring.end || told[a1i] !== ring.openedPackets) {
            ring.tick = low < before ? -1 : ring.tick;
            p = strings.begin(3, 4 + (a0s < 0 ? textBytes(a0) : a0n), [a1]) | 0;
            a1i = table.idOf(a1);
            if (p < 0) {
              return;
            }
          }
          else {
            view.setInt32(p, (low << 5) | 3, true);
            p += 4;
          }
          p = a0s < 0 ? writeText(p, a0) : cachea0.copy(a0s, view, p, ring.end);
          view.setInt32(p, a1i | 0, true);
          const end = p + 4;
          ring.pos = end;
          words[ring.contentWord] = (end - ring.base) << 3;
          committed[0] += 1;
        } catch { abandon(sinks, stacks, -1, -1, serialise, a0, a1); }
      });
    })(monotonicNow, toNumber, toText, toList, listLength, splitWide, wideHalves, wideValue, textBytes, stackedTextBytes, dynamicBytes, writeDynamic, abandon, trunc, floor, fround, StringCache, nothing, numbers, texts, ring, writeText, view, words, clock, clockHalves, committed, strings, told, table, cachea0);
    //# sourceURL=spoor:emit/a:b
    "
  `);
});

describe('declarations', () => {
  test('lists have no interned elements, and of cached ones the bytes alone', () => {
    const element = 'interned-string' as 'string';
    expect(() => declare('a:b', { x: { kind: 'sequence', element } })).toThrow('interned strings');
    expect(declare('a:b', { x: { kind: 'sequence', element: 'cached-string' } }).fields[0]!.plan).toEqual({
      kind: 'sequence',
      element: { kind: 'string' },
    });
    expect(textBytes('')).toBe(1);
  });
});
