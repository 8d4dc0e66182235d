// Writes a small CTF 1.8 trace of a made-up program, byte for byte, and tells what is in it: tests compare what
// readers, server and page make of it with this list.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An event of the made-up program. */
export interface SmallEvent {
  readonly timeNs: number;
  readonly thread: number;
  readonly name: SmallName;
  /** `id` of spans' edges, `step` of ticks. */
  readonly number: number;
}

type SmallName = 'app:tick' | 'http_server:request_begin' | 'http_server:request_end';

/** What was written. */
export interface SmallTrace {
  /** In the order of time. */
  readonly events: readonly SmallEvent[];
  /** Events that thread 1 says it lost between two packets in its middle. */
  readonly lostCount: number;
  /** Nanoseconds after the first packet's start: all times here are counted from it. */
  readonly baseNs: bigint;
}

const threads = [700, 701] as const;
/** Events of a packet at most. */
const packetEvents = 8192;
const baseTicks = 5_000_000_000n;
const offsetSeconds = 1_760_000_000n;
const names: readonly SmallName[] = ['app:tick', 'http_server:request_begin', 'http_server:request_end'];

const metadata = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := u8;
typealias integer { size = 32; align = 8; signed = false; } := u32;
typealias integer { size = 64; align = 8; signed = false; } := u64;
trace {
  major = 1; minor = 8; byte_order = le;
  uuid = "5d1f6a90-6a1d-4f43-9d0e-0242ac120002";
  packet.header := struct { u32 magic; u8 uuid[16]; u32 stream_id; };
};
env { hostname = "testhost"; domain = "ust"; tracer_name = "spoor"; vpid = 700; procname = "small"; };
clock { name = "monotonic"; freq = 1000000000; offset_s = ${offsetSeconds}; offset = 0; };
typealias integer { size = 64; align = 8; signed = false; map = clock.monotonic.value; } := clock64;
stream {
  id = 0;
  packet.context := struct {
    clock64 timestamp_begin; clock64 timestamp_end; u64 content_size; u64 packet_size;
    u64 packet_seq_num; u64 events_discarded; u32 cpu_id; u32 vtid;
  };
  event.header := struct { u32 id; clock64 timestamp; };
};
event { name = "app:tick"; id = 0; stream_id = 0; loglevel = 6; fields := struct { u32 step; }; };
event { name = "http_server:request_begin"; id = 1; stream_id = 0; fields := struct { u32 id; string method; string url; }; };
event { name = "http_server:request_end"; id = 2; stream_id = 0; fields := struct { u32 id; u32 status; }; };
`;

/** Writes the trace into `directory`, which is made. The second thread loses events in the middle. */
export function writeSmallTrace(directory: string, eventCount = 20_000): SmallTrace {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'metadata'), metadata);
  const events: SmallEvent[] = [];
  const open: number[][] = [[], []];
  let timeNs = 0;
  let nextId = 1;
  for (let i = 0; i < eventCount; i++) {
    // Steps of uneven length, with a long pause in the middle.
    timeNs += i === eventCount >> 1 ? 40_000_000 : 500 + ((i * 7919) % 9000);
    const thread = i % 3 === 2 ? 1 : 0;
    const running = open[thread]!;
    const kind = i % 4 === 0 ? 0 : running.length < 1 + (i % 3) ? 1 : running.length > 0 ? 2 : 0;
    const number = kind === 0 ? i : kind === 1 ? nextId++ : running.shift()!;
    if (kind === 1) running.push(number);
    events.push({ timeNs, thread, name: names[kind]!, number });
  }
  const lostCount = 321;
  threads.forEach((vtid, thread) => {
    const own = events.filter((event) => event.thread === thread);
    const size = Math.min(packetEvents, Math.ceil(own.length / 2));
    const packets: Buffer[] = [];
    for (let at = 0; at < own.length; at += size) {
      const lost = thread === 1 && packets.length >= own.length / size / 2 ? lostCount : 0;
      const beginNs = thread === 0 && at === 0 ? 0 : own[at]!.timeNs;
      packets.push(packet(vtid, BigInt(packets.length), BigInt(lost), own.slice(at, at + size), beginNs));
    }
    writeFileSync(join(directory, `ch0_${thread}`), Buffer.concat(packets));
  });
  return { events, lostCount, baseNs: offsetSeconds * 1_000_000_000n + baseTicks };
}

function packet(
  vtid: number,
  sequence: bigint,
  discarded: bigint,
  events: readonly SmallEvent[],
  beginNs: number,
): Buffer {
  const body = Buffer.concat(events.map(eventBytes));
  const head = Buffer.alloc(24 + 56);
  head.writeUInt32LE(0xc1fc1fc1, 0);
  Buffer.from('5d1f6a906a1d4f439d0e0242ac120002', 'hex').copy(head, 4);
  const sizeBits = BigInt((head.length + body.length) * 8);
  const words = [
    baseTicks + BigInt(beginNs),
    baseTicks + BigInt(events.at(-1)!.timeNs),
    sizeBits,
    sizeBits,
    sequence,
    discarded,
  ];
  words.forEach((word, i) => head.writeBigUInt64LE(word, 24 + i * 8));
  head.writeUInt32LE(0, 72);
  head.writeUInt32LE(vtid, 76);
  return Buffer.concat([head, body]);
}

function eventBytes(event: SmallEvent): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt32LE(names.indexOf(event.name), 0);
  header.writeBigUInt64LE(baseTicks + BigInt(event.timeNs), 4);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(event.number, 0);
  if (event.name === 'app:tick') return Buffer.concat([header, number]);
  if (event.name === 'http_server:request_begin') {
    return Buffer.concat([header, number, Buffer.from(`GET\0/orders/${event.number % 97}\0`)]);
  }
  const status = Buffer.alloc(4);
  status.writeUInt32LE(event.number % 41 === 0 ? 500 : 200, 0);
  return Buffer.concat([header, number, status]);
}
