// What the trace writer of @spoor/ctf writes, read again.
import {
  createTraceWriter,
  describeTrace,
  parseTsdl,
  readPacketIndex,
  type TraceWriterOptions,
} from '@spoor/ctf';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomTraces, type RandomTrace } from '../../ctf/src/testing/random-trace.ts';
import { MemoryTrace } from './testing/memory-trace.ts';

function write(trace: RandomTrace, options: TraceWriterOptions = {}): MemoryTrace {
  const output = new MemoryTrace();
  const writer = createTraceWriter(trace.traceClass, output, {
    packetSizeBytes: trace.packetSizeBytes,
    ...options,
  });
  const streams = Array.from({ length: trace.streamCount }, () => writer.stream());
  for (const { stream, name, ticks, payload, commonContext } of trace.events) {
    streams[stream]!.append(name, ticks, payload, { commonContext });
  }
  writer.close();
  return output;
}

test.each([
  ['CTF 1.8', '1.8', false],
  ['CTF 1.8, in CTF 2', '2', false],
  ['CTF 2', '2', true],
] as const)('random traces of %s are read back as they were written', (_, ctfVersion, withNew) => {
  fc.assert(
    fc.property(randomTraces(40, withNew), (trace) => {
      const output = write(trace, { index: true, ctfVersion });
      const plain = write(trace, { index: true, ctfVersion, compile: false });
      expect(plain.files).toEqual(output.files);
      expect([...output.closed]).toEqual(expect.arrayContaining([...output.files.keys()]));
      const set = output.open();
      const read = Array.from(set.events(), (event) => ({
        stream: event.stream.id,
        name: event.name,
        ticks: BigInt(event.timeNs) + set.baseNs,
        payload: event.payload(),
        commonContext: event.commonContext(),
      }));
      expect(set.warnings).toEqual([]);
      expect(set.losses).toEqual([]);
      // Events of one time in two streams may change places.
      const key = (event: { ticks: bigint; stream: number }): string =>
        `${event.ticks}`.padStart(30) + event.stream;
      const sorted = trace.events.map((event, index) => ({ event, index }));
      sorted.sort((left, right) =>
        key(left.event) < key(right.event)
          ? -1
          : key(left.event) > key(right.event)
            ? 1
            : left.index - right.index,
      );
      expect(read).toEqual(sorted.map(({ event }) => event));
      for (const [name, content] of output.files) {
        const index = output.files.get(`index/${name}.idx`);
        if (index !== undefined) expect(readPacketIndex(index, content.length)).toBeDefined();
      }
    }),
    { numRuns: 80 },
  );
});

describe('a stream', () => {
  const traceClass = describeTrace({
    uuid: '01234567-89ab-cdef-0123-456789abcdef',
    streams: [
      {
        packetContext: { cpu_id: 'u32' },
        events: [{ name: 'e', fields: { n: 'u32', s: 'string' } }],
      },
    ],
  });

  test('says its losses and its packet context', () => {
    const output = new MemoryTrace();
    const writer = createTraceWriter(traceClass, output);
    const stream = writer.stream({ id: 7, name: 'channel0_7', packet: { context: { cpu_id: 3 } } });
    stream.append('e', 100, { n: 1, s: 'a' });
    stream.endPacket();
    stream.discard(5);
    stream.append('e', 200n, { n: 2, s: 'b' });
    stream.beginPacket(300, { context: { cpu_id: 4 } });
    stream.append(0n, 300, { n: 3, s: '' });
    writer.close();
    const set = output.open();
    const read = Array.from(set.events(), (event) => [
      event.timeNs,
      event.payload(),
      event.packetContext()['cpu_id'],
    ]);
    expect(read).toEqual([
      [0, { n: 1, s: 'a' }, 3],
      [100, { n: 2, s: 'b' }, 3],
      [200, { n: 3, s: '' }, 4],
    ]);
    expect(set.streams[0]).toMatchObject({ id: 7, cpuId: 3 });
    expect(set.losses).toMatchObject([{ kind: 'events', count: 5n }]);
  });

  test('ends a packet before it is too large, and makes room for one large event', () => {
    const output = new MemoryTrace();
    const writer = createTraceWriter(traceClass, output, { packetSizeBytes: 256, index: true });
    const stream = writer.stream({ name: 's' });
    const texts = ['x', 'y'.repeat(5000), 'z'];
    for (const [n, s] of texts.entries()) stream.append('e', n, { n, s });
    writer.close();
    expect(Array.from(output.open().events(), (event) => event.field('s'))).toEqual(texts);
    const packets = readPacketIndex(output.files.get('index/s.idx')!, output.files.get('s')!.length)!;
    expect(packets.map(({ sizeBytes }) => sizeBytes > 256)).toEqual([false, true, false]);
    expect(packets.map(({ sequenceNumber }) => sequenceNumber)).toEqual([0n, 1n, 2n]);
  });

  test('refuses what cannot be, and goes on', () => {
    const output = new MemoryTrace();
    const writer = createTraceWriter(traceClass, output);
    const stream = writer.stream();
    stream.append('e', 10, { n: 1, s: 'first' });
    const refused = (work: () => void, code: string, where?: string): void => {
      let error: unknown;
      try {
        work();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code, ...(where === undefined ? {} : { where }) });
    };
    refused(() => stream.append('e', 11, { n: 'x', s: '' }), 'ctf/value-type', 'e: payload.n');
    refused(() => stream.append('e', 11, { n: 1 }), 'ctf/value-type', 'e: payload.s');
    refused(() => stream.append('f', 11), 'ctf/unknown-event', 'stream_0');
    refused(() => stream.append('e', 9, { n: 1, s: '' }), 'ctf/time-order');
    refused(() => writer.stream({ name: 'stream_0' }), 'ctf/stream-name');
    refused(() => writer.stream({ name: '../x' }), 'ctf/stream-name');
    refused(() => writer.stream({ name: 'metadata' }), 'ctf/stream-name');
    refused(() => writer.stream({ classId: 9 }), 'ctf/unknown-stream');
    stream.append('e', 12, { n: 2, s: 'second' });
    writer.close();
    refused(() => stream.append('e', 13, { n: 2, s: '' }), 'ctf/closed');
    expect(Array.from(output.open().events(), (event) => event.field('s'))).toEqual(['first', 'second']);
  });

  test('of a class that the version cannot express is refused before anything is written', () => {
    const output = new MemoryTrace();
    const lengthLocation = { scope: 'event-payload', path: ['missing'] } as const;
    const unheard = describeTrace({
      streams: [
        {
          events: [{ name: 'e', fields: { b: { kind: 'dynamic-blob', lengthLocation, mediaType: 'a/b' } } }],
        },
      ],
    });
    for (const ctfVersion of ['1.8', '2'] as const) {
      expect(() => createTraceWriter(unheard, output, { ctfVersion })).toThrow(
        expect.objectContaining({ code: 'ctf/not-expressible' }),
      );
    }
    expect(output.files.size).toBe(0);
  });
});

test('lengths and selectors in other scopes: packet context, event header, event context', () => {
  const text = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace { major = 1; minor = 8; byte_order = le;
  packet.header := struct { integer { size = 32; align = 8; } magic; }; };
stream {
  packet.context := struct { uint64_t content_size; uint64_t packet_size; uint8_t n; };
  event.header := struct { enum : integer { size = 3; } { some = 0, other = 1 ... 7 } id; integer { size = 2; } extra; };
  event.context := struct { uint8_t m; };
};
event { name = "a"; id = 0; fields := struct {
  uint8_t x[stream.packet.context.n];
  uint8_t y[stream.event.context.m];
  uint8_t z[stream.event.header.extra]; }; };
event { name = "b"; id = 5; fields := struct { variant <stream.event.header.id> { string some; uint8_t other; } v; }; };
`;
  for (const compile of [true, false]) {
    const output = new MemoryTrace();
    const writer = createTraceWriter(parseTsdl(text), output, { compile });
    const stream = writer.stream({ packet: { context: { n: 2 } } });
    const commonContext = { m: 1 };
    stream.append('a', 0, { x: [1, 2], y: [3], z: [4, 5, 6] }, { commonContext, header: { extra: 3 } });
    stream.append('b', 0, { v: 77 }, { commonContext });
    stream.beginPacket(0, { context: { n: 0 } });
    stream.append('a', 0, { x: [], y: [9], z: [] }, { commonContext });
    expect(() => stream.append('a', 0, { x: [1], y: [9], z: [] }, { commonContext })).toThrow(
      '0 elements are wanted, not 1',
    );
    writer.close();
    const set = output.open();
    expect(Array.from(set.events(), (event) => event.payload())).toEqual([
      { x: [1, 2], y: [3], z: [4, 5, 6] },
      { v: 77 },
      { x: [], y: [9], z: [] },
    ]);
    expect(set.warnings).toEqual([]);
  }
});
