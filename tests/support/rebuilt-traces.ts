// Traces that the corpus has only as notes: files of several parts, and outputs from which a trace is made again.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytesOf, partsOf } from './byte-notation.ts';

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Writes a trace of several parts: its metadata, and files of bytes. */
export function writeParts(text: string, folder: string): void {
  for (const [name, content] of partsOf(text)) {
    write(join(folder, name), name === 'metadata' ? content : bytesOf(content));
  }
}

const smallTypes = [
  ...[8, 16, 32, 64].flatMap((bits) =>
    [false, true].flatMap((signed) =>
      ['', 'le', 'be'].map((order) => {
        const byteOrder = order === '' ? '' : ` byte_order = ${order};`;
        const name = `${signed ? 'i' : 'u'}${bits}${order}`;
        return `typealias integer { size = ${bits}; align = 8; signed = ${signed};${byteOrder} } := ${name};`;
      }),
    ),
  ),
  'typealias floating_point { exp_dig = 8; mant_dig = 24; align = 8; } := flt32;',
  'typealias string := nt_str;',
].join('\n');

/** Writes a trace of one event whose payload has one field `it`: its class and bytes are parts of a file. */
export function writeField(text: string, folder: string): { readonly expected: string } {
  const [type, bytes, expected] = partsOf(text).map(([, part]) => part);
  write(
    join(folder, 'metadata'),
    `/* CTF 1.8 */\n${smallTypes}\ntrace { major = 1; minor = 8; byte_order = le; };\nstream { };\n` +
      `event { name = field; fields := struct { ${type!.trim()} it; }; };\n`,
  );
  write(join(folder, 'stream'), bytesOf(bytes!));
  return { expected: expected!.trim() };
}

function integers(...values: readonly (readonly [bits: 32 | 64, value: bigint])[]): Buffer {
  return Buffer.concat(
    values.map(([bits, value]) => {
      const bytes = Buffer.alloc(bits / 8);
      if (bits === 64) bytes.writeBigUInt64LE(value);
      else bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)));
      return bytes;
    }),
  );
}

const heartbeatMetadata = `/* CTF 1.8 */
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 32; align = 8; signed = true; } := int32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace {
  major = 1; minor = 8; uuid = "624b19d9-19cd-4eae-bab8-8342e1b96a5d"; byte_order = le;
  packet.header := struct { uint32_t magic; uint32_t stream_id; uint64_t stream_instance_id; };
};
env {
  vpid = 3208; procname = "wk-heartbeat"; domain = "ust"; tracer_name = "lttng-ust";
  tracer_major = 2; tracer_minor = 0; tracer_patchlevel = 2;
};
clock {
  name = monotonic; uuid = "c19b5ac9-b8e6-4f78-be95-a605d04e34c6"; description = "Monotonic Clock";
  freq = 1000000000; offset_s = 1351530929; offset = 945824323;
};
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := stamp_t;
stream {
  id = 0;
  packet.context := struct {
    stamp_t timestamp_begin; stamp_t timestamp_end; uint64_t content_size; uint64_t packet_size;
    uint64_t events_discarded; uint32_t cpu_id;
  };
  event.header := struct { uint32_t id; stamp_t timestamp; };
  event.context := struct { int32_t vtid; int32_t vpid; };
};
event {
  name = "heartbeat:msg"; id = 0; stream_id = 0; loglevel = 13;
  fields := struct { string msg; };
};
`;

/**
 * Makes the trace again of which babeltrace2's tests of `sink.text.details` keep the outputs alone: what it has is read
 * from the full one of them.
 */
export function writeHeartbeat(details: string, folder: string): void {
  write(join(folder, 'metadata'), heartbeatMetadata);
  const ticksOf = (text: string): bigint => BigInt(text.replaceAll(',', ''));
  const blocks = [
    ...details.matchAll(
      /^\[([\d,]+) cycles.*\]\n\{Trace 0, Stream class ID 0, Stream ID (\d+)\}\n((?:.+\n)+)/gm,
    ),
  ].map(([, ticks, stream, text]) => ({ ticks: ticksOf(ticks!), stream: Number(stream), text: text! }));
  const field = (text: string, name: string): string => new RegExp(`^ +${name}: (.*)$`, 'm').exec(text)![1]!;
  for (const stream of new Set(blocks.map((block) => block.stream))) {
    const own = blocks.filter((block) => block.stream === stream);
    const begin = own.find(({ text }) => text.startsWith('Packet beginning'))!;
    const end = own.find(({ text }) => text.startsWith('Packet end'))!;
    const events = own
      .filter(({ text }) => text.startsWith('Event'))
      .map(({ ticks, text }) =>
        Buffer.concat([
          integers(
            [32, 0n],
            [64, ticks],
            [32, BigInt(field(text, 'vtid'))],
            [32, BigInt(field(text, 'vpid'))],
          ),
          Buffer.from(`${field(text, 'msg')}\0`),
        ]),
      );
    const body = Buffer.concat(events);
    const bits = BigInt((16 + 44 + body.length) * 8);
    const head = integers(
      [32, 0xc1fc_1fc1n],
      [32, 0n],
      [64, BigInt(stream)],
      [64, begin.ticks],
      [64, end.ticks],
      [64, bits],
      [64, bits],
      [64, 0n],
      [32, BigInt(field(begin.text, 'cpu_id'))],
    );
    write(join(folder, `stream_${stream}`), Buffer.concat([head, body]));
  }
}

/** Metadata of traces with one event class `ev`, as the programs of babeltrace2's tests write them. */
function programMetadata(payload: string, counters: string): string {
  return `/* CTF 1.8 */
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
trace { major = 1; minor = 8; byte_order = le; };
clock { name = default; freq = 1000000000; precision = 1; offset = 0; absolute = false; };
typealias integer { size = 64; align = 8; map = clock.default.value; } := stamp_t;
stream {
  packet.context := struct {
    stamp_t timestamp_begin; stamp_t timestamp_end; uint64_t content_size; uint64_t packet_size; ${counters}
  };
  event.header := struct { stamp_t timestamp; };
};
event { name = ev; fields := struct { ${payload} }; };
`;
}

/** Makes the trace again of which babeltrace2's tests keep the details as `trace-simple`. */
export function writeSimple(details: string, folder: string): void {
  write(
    join(folder, 'metadata'),
    programMetadata(
      'integer { size = 8; align = 8; signed = true; } first; string second;',
      'uint64_t events_discarded;',
    ),
  );
  const found = [
    ...details.matchAll(/^\[([\d,]+) cycles.*\]\n.*\nEvent .*\n.*\n +first: (-?\d+)\n +second: (.*)\n/gm),
  ];
  const events = found.map(([, ticks, first, second]) =>
    Buffer.concat([
      integers([64, BigInt(ticks!.replaceAll(',', ''))]),
      Buffer.from([Number(first) & 0xff]),
      Buffer.from(`${second!}\0`),
    ]),
  );
  const end = /^\[([\d,]+) cycles.*\]\n.*\nPacket end/m.exec(details)![1]!.replaceAll(',', '');
  const body = Buffer.concat(events);
  const bits = BigInt((5 * 8 + body.length) * 8);
  const head = integers([64, 0n], [64, BigInt(end)], [64, bits], [64, bits], [64, 0n]);
  write(join(folder, 'stream'), Buffer.concat([head, body]));
}

/** Writes a trace of one floating point number, as the programs of babeltrace2's tests of `sink.ctf.fs` make it. */
export function writeReal(value: number, name: 'flt' | 'dbl', folder: string): void {
  const [exponent, mantissa] = name === 'flt' ? [8, 24] : [11, 53];
  write(
    join(folder, 'metadata'),
    programMetadata(
      `floating_point { exp_dig = ${exponent}; mant_dig = ${mantissa}; align = 8; } ${name};`,
      'uint64_t events_discarded; uint64_t packet_seq_num;',
    ),
  );
  const real = Buffer.alloc(name === 'flt' ? 4 : 8);
  if (name === 'flt') real.writeFloatLE(value);
  else real.writeDoubleLE(value);
  const bits = BigInt((6 * 8 + 8 + real.length) * 8);
  const head = integers([64, 0n], [64, 0n], [64, bits], [64, bits], [64, 0n], [64, 0n], [64, 0n]);
  write(join(folder, 'stream'), Buffer.concat([head, real]));
}
