// Makes the traces of tests/fixtures/every-class anew: one of each version of CTF, which together have every field class,
// in both byte orders. Metadata is written by hand below; packets are what @spoor/ctf makes of the values.
// node scripts/make-fixtures.mjs [FOLDER]   after `npm run build`; read the difference before you commit it.
import { createTraceWriter, readMetadata } from '@spoor/ctf';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const folder = resolve(
  process.argv[2] ?? join(import.meta.dirname, '..', 'tests', 'fixtures', 'every-class'),
);

/** What babeltrace2 2.0 does not read. */
const wide = `event {
	name = "fixture:wide";
	id = 4;
	stream_id = 3;
	fields := struct {
		integer { size = 128; align = 8; } _u128;
		integer { size = 65; align = 1; signed = true; } _s65;
		floating_point { exp_dig = 5; mant_dig = 11; align = 16; } _half;
	};
};
`;

/** TSDL of a trace in a byte order. */
const tsdl = (order, withWide) => `/* CTF 1.8 */
typealias integer { size = 8; align = 8; } := u8;
typealias integer { size = 16; align = 8; } := u16;
typealias integer { size = 32; align = 8; } := u32;
typealias integer { size = 64; align = 8; } := u64;
typealias integer { size = 8; align = 8; encoding = UTF8; } := char8;
trace {
	major = 1;
	minor = 8;
	uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564";
	byte_order = ${order};
	packet.header := struct { u32 magic; u8 uuid[16]; u32 stream_id; u64 stream_instance_id; };
};
env { hostname = "fixture"; domain = "every \\"class\\""; answer = 42; negative = -7; };
clock {
	name = ticks;
	uuid = "0c4c7e1a-9f2b-4f0e-8a6b-1c2d3e4f5a6b";
	description = "ten megahertz";
	freq = 10000000;
	precision = 2;
	offset_s = 1700000000;
	offset = 5;
	absolute = true;
};
typealias integer { size = 27; align = 1; map = clock.ticks.value; } := stamp27;
typealias integer { size = 64; align = 8; map = clock.ticks.value; } := stamp64;
stream {
	id = 3;
	packet.context := struct {
		stamp64 timestamp_begin;
		stamp64 timestamp_end;
		u64 content_size;
		u64 packet_size;
		u64 events_discarded;
		u64 packet_seq_num;
		u32 cpu_id;
	};
	event.header := struct {
		enum : integer { size = 5; align = 1; } { compact = 0 ... 30, extended = 31 } id;
		variant <id> {
			struct { stamp27 timestamp; } compact;
			struct { u32 id; stamp64 timestamp; } extended;
		} v;
	} align(8);
	event.context := struct { integer { size = 32; align = 8; signed = true; } _vpid; string _procname; };
};
event {
	name = "fixture:scalars";
	id = 0;
	stream_id = 3;
	loglevel = 6;
	model.emf.uri = "https://example.com/scalars";
	context := struct { u16 _nested; };
	fields := struct {
		u8 _u8;
		integer { size = 16; align = 16; base = hexadecimal; } _x16;
		integer { size = 32; align = 32; signed = true; byte_order = be; } _be32;
		integer { size = 64; align = 64; signed = true; byte_order = le; } _le64;
		integer { size = 64; align = 8; } _most;
		integer { size = 3; align = 1; base = binary; } _b3;
		integer { size = 13; align = 1; signed = true; } _s13;
		integer { size = 33; align = 1; base = octal; } _o33;
		floating_point { exp_dig = 8; mant_dig = 24; align = 8; } _single;
		floating_point { exp_dig = 11; mant_dig = 53; align = 32; byte_order = be; } _double;
		enum : integer { size = 8; align = 8; signed = true; } { "low value" = -5 ... -1, zero, several = 1 ... 9 } _known;
		enum : u16 { one = 1, few = 1 ... 3 } _many;
		enum : u8 { only = 200 } _unknown;
	};
};
event {
	name = "fixture:compounds";
	id = 1;
	stream_id = 3;
	fields := struct {
		string _text;
		string { encoding = ASCII; } _ascii;
		char8 _fixed[6];
		u8 __n;
		char8 _sized[ __n ];
		u16 _list[ __n ];
		struct { u8 a; integer { size = 4; align = 1; } bits; struct { u16 deep; } align(32) inner; } _pairs[2];
		u8 _matrix[2][3];
		struct { u8 k; string words[ k ]; } _bags[ __n ];
		struct {} _nothing;
		enum : u8 { small, words = 5 ... 9, more = 10 } _tag;
		variant <_tag> {
			u8 small;
			string words;
			struct { u8 m; variant <_tag> { u8 more; } again; u16 list[ m ]; } more;
		} _choice;
	};
};
event { name = "fixture:far"; id = 70000; stream_id = 3; };
${withWide ? wide : ''}`;

const scalars = {
  u8: 250,
  x16: 0xbeef,
  be32: -123_456_789,
  le64: -(1n << 63n),
  most: (1n << 64n) - 1n,
  b3: 5,
  s13: -4096,
  o33: 2 ** 33 - 1,
  single: 0.15625,
  double: -1e300,
  known: -3,
  many: 2,
  unknown: 7,
};
const compounds = (tag, choice) => ({
  text: 'naïve "text"\n',
  ascii: 'plain',
  fixed: 'abc',
  _n: 3,
  sized: 'xyz',
  list: [1, 2, 65_535],
  pairs: [
    { a: 1, bits: 9, inner: { deep: 500 } },
    { a: 2, bits: 6, inner: { deep: 501 } },
  ],
  matrix: [
    [1, 2, 3],
    [4, 5, 6],
  ],
  bags: [{ words: [] }, { words: ['one'] }, { words: ['two', 'three'] }],
  nothing: {},
  tag,
  choice,
});

/** Values of the events of a CTF 1.8 trace. @param withWide also of fields that babeltrace2 2.0 does not read. */
function write18(writer, withWide) {
  const stream = writer.stream({ classId: 3, id: 9, name: 'stream', packet: { context: { cpu_id: 2 } } });
  const commonContext = { vpid: -2, procname: 'maker' };
  const more = { commonContext, specificContext: { nested: 12 } };
  stream.append('fixture:scalars', 1000, scalars, more);
  stream.append('fixture:compounds', 1001, compounds(0, 77), { commonContext });
  stream.append('fixture:compounds', 1001, compounds(7, 'chosen'), { commonContext });
  stream.append('fixture:compounds', 2_000_000_000, compounds(10, { m: 1, again: 8, list: [9] }), {
    commonContext,
  });
  stream.endPacket();
  stream.discard(4);
  stream.append('fixture:far', 2_000_000_001, {}, { commonContext });
  if (withWide) {
    const wide = { u128: (1n << 127n) + 1n, s65: -(1n << 64n), half: 1.5 };
    stream.append('fixture:wide', 2_000_000_002, wide, { commonContext });
  }
  stream.beginPacket(2_000_000_010);
  writer.close();
}

const origin = (scope, ...path) => ({ origin: scope, path });
const payload = (...path) => origin('event-record-payload', ...path);
const structure = (members, minimum) => ({
  type: 'structure',
  ...(minimum === undefined ? {} : { 'minimum-alignment': minimum }),
  'member-classes': Object.entries(members).map(([name, fieldClass]) => ({
    name,
    'field-class': fieldClass,
  })),
});

/** Fragments of CTF 2 metadata in a byte order. */
function fragments(order) {
  const bits = (type, length, more = {}) => ({
    type: `fixed-length-${type}`,
    length,
    'byte-order': order === 'le' ? 'little-endian' : 'big-endian',
    alignment: length % 8 === 0 ? 8 : 1,
    ...more,
  });
  const u = (length, more) => bits('unsigned-integer', length, more);
  const reversed = { 'bit-order': order === 'le' ? 'last-to-first' : 'first-to-last' };
  const leb = (signed, more = {}) => ({ type: `variable-length-${signed}-integer`, ...more });
  const text = (encoding) => ({ type: 'null-terminated-string', encoding });
  const fixed = (length, encoding) => ({ type: 'static-length-string', length, encoding });
  const sized = (at, encoding) => ({ type: 'dynamic-length-string', 'length-field-location': at, encoding });
  const variant = (at, options) => ({
    type: 'variant',
    'selector-field-location': at,
    options: options.map(([ranges, fieldClass, name]) => ({
      ...(name === undefined ? {} : { name }),
      'selector-field-ranges': ranges,
      'field-class': fieldClass,
    })),
  });
  const optional = (at, fieldClass, ranges) => ({
    type: 'optional',
    'selector-field-location': at,
    ...(ranges === undefined ? {} : { 'selector-field-ranges': ranges }),
    'field-class': fieldClass,
  });
  const uuid = Array.from({ length: 16 }, (_, index) => index * 17);
  return [
    {
      type: 'preamble',
      version: 2,
      uuid,
      attributes: { 'example.com': { made: ['by', 'hand', 1, 0.5, null, true] } },
    },
    { type: 'field-class-alias', name: 'byte', 'field-class': u(8) },
    {
      type: 'clock-class',
      id: 'the clock',
      namespace: 'example.com',
      name: 'ticks',
      uid: 'board 7',
      description: 'ten megahertz',
      frequency: 10_000_000,
      origin: 'unix-epoch',
      'offset-from-origin': { seconds: 1_700_000_000, cycles: 5 },
      precision: 2,
      accuracy: 30,
    },
    {
      type: 'trace-class',
      namespace: 'example.com',
      name: 'every class',
      uid: 'fixture',
      environment: { hostname: 'fixture', answer: 42, negative: -7 },
      'packet-header-field-class': structure({
        'the magic': u(32, { roles: ['packet-magic-number'] }),
        'the uuid': { type: 'static-length-blob', length: 16, roles: ['metadata-stream-uuid'] },
        which: u(16, { roles: ['data-stream-class-id'] }),
        instance: leb('unsigned', { roles: ['data-stream-id'] }),
      }),
    },
    {
      type: 'data-stream-class',
      id: 3,
      name: 'the stream',
      'default-clock-class-id': 'the clock',
      'packet-context-field-class': structure({
        total: leb('unsigned', { roles: ['packet-total-length'] }),
        content: u(32, { roles: ['packet-content-length'] }),
        begin: u(64, { roles: ['default-clock-timestamp'] }),
        end: u(64, { roles: ['packet-end-default-clock-timestamp'] }),
        lost: u(16, { roles: ['discarded-event-record-counter-snapshot'] }),
        number: u(16, { roles: ['packet-sequence-number'] }),
        cpu_id: 'byte',
        'has note': bits('boolean', 8),
        note: optional({ path: ['has note'] }, text('utf-8')),
      }),
      'event-record-header-field-class': structure({
        class: leb('unsigned', { roles: ['event-record-class-id'] }),
        time: u(27, { roles: ['default-clock-timestamp'] }),
      }),
      'event-record-common-context-field-class': structure(
        { vpid: bits('signed-integer', 32), count: 'byte' },
        32,
      ),
    },
    {
      type: 'event-record-class',
      id: 0,
      'data-stream-class-id': 3,
      namespace: 'example.com',
      name: 'fixture:scalars',
      uid: 'the first',
      attributes: { 'lttng.org,2009': { 'log-level': 'info', 'emf-uri': 'https://example.com/scalars' } },
      'specific-context-field-class': structure({ nested: u(16) }),
      'payload-field-class': structure({
        u8: 'byte',
        x16: u(16, { alignment: 16, 'preferred-display-base': 16 }),
        le64: bits('signed-integer', 64, { 'byte-order': 'little-endian', alignment: 64 }),
        be32: bits('signed-integer', 32, { 'byte-order': 'big-endian' }),
        b3: u(3, { 'preferred-display-base': 2 }),
        s13: bits('signed-integer', 13),
        'reversed 24': u(24, { ...reversed, 'preferred-display-base': 16 }),
        'reversed 40': bits('signed-integer', 40, reversed),
        u128: u(128),
        uleb: leb('unsigned', { 'preferred-display-base': 8 }),
        sleb: leb('signed', { mappings: { 'below zero': [[-(2 ** 40), -1]] } }),
        half: bits('floating-point-number', 16),
        single: bits('floating-point-number', 32, reversed),
        double: bits('floating-point-number', 64, { alignment: 32 }),
        known: bits('signed-integer', 8, {
          mappings: {
            low: [[-5, -1]],
            several: [
              [1, 9],
              [20, 29],
            ],
          },
        }),
        unknown: u(8, { mappings: { only: [[200, 200]] } }),
        array: bits('bit-array', 12),
        map: bits('bit-map', 20, {
          flags: {
            read: [[0, 0]],
            write: [[1, 1]],
            rest: [
              [4, 7],
              [9, 9],
            ],
          },
        }),
        yes: bits('boolean', 1),
        no: bits('boolean', 8, reversed),
      }),
    },
    {
      type: 'event-record-class',
      id: 300,
      'data-stream-class-id': 3,
      name: 'fixture:compounds',
      'payload-field-class': structure({
        utf8: text('utf-8'),
        utf16: text('utf-16be'),
        utf32: text('utf-32le'),
        'fixed 8': fixed(6, 'utf-8'),
        'fixed 16': fixed(8, 'utf-16le'),
        length: leb('unsigned'),
        'sized 8': sized(payload('length'), 'utf-8'),
        'sized 32': sized({ path: ['length'] }, 'utf-32be'),
        blob: { type: 'static-length-blob', length: 3, 'media-type': 'image/png' },
        bytes: { type: 'dynamic-length-blob', 'length-field-location': { path: ['length'] } },
        pair: {
          type: 'static-length-array',
          length: 2,
          'element-field-class': u(5),
          'minimum-alignment': 16,
        },
        many: {
          type: 'dynamic-length-array',
          'length-field-location': origin('event-record-common-context', 'count'),
          'element-field-class': structure({
            flag: bits('boolean', 8),
            maybe: optional({ path: ['flag'] }, 'byte'),
          }),
        },
        tag: 'byte',
        choice: variant(payload('tag'), [
          [[[0, 4]], 'byte', 'small'],
          [[[5, 9]], text('utf-8')],
          [
            [[10, 10]],
            structure({
              n: 'byte',
              list: {
                type: 'dynamic-length-array',
                'length-field-location': { path: ['n'] },
                'element-field-class': 'byte',
              },
              back: variant({ path: [null, 'tag'] }, [[[[10, 20]], u(16), 'same']]),
            }),
            'inner one',
          ],
        ]),
        sometimes: optional(payload('tag'), structure({ a: 'byte', b: text('utf-8') }), [[5, 9]]),
        nothing: structure({}),
      }),
    },
    { type: 'event-record-class', id: 70_000, 'data-stream-class-id': 3 },
  ];
}

const metadata2 = (order) =>
  fragments(order)
    .map((fragment) => `\u001e${JSON.stringify(fragment, undefined, '\t')}\n`)
    .join('');

function write2(writer) {
  const note = { cpu_id: 2, 'has note': true, note: 'first packet' };
  const stream = writer.stream({ classId: 3, id: 300, name: 'stream', packet: { context: note } });
  const commonContext = { vpid: -2, count: 2 };
  stream.append(
    'fixture:scalars',
    1000,
    {
      u8: 250,
      x16: 0xbeef,
      le64: -(1n << 63n),
      be32: -123_456_789,
      b3: 5,
      s13: -4096,
      'reversed 24': 0x123456,
      'reversed 40': -2,
      u128: (1n << 127n) + 1n,
      uleb: (1n << 64n) - 1n,
      sleb: -129,
      half: 1.5,
      single: 0.15625,
      double: -1e300,
      known: 25,
      unknown: 7,
      array: 0x803,
      map: ['write', 'rest'],
      yes: true,
      no: false,
    },
    { commonContext, specificContext: { nested: 12 } },
  );
  const compounds2 = (tag, choice, sometimes) => ({
    utf8: 'naïve "text"\n',
    utf16: 'wide 😀',
    utf32: 'wider é',
    'fixed 8': 'abc',
    'fixed 16': 'xyz',
    length: 8,
    'sized 8': 'eight',
    'sized 32': 'ab',
    blob: [1, 2, 255],
    bytes: [0, 1, 2, 3, 4, 5, 6, 7],
    pair: [3, 30],
    many: [{ flag: true, maybe: 9 }, { flag: false }],
    tag,
    choice,
    sometimes,
    nothing: {},
  });
  stream.append('fixture:compounds', 1001, compounds2(0, 77, null), { commonContext });
  stream.append('fixture:compounds', 1001, compounds2(7, 'chosen', { a: 1, b: 'there' }), { commonContext });
  stream.endPacket();
  stream.discard(4);
  stream.beginPacket(2_000_000_000, { context: { cpu_id: 3, 'has note': false } });
  const inner = { n: 2, list: [5, 6], back: 500 };
  stream.append('fixture:compounds', 2_000_000_000, compounds2(10, inner, null), { commonContext });
  stream.append(70_000n, 2_000_000_001, {}, { commonContext });
  writer.close();
}

/** Writes a trace; its metadata is the text as it was written by hand. */
function make(name, ctfVersion, text, write) {
  const place = join(folder, name);
  rmSync(place, { recursive: true, force: true });
  const parts = new Map();
  const output = {
    create(file) {
      parts.set(file, []);
      return {
        write: (bytes, length) => parts.get(file).push(Buffer.from(bytes.subarray(0, length))),
        close: () => {},
      };
    },
  };
  write(createTraceWriter(readMetadata(Buffer.from(text)), output, { ctfVersion, index: true }));
  parts.set('metadata', [Buffer.from(text)]);
  for (const [file, content] of parts) {
    mkdirSync(dirname(join(place, file)), { recursive: true });
    writeFileSync(join(place, file), Buffer.concat(content));
  }
}

for (const order of ['le', 'be']) {
  make(`ctf-1.8-${order}`, '1.8', tsdl(order, false), (writer) => write18(writer, false));
  make(`ctf-1.8-${order}-wide`, '1.8', tsdl(order, true), (writer) => write18(writer, true));
  make(`ctf-2-${order}`, '2', metadata2(order), write2);
}
