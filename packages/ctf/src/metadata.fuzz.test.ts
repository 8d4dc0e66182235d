import { SpoorError } from '@spoor/base';
import { array, assert, gen, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTsdl, readMetadata } from './metadata.ts';
import { arbitraryTraceClass } from './testing/arbitrary-trace-class.ts';
import { lttngSample } from './testing/lttng-sample.ts';
import { mutate } from './testing/mutate.ts';
import { formatTsdl } from './tsdl-writer.ts';

/** Nothing but a SpoorError may come out, and it must not take long. */
function survive(parse: () => unknown): 'read' | 'refused' {
  const began = performance.now();
  try {
    parse();
    return 'read';
  } catch (error) {
    if (!(error instanceof SpoorError)) throw error;
    expect(error.code).toMatch(/^ctf\/metadata-/);
    expect(error.where).not.toBe(undefined);
    return 'refused';
  } finally {
    expect(performance.now() - began).toBeLessThan(10_000);
  }
}

describe('damaged metadata is read or refused', () => {
  test("LTTng's", () => {
    const seen = { read: 0, refused: 0 };
    assert(
      property(gen(), (g) => {
        seen[survive(() => parseTsdl(mutate(g, lttngSample)))] += 1;
      }),
      { numRuns: 800 },
    );
    expect(seen.refused).toBeGreaterThan(40);
  });

  test('of random models', () => {
    assert(
      property(gen(), (g) => {
        survive(() => parseTsdl(mutate(g, formatTsdl(arbitraryTraceClass(g)))));
      }),
      { numRuns: 120 },
    );
  });

  test('in packets', () => {
    const content = new TextEncoder().encode(lttngSample);
    const packet = new Uint8Array(37 + content.length);
    const view = new DataView(packet.buffer);
    view.setUint32(0, 0x75d11d57, true);
    view.setUint32(24, packet.length * 8, true);
    view.setUint32(28, packet.length * 8, true);
    packet.set([1, 8], 35);
    packet.set(content, 37);
    assert(
      property(
        array(nat(255), { maxLength: 8 }),
        nat(packet.length),
        nat(packet.length),
        (bytes, at, end) => {
          const damaged = packet.slice(0, Math.max(at, end) + 37);
          damaged.set(
            bytes.slice(0, Math.max(0, damaged.length - at)),
            Math.min(at, damaged.length - bytes.length),
          );
          survive(() => readMetadata(damaged));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('bytes of any kind', () => {
    assert(
      property(array(nat(255), { maxLength: 200 }), (bytes) => {
        survive(() => readMetadata(Uint8Array.from(bytes)));
        survive(() => readMetadata(Uint8Array.from([0x57, 0x1d, 0xd1, 0x75, ...bytes])));
      }),
    );
  });
});

describe('hostile metadata is refused in bounded time', () => {
  const trace = 'trace { major = 1; minor = 8; byte_order = le; };\n';
  const byte = 'typealias integer { size = 8; } := u8;\n';
  const event = (fields: string): string => `${trace}${byte}event { name = e; fields := ${fields}; };`;
  const doubling = Array.from(
    { length: 60 },
    (_, level) => `struct s${level + 1} { struct s${level} a; struct s${level} b; };`,
  ).join('\n');
  const chain = Array.from({ length: 5000 }, (_, level) => `typedef t${level} t${level + 1}[1];`).join('\n');
  const many = Array.from({ length: 20_000 }, (_, index) => `u8 f${index};`).join(' ');
  const uses = Array.from(
    { length: 3000 },
    (_, id) => `event { name = e; id = ${id}; fields := struct big; };`,
  ).join('');

  const cases: Readonly<Record<string, string>> = {
    'structures nested without end': event(`${'struct { '.repeat(100_000)}${'} a; '.repeat(100_000)}`),
    'braces never closed': `${trace}${'struct { '.repeat(100_000)}`,
    'dimensions without end': event(`struct { u8 a${'[1]'.repeat(50_000)}; }`),
    'parentheses without end': event(`struct { u8 ${'('.repeat(50_000)}a; }`),
    'stars without end': event(`struct { u8 ${'* '.repeat(50_000)}a; }`),
    'enumerations in enumerations': event(`struct { ${'enum : '.repeat(50_000)} u8 { a } x; }`),
    'types that double': `${trace}${byte}struct s0 { u8 x; };\n${doubling}\nevent { name = e; fields := struct s60; };`,
    'types of types of types': `${trace}${byte}typedef u8 t0;\n${chain}\nevent { name = e; fields := struct { t5000 x; }; };`,
    'a large structure with references, used often': `${trace}${byte}
      struct big { u8 n; struct { u8 n; u8 a[n]; } x; ${many} u8 y[n]; };
      stream { event.header := struct { u8 id; }; };${uses}`,
    'a number without end': `${trace}env { x = ${'9'.repeat(200_000)}; };`,
    'an unfinished comment': `${trace}/* ${'* '.repeat(100_000)}`,
    'an unfinished string': `${trace}env { x = "${'\\"'.repeat(100_000)}`,
    'an integer of too many bits': event('struct { integer { size = 4000000000; } a; }'),
  };
  for (const [name, text] of Object.entries(cases)) {
    test(name, () => {
      expect(survive(() => parseTsdl(text))).toBe('refused');
    });
  }

  test('much that is odd but allowed is read', () => {
    const unknown = Array.from({ length: 20_000 }, (_, index) => `odd${index} = 1;`).join('\n');
    const warnings: string[] = [];
    const text = `trace { major = 1; minor = 8; byte_order = le; ${unknown} };`;
    parseTsdl(text, 'm', { onWarning: (message) => warnings.push(message) });
    expect(warnings.length).toBe(51);
    expect(survive(() => parseTsdl(event(`struct { ${many} }`)))).toBe('read');
    expect(survive(() => parseTsdl(event(`struct { u8 n; ${many.replaceAll(';', '[n];')} }`)))).toBe('read');
    const pairs = Array.from({ length: 20_000 }, (_, index) => `u8 n${index}; u8 a${index}[n${index}];`).join(
      ' ',
    );
    expect(survive(() => parseTsdl(event(`struct { ${pairs} }`)))).toBe('read');
  });
});
