import * as fc from 'fast-check';
import { createTraceWriter, type EventClass, type StreamWriter, type TraceOutput } from '@spoor/ctf';
import { expect, test } from 'vitest';
import { kernelTraceClass, type PlainEvent } from '../transcode/kernel-trace-class.ts';
import { DumpWriter, type DumpPayload } from './dump-writer.node.ts';
import { stateDumpEventNames, stateDumpEvents } from './statedump-events.ts';

const facts = { uuid: '00000000-0000-4000-8000-000000000001', clockOffsetNs: 0n, environment: new Map() };
/** The streams of recordings have classes of others before those of the dump. */
const another: PlainEvent = { name: 'another', members: [] };
const { streamClasses, ...rest } = kernelTraceClass(facts, [], 'compact', [], [another, ...stateDumpEvents]);
const traceClass = { ...rest, streamClasses: streamClasses.slice(1) };

/** What a stream's file and index hold after events were written. */
function written(packetSizeBytes: number, write: (stream: StreamWriter) => void): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const output: TraceOutput = {
    create: (name) => ({
      write: (bytes, length) => {
        files.set(name, Buffer.concat([files.get(name) ?? Buffer.alloc(0), bytes.subarray(0, length)]));
      },
      close: () => undefined,
    }),
  };
  const stream = createTraceWriter(traceClass, output, { index: true, packetSizeBytes }).stream({
    name: 'dump',
    packet: { context: { cpu_id: 0 } },
  });
  write(stream);
  stream.close();
  return files;
}

const textOf = (lengthBytes: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', maxLength: 40 })
    .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= lengthBytes);

/** A payload of a class. */
function payloadOf({ payload }: EventClass): fc.Arbitrary<DumpPayload> {
  const members = payload!.members.map(
    ({ name, fieldClass }): [string, fc.Arbitrary<number | bigint | string>] => {
      if (fieldClass.kind === 'string') return [name, textOf(200)];
      if (fieldClass.kind === 'static-array') return [name, textOf(fieldClass.length)];
      if (fieldClass.kind !== 'integer') throw new TypeError(fieldClass.kind);
      const { lengthBits, signed } = fieldClass;
      if (lengthBits === 64)
        return [name, fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))];
      const [min, max] = signed
        ? [-(2 ** (lengthBits - 1)), 2 ** (lengthBits - 1) - 1]
        : [0, 2 ** lengthBits - 1];
      return [name, fc.integer({ min, max })];
    },
  );
  return fc.record(Object.fromEntries(members));
}

const event = fc
  .constantFrom(...traceClass.streamClasses[0]!.eventClasses.filter(({ name }) => name !== 'another'))
  .chain((eventClass) =>
    fc.record({
      name: fc.constant(eventClass.name),
      payload: payloadOf(eventClass),
      // Beyond 2^27 the header has the whole time.
      laterNs: fc.oneof(fc.nat(1000), fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 40n })),
    }),
  );

test('a dump is the same bytes as what encoders of the classes write', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 30 }),
      fc.constantFrom(64, 300, 4096),
      fc.bigInt({ min: 0n, max: 2n ** 62n }),
      (events, packetSizeBytes, beginNs) => {
        let timeNs = beginNs;
        const timed = events.map((one) => ({ ...one, timeNs: (timeNs += BigInt(one.laterNs)) }));
        // Each ends its packet, since room for a text is more than it takes.
        const oracle = written(packetSizeBytes, (stream) => {
          for (const { name, timeNs: ticks, payload } of timed) {
            stream.append(name, ticks, payload);
            stream.endPacket();
          }
        });
        const own = written(packetSizeBytes, (stream) => {
          const writer = new DumpWriter(stream, stateDumpEventNames);
          for (const { name, timeNs: ticks, payload } of timed) {
            writer.write(name, ticks, payload);
            stream.endPacket();
          }
        });
        expect(own).toEqual(oracle);
      },
    ),
    { numRuns: 100 },
  );
});

/** The events of a stream's packets, their headers and contexts left out. */
function eventsOf(files: ReadonlyMap<string, Buffer>): {
  readonly packetCount: number;
  readonly bytes: Buffer;
} {
  const index = files.get('index/dump.idx')!;
  const entryBytes = index.readUInt32BE(12);
  const parts: Buffer[] = [];
  for (let at = 16; at < index.length; at += entryBytes) {
    const [offset, , contentBits] = [0, 8, 16].map((from) => Number(index.readBigUInt64BE(at + from)));
    parts.push(files.get('dump')!.subarray(offset! + headBytes, offset! + contentBits! / 8));
  }
  return { packetCount: parts.length, bytes: Buffer.concat(parts) };
}
/** LTTng's packet header with an instance id, and its context. */
const headBytes = 4 + 16 + 4 + 8 + 6 * 8 + 4;

test('packets are filled one after the other, and nothing is between', () => {
  const write = (stream: StreamWriter): void => {
    const writer = new DumpWriter(stream, stateDumpEventNames);
    for (let pid = 1; pid <= 500; pid++) {
      writer.write('lttng_statedump_process_cgroup', BigInt(pid), { pid, path: `/${'ü'.repeat(pid % 7)}` });
    }
  };
  const large = eventsOf(written(1 << 20, write));
  const small = eventsOf(written(512, write));
  expect([large.packetCount, small.packetCount]).toEqual([1, 20]);
  expect(small.bytes).toEqual(large.bytes);
});

test('strings end at a NUL, and text that is too long is cut between characters', () => {
  const payload = {
    tid: 1,
    pid: 1,
    ppid: 0,
    type: 0,
    mode: 5,
    submode: 0,
    status: 5,
    cpu: 0,
    file_table_address: 1,
  };
  const of = (name: string, path: string): Map<string, Buffer> =>
    written(4096, (stream) => {
      const writer = new DumpWriter(stream, stateDumpEventNames);
      writer.write('lttng_statedump_process_state', 1n, { ...payload, name });
      writer.write('lttng_statedump_process_cgroup', 2n, { pid: 1, path });
    });
  expect(of(`${'x'.repeat(15)}ü`, '/a\0b')).toEqual(of('x'.repeat(15), '/a'));
});

test('a class that a dump has no way to write is refused', () => {
  written(4096, (stream) => {
    expect(() => new DumpWriter(stream, ['another'])).not.toThrow();
  });
  const odd: PlainEvent = {
    name: 'odd',
    members: [
      {
        name: 'x',
        fieldClass: { kind: 'float', lengthBits: 64, byteOrder: 'le', alignmentBits: 8 } as never,
      },
    ],
  };
  const { streamClasses: classes, ...others } = kernelTraceClass(facts, [], 'compact', [], [odd]);
  const sink = { write: () => undefined, close: () => undefined };
  const stream = createTraceWriter(
    { ...others, streamClasses: classes.slice(1) },
    { create: () => sink },
  ).stream();
  expect(() => new DumpWriter(stream, ['odd'])).toThrow(/odd\.x is of no kind/);
});
