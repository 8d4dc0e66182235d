import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetPaddingBytes } from './bits.ts';
import { parseTsdl } from './metadata.ts';
import { PacketCursor, PacketProperties, scanStatus } from './packet-cursor.ts';
import { EventBatch } from './batch.ts';
import { PacketHeaderDecoder, StreamDecoder } from './stream-decoder.ts';

/** Fields of 64 bits, `count` of them, then one with a role that is read. */
function wide(count: number, last: string): string {
  const fields = Array.from({ length: count }, (_, index) => `u64 f${index};`);
  return `struct { ${fields.join(' ')} ${last} }`;
}

const shapes = fc.record({
  header: fc.nat(20),
  context: fc.nat(20),
  eventHeader: fc.nat(20),
  repeated: fc.nat(20),
});

test('packets that end anywhere in their headers are found too short, however large those are', () => {
  fc.assert(
    fc.property(shapes, fc.nat(400), ({ header, context, eventHeader, repeated }, sizeBytes) => {
      const traceClass = parseTsdl(`/* CTF 1.8 */
        typealias integer { size = 64; align = 8; } := u64;
        typealias integer { size = 32; align = 8; } := u32;
        trace { major = 1; minor = 8; byte_order = le; packet.header := ${wide(header, 'u32 stream_id;')}; };
        clock { name = c; };
        typealias integer { size = 64; align = 8; map = clock.c.value; } := time;
        stream {
          packet.context := ${wide(context, `u64 r[${repeated}]; u64 packet_size; time timestamp_begin;`)};
          event.header := ${wide(eventHeader, 'u32 id; time timestamp;')};
        };
        event { name = "e"; id = 0; fields := struct { u32 x; }; };`);
      const bytes = new Uint8Array(sizeBytes + packetPaddingBytes);
      const view = new DataView(bytes.buffer);
      const end = sizeBytes * 8;
      const headerEnd = (header * 8 + 4) * 8;
      const contextEnd = headerEnd + (context + repeated + 2) * 64;
      const eventEnd = contextEnd + eventHeader * 64 + 96 + 32;
      for (const compile of [true, false]) {
        const decoder = new StreamDecoder(traceClass, traceClass.streamClasses[0]!, { compile });
        const properties = new PacketProperties();
        const found = new PacketHeaderDecoder(traceClass, { compile }).decode(bytes, view, end, properties);
        expect(found <= end ? found : -1).toBe(headerEnd <= end ? headerEnd : -1);
        if (headerEnd > end) continue;
        const after = decoder.decodeContext(bytes, view, headerEnd, end, properties);
        expect(after <= end ? after : -1).toBe(contextEnd <= end ? contextEnd : -1);
        if (contextEnd >= end) continue;
        const cursor = new PacketCursor();
        cursor.bytes = bytes;
        cursor.view = view;
        cursor.bit = contextEnd;
        cursor.endBit = end;
        const batch = new EventBatch(64);
        const status = decoder.scan(cursor, batch, Infinity);
        const eventBits = eventEnd - contextEnd;
        expect(batch.count).toBe(Math.floor((end - contextEnd) / eventBits));
        expect(status).toBe((end - contextEnd) % eventBits === 0 ? scanStatus.packetEnd : scanStatus.broken);
      }
    }),
    { numRuns: 400 },
  );
});

test.each([
  ['just too large', 2 ** 27 + 1],
  ['as large as 31 bits tell', 2 ** 28],
  ['as large as 32 bits tell', 2 ** 29 - 3],
])('an event that is %s ends in damage, not in a loop', (_name, sizeBytes) => {
  const traceClass = parseTsdl(`/* CTF 1.8 */
    trace { major = 1; minor = 8; byte_order = le; };
    typealias integer { size = 8; } := u8;
    stream { event.header := struct { u8 id; }; };
    event { name = "e"; id = 0; fields := struct { u8 x[${sizeBytes}]; integer { size = 64; align = 64; } y; }; };`);
  for (const compile of [true, false]) {
    const decoder = new StreamDecoder(traceClass, traceClass.streamClasses[0]!, { compile });
    const cursor = new PacketCursor();
    cursor.bytes = new Uint8Array(100 + packetPaddingBytes);
    cursor.view = new DataView(cursor.bytes.buffer);
    cursor.endBit = 800;
    expect(decoder.scan(cursor, new EventBatch(64), Infinity)).toBe(scanStatus.broken);
    expect(cursor.problem).toContain("goes beyond the packet's content");
  }
});
