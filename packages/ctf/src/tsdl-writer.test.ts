import { assert, gen, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTsdl } from './metadata.ts';
import type { EventClass, IntegerFieldClass, TraceClass } from './model.ts';
import { arbitraryTraceClass } from './testing/arbitrary-trace-class.ts';
import { formatEventTsdl, formatTraceTsdl, formatTsdl } from './tsdl-writer.ts';

describe('what is written reads back', () => {
  test('as an equal model', () => {
    assert(
      property(gen(), (g) => {
        const traceClass = arbitraryTraceClass(g);
        expect(parseTsdl(formatTsdl(traceClass))).toEqual(traceClass);
      }),
      { numRuns: 300 },
    );
  });

  test('in pieces: the head, then each event', () => {
    assert(
      property(gen(), (g) => {
        const traceClass = arbitraryTraceClass(g);
        let text = formatTraceTsdl({
          ...traceClass,
          streamClasses: traceClass.streamClasses.map((stream) => ({ ...stream, eventClasses: [] })),
        });
        for (const stream of traceClass.streamClasses) {
          for (const event of stream.eventClasses) text += formatEventTsdl(event, stream.id, traceClass);
        }
        expect(text).toBe(formatTsdl(traceClass).replaceAll('\n\nevent {', '\nevent {'));
      }),
      { numRuns: 50 },
    );
  });
});

const order: EventClass = {
  id: 7n,
  name: 'shop:order_placed',
  logLevel: 6,
  payload: {
    kind: 'structure',
    alignmentBits: 8,
    members: [
      { name: 'order', fieldClass: integer(32, false) },
      { name: 'customer', fieldClass: { kind: 'string', encoding: 'utf-8' } },
      { name: 'total', fieldClass: { kind: 'float', lengthBits: 64, byteOrder: 'le', alignmentBits: 8 } },
      { name: '_items_length', fieldClass: integer(16, false) },
      {
        name: 'items',
        fieldClass: {
          kind: 'dynamic-array',
          lengthLocation: { scope: 'event-payload', path: ['_items_length'] },
          element: integer(16, true),
          alignmentBits: 8,
        },
      },
      {
        name: 'state',
        fieldClass: {
          ...integer(8, false),
          mappings: [
            { label: 'open', ranges: [{ lower: 0n, upper: 0n }] },
            { label: 'closed', ranges: [{ lower: 1n, upper: 9n }] },
          ],
        },
      },
      {
        name: 'at',
        fieldClass: {
          kind: 'structure',
          alignmentBits: 8,
          members: [
            {
              name: 'xy',
              fieldClass: { kind: 'static-array', length: 2, element: integer(16, true), alignmentBits: 8 },
            },
          ],
        },
      },
    ],
  },
};

function integer(lengthBits: number, signed: boolean): IntegerFieldClass {
  return {
    kind: 'integer',
    signed,
    lengthBits,
    byteOrder: 'le',
    alignmentBits: 8,
    displayBase: 10,
    roles: [],
  };
}

test('an event looks as LTTng writes it', () => {
  expect(formatEventTsdl(order, 0n)).toBe(`event {
	name = "shop:order_placed";
	id = 7;
	stream_id = 0;
	loglevel = 6;
	fields := struct {
		integer { size = 32; align = 8; signed = 0; encoding = none; base = 10; } _order;
		string _customer;
		floating_point { exp_dig = 11; mant_dig = 53; align = 8; } _total;
		integer { size = 16; align = 8; signed = 0; encoding = none; base = 10; } __items_length;
		integer { size = 16; align = 8; signed = 1; encoding = none; base = 10; } _items[ __items_length ];
		enum : integer { size = 8; align = 8; signed = 0; encoding = none; base = 10; } {
			"open" = 0,
			"closed" = 1 ... 9,
		} _state;
		struct {
			integer { size = 16; align = 8; signed = 1; encoding = none; base = 10; } _xy[2];
		} _at;
	};
};
`);
});

test('the head of a trace', () => {
  const traceClass: TraceClass = {
    version: '1.8',
    uuid: '2a6422d0-6cee-11e0-8c08-cb07d7b3a564',
    byteOrder: 'le',
    environment: new Map<string, string | bigint>([
      ['hostname', 'a "box"\n'],
      ['vpid', 12n],
    ]),
    packetHeader: {
      kind: 'structure',
      alignmentBits: 8,
      members: [
        { name: 'magic', fieldClass: { ...integer(32, false), roles: ['packet-magic-number'] } },
        { name: 'stream_id', fieldClass: { ...integer(32, false), roles: ['data-stream-class-id'] } },
      ],
    },
    clockClasses: [
      {
        name: 'monotonic',
        frequencyHz: 1_000_000_000n,
        precisionTicks: 0n,
        offsetSeconds: 0n,
        offsetTicks: 1_564_079_206_484_157_338n,
        absolute: false,
      },
    ],
    streamClasses: [{ id: 0n, eventClasses: [] }],
  };
  expect(formatTraceTsdl(traceClass)).toBe(`/* CTF 1.8 */

typealias integer { size = 32; align = 8; signed = false; } := uint32_t;

trace {
	major = 1;
	minor = 8;
	uuid = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564";
	byte_order = le;
	packet.header := struct {
		uint32_t magic;
		uint32_t stream_id;
	};
};

env {
	hostname = "a \\"box\\"\\n";
	vpid = 12;
};

clock {
	name = "monotonic";
	freq = 1000000000; /* Frequency, in Hz */
	/* clock value offset from Epoch is: offset * (1/freq) */
	offset = 1564079206484157338;
};

stream {
	id = 0;
};
`);
});

test('what TSDL has no words for is refused', () => {
  const utf16: EventClass = {
    id: 0n,
    name: 'e',
    payload: {
      kind: 'structure',
      alignmentBits: 8,
      members: [{ name: 's', fieldClass: { kind: 'string', encoding: 'utf-16le' } }],
    },
  };
  expect(() => formatEventTsdl(utf16, 0n)).toThrow(expect.objectContaining({ code: 'ctf/not-expressible' }));
});
