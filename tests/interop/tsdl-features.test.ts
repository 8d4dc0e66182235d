// What CTF 1.8's metadata can say, one thing a case, on bytes written by hand: Spoor prints what the real babeltrace2
// prints, the plain reference reader finds the same values, and the text is what the bytes mean.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMetadata } from '@spoor/ctf';
import { afterAll, expect, test } from 'vitest';
import { compareReadings } from '../support/compare-readings.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-tsdl-'));
afterAll(() => removeTree(scratch));
let count = 0;

interface Feature {
  readonly title: string;
  /** Little-endian where it says nothing. */
  readonly order?: 'le' | 'be';
  /** Members of the event's payload, unless `metadata` is the whole. */
  readonly fields?: string;
  /** Before the trace block, at the root of all scopes. */
  readonly root?: string;
  readonly metadata?: string;
  /** Bytes of the one stream file, in hexadecimal; blanks and `|` divide them for the eye. */
  readonly bytes: string;
  /** Stands in the text. */
  readonly text: string | readonly string[];
  /** Why the real babeltrace2 does not read it. */
  readonly peerCannot?: string;
}

function u(size: number, more = ''): string {
  return `integer { size = ${size}; align = 8; ${more} }`;
}

const features: readonly Feature[] = [
  {
    title: 'typedef and typealias, at the root, in an event, hidden by an inner one',
    root: `typedef ${u(8)} t; typealias ${u(16)} := unsigned short; typealias ${u(8)} := u8 *;`,
    fields: `t a; unsigned short b; struct { typealias ${u(16)} := t; t c; } s; t d; u8 *e;`,
    bytes: '01 0200 0300 04 05',
    text: '{ a = 1, b = 2, s = { c = 3 }, d = 4, e = 0x5 }',
  },
  {
    title: 'structures, variants and enumerations by name, and a variant with its tag given where it is used',
    root: `struct point { ${u(8)} x; ${u(8)} y; }; enum kind : ${u(8)} { number, text };
      variant value { ${u(8)} number; string text; };`,
    fields: 'struct point p; enum kind k; variant value <k> v; enum kind l; variant value <l> w;',
    bytes: '01 02 | 00 | 07 | 01 | 6100',
    text: 'p = { x = 1, y = 2 }, k = ( "number" : container = 0 ), v = { 7 }, l = ( "text" : container = 1 ), w = { "a" }',
  },
  {
    title: 'lengths in lexical scopes: before, in an enclosing structure, in an inner one; the nearest wins',
    fields: `${u(8)} n; struct { ${u(8)} n; ${u(8)} own[n]; } s; ${u(8)} outer[n]; ${u(8)} inner[s.n];
      struct { struct { ${u(8)} deep[n]; } t; } r;`,
    bytes: '02 | 01 0a | 0b 0c | 0d | 0e 0f',
    text: 's = { n = 1, own = [ [0] = 10 ] }, outer = [ [0] = 11, [1] = 12 ], inner = [ [0] = 13 ], r = { t = { deep = [ [0] = 14, [1] = 15 ] } }',
  },
  {
    title: 'lengths in dynamic scopes: packet header and context, event header and contexts, payload',
    metadata: `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le;
        packet.header := struct { ${u(32)} magic; ${u(8)} h; }; };
      stream { packet.context := struct { ${u(8)} p; };
        event.header := struct { ${u(8)} i; }; event.context := struct { ${u(8)} c; }; };
      event { name = e; context := struct { ${u(8)} x; };
        fields := struct { ${u(8)} f; ${u(8)} a[trace.packet.header.h]; ${u(8)} b[stream.packet.context.p];
          ${u(8)} c[stream.event.header.i]; ${u(8)} d[stream.event.context.c]; ${u(8)} e[event.context.x];
          ${u(8)} g[event.fields.f]; }; };`,
    bytes: 'c11ffcc1 02 | 01 | 02 | 01 | 02 | 01 | 0101 02 0303 04 0505 06',
    text: 'a = [ [0] = 1, [1] = 1 ], b = [ [0] = 2 ], c = [ [0] = 3, [1] = 3 ], d = [ [0] = 4 ], e = [ [0] = 5, [1] = 5 ], g = [ [0] = 6 ] }',
  },
  {
    title: 'bit fields, lowest bit first',
    fields:
      'integer { size = 3; } a; integer { size = 5; signed = true; } b; integer { size = 12; } c; integer { size = 4; } d; integer { size = 33; } e; integer { size = 7; } f;',
    bytes: 'fd 21 43 | 78563412 ff',
    text: 'a = 5, b = -1, c = 801, d = 4, e = 4600387192, f = 127 }',
  },
  {
    title: 'bit fields, highest bit first',
    order: 'be',
    fields:
      'integer { size = 3; } a; integer { size = 5; signed = true; } b; integer { size = 12; } c; integer { size = 4; } d;',
    bytes: 'bf 12 34',
    text: 'a = 5, b = -1, c = 291, d = 4 }',
  },
  {
    title: 'either byte order beside the other',
    fields: `${u(16, 'byte_order = be;')} a; ${u(16)} b; ${u(32, 'byte_order = network; signed = true;')} c; floating_point { exp_dig = 8; mant_dig = 24; align = 8; byte_order = be; } f;`,
    bytes: '0102 0102 fffffffe 3fc00000',
    text: 'a = 258, b = 513, c = -2, f = 1.5 }',
  },
  {
    title: 'alignments, of members, of structures by their members, of structures that say more',
    fields: `${u(8)} a; integer { size = 16; align = 16; } b; struct { ${u(8)} c; integer { size = 32; align = 32; } d; } s;
      struct { ${u(8)} e; } align(64) t; ${u(8)} f;`,
    bytes: '01 00 0200 | 03 000000 04000000 00000000 | 05 06',
    text: 'a = 1, b = 2, s = { c = 3, d = 4 }, t = { e = 5 }, f = 6 }',
  },
  {
    title: 'the bases of integers',
    fields: `${u(8, 'base = 2;')} b; ${u(8, 'base = oct;')} o; ${u(8, 'base = x; signed = true;')} x; ${u(8, 'base = decimal; signed = true;')} d;`,
    bytes: '05 09 fe fe',
    text: 'b = 0b00000101, o = 011, x = 0xFE, d = -2 }',
  },
  {
    title: 'integers of 64 bits to their ends',
    fields: `${u(64)} a; ${u(64, 'signed = true;')} b; ${u(64, 'signed = true;')} c;`,
    bytes: 'ffffffffffffffff 0000000000000080 ffffffffffffff7f',
    text: 'a = 18446744073709551615, b = -9223372036854775808, c = 9223372036854775807 }',
  },
  {
    title: 'integers beyond 64 bits',
    fields: `${u(72)} a; ${u(128, 'signed = true;')} b; integer { size = 104; base = x; byte_order = le; align = 8; } c;`,
    bytes: '000000000000000001 | feffffffffffffffffffffffffffffff | 0102000000000000000000000f',
    text: ['a = 18446744073709551616, b = -2', 'c = 0xF000000000000000000000201'],
    peerCannot: 'integers are of 64 bits at most',
  },
  {
    title: 'floating point numbers',
    fields:
      'floating_point { exp_dig = 8; mant_dig = 24; align = 8; } a; floating_point { exp_dig = 11; mant_dig = 53; align = 8; } b; floating_point { exp_dig = 11; mant_dig = 53; align = 8; } c;',
    bytes: '0000c0bf | 182d4454fb210940 | 000000000000f0ff',
    text: 'a = -1.5, b = 3.14159, c = -inf }',
  },
  {
    title: 'floating point numbers of 16 bits',
    fields: 'floating_point { exp_dig = 5; mant_dig = 11; align = 8; } a;',
    bytes: '003e',
    text: 'a = 1.5 }',
    peerCannot: 'floating point numbers are of 32 and 64 bits',
  },
  {
    title:
      'text: strings, arrays and sequences of characters, of either encoding; other characters are numbers',
    root: `typealias ${u(8, 'encoding = UTF8;')} := char; typealias ${u(8, 'encoding = ASCII;')} := ascii;`,
    fields: `string s; string { encoding = ASCII; } t; char a[4]; ${u(8)} n; ascii b[n]; ${u(16, 'encoding = UTF8;')} w[1];`,
    bytes: 'c3bc00 | 6100 | 61620063 | 02 7879 | 4100',
    text: 's = "ü", t = "a", a = "ab", n = 2, b = "xy", w = [ [0] = 65 ] }',
  },
  {
    title: 'arrays and sequences of anything, in each other',
    fields: `${u(8)} n; struct { ${u(8)} x; string s; } r[n]; ${u(8)} m[2][n]; string names[2];`,
    bytes: '02 | 01 6100 02 6200 | 0102 0304 | 6300 6400',
    text: ['r = [ [0] = { x = 1, s = "a" }, [1] = { x = 2, s = "b" } ]', 'names = [ [0] = "c", [1] = "d" ]'],
  },
  {
    title: 'enumerations: ranges, several labels of a value, none, negative values, labels in quotes',
    fields: `enum : ${u(8, 'signed = true;')} { a = -2, "b c" = 0 ... 5, d = 5, e } f; enum : ${u(8)} { x } g; enum : ${u(8, 'signed = true;')} { low = -128 ... -1, "high" = 1 ... 127 } h; enum : ${u(8, 'signed = true;')} { a = -2 } i;`,
    bytes: '05 09 80 fe',
    text: [
      'f = ( "b c", "d" : container = 5 )',
      'g = ( <unknown> : container = 9 )',
      'h = ( "low" : container = -128 )',
      'i = ( "a" : container = -2 )',
    ],
  },
  {
    title: 'variants in structures, arrays and each other',
    fields: `struct { enum : ${u(8)} { a, b } t; variant <t> { ${u(8)} a; struct { enum : ${u(8)} { c, d } k; variant <k> { string c; ${u(16)} d; } w; } b; } v; } r[3];`,
    bytes: '00 07 | 01 00 7800 | 01 01 0201',
    text: ['v = { 7 }', 'w = { "x" }', 'w = { 258 }'],
  },
  {
    title: 'escapes in names, text of the environment, comments and call sites',
    metadata: `/* CTF 1.8 */ // a comment
      trace { major = 1; minor = 8; byte_order = le; };
      env { a = "tab\\t quote\\" hex\\x41 \\x142b \\x0041 octal\\102 back\\\\"; hostname = "h\\x6fst"; n = -5; };
      stream { };
      callsite { name = "e\\x5fz"; func = "main"; file = "a.c"; line = 39; ip = 0x40096c; };
      event { name = "e\\x5fz"; fields := struct { ${u(8)} _id; ${u(8)} __x; ${u(8)} _align; }; };`,
    bytes: '01 02 03',
    text: 'host e_z: { id = 1, _x = 2, align = 3 }',
  },
  {
    title: 'neither packet header nor context nor event header: the file is a packet of events of one class',
    fields: `${u(8)} a;`,
    bytes: '01 02 03',
    text: ['{ a = 1 }\n', '{ a = 2 }\n', '{ a = 3 }\n'],
  },
  {
    title: 'packets without events, with room behind their content, and of events that fill them',
    metadata: `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; packet.header := struct { ${u(32)} magic; }; };
      stream { packet.context := struct { ${u(16)} packet_size; ${u(16)} content_size; }; };
      event { name = e; fields := struct { ${u(8)} a; }; };`,
    bytes:
      'c11ffcc1 4000 4000 | c11ffcc1 5800 4800 01 ffff | c11ffcc1 5000 5000 02 03 | c11ffcc1 6000 4000 ffffffff',
    text: ['{ a = 1 }\n', '{ a = 2 }\n', '{ a = 3 }\n'],
  },
  {
    title: 'a clock of another frequency, of which events tell the low bits, and its offset',
    metadata: `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; };
      clock { name = slow; freq = 1000; offset_s = 100; offset = 500; description = "d"; precision = 3; };
      stream { event.header := struct { ${u(8, 'map = clock.slow.value;')} timestamp; }; };
      event { name = e; fields := struct { ${u(8)} a; }; };`,
    bytes: 'fa 01 | 02 02 | 01 03',
    text: [
      '[00:01:40.750000000] (+?.?????????) e: { a = 1 }',
      '[00:01:40.758000000] (+0.008000000) e: { a = 2 }',
      '[00:01:41.013000000] (+0.255000000) e: { a = 3 }',
    ],
  },
  {
    title: 'several event classes and log levels',
    metadata: `/* CTF 1.8 */ trace { major = 1; minor = 8; byte_order = le; };
      stream { event.header := struct { enum : ${u(8)} { compact = 0 ... 254, extended = 255 } id;
        variant <id> { struct { } compact; struct { ${u(16)} id; } extended; } v; }; };
      event { name = zero; id = 0; loglevel = 4; fields := struct { ${u(8)} a; }; };
      event { name = far; id = 300; model.emf.uri = "http://x"; fields := struct { ${u(8)} b; }; };`,
    bytes: '00 01 | ff 2c01 02 | 00 03',
    text: ['zero: { a = 1 }', 'far: { b = 2 }', 'zero: { a = 3 }'],
  },
];

function metadataOf({ metadata, order, root, fields }: Feature): string {
  return (
    metadata ??
    `/* CTF 1.8 */ ${root ?? ''} trace { major = 1; minor = 8; byte_order = ${order ?? 'le'}; };
    stream { }; event { name = e; fields := struct { ${fields} }; };`
  );
}

describeNeeding([command('babeltrace2')], 'CTF 1.8', () => {
  test.each(features)('$title', (feature) => {
    const folder = join(scratch, String(count++));
    mkdirSync(folder);
    const bytes = new Uint8Array(Buffer.from(feature.bytes.replaceAll(/[\s|]/g, ''), 'hex'));
    writeFileSync(join(folder, 'metadata'), metadataOf(feature));
    writeFileSync(join(folder, 's'), bytes);
    const args = ['--clock-gmt', folder];
    const ours = spoor(args);
    expect(ours).toMatchObject({ status: 0, stderr: '' });
    for (const text of [feature.text].flat()) expect(ours.stdout).toContain(text);
    const theirs = babeltrace2(args);
    if (feature.peerCannot === undefined) {
      expect(theirs, theirs.stderr).toMatchObject({ status: 0, stdout: ours.stdout });
    } else {
      expect(theirs.status, feature.peerCannot).not.toBe(0);
    }
    const traceClass = readMetadata(new TextEncoder().encode(metadataOf(feature)));
    expect(compareReadings(traceClass, 's', bytes).eventCount).toBe(ours.stdout.split('\n').length - 1);
  });
});
