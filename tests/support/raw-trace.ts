// Traces written byte by byte, for what no writer would write.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Big enough for LTTng-like tests, small enough to count bytes: 24 bytes of header, events of 9 bytes and more. */
export const rawMetadata = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; } := u8;
typealias integer { size = 32; align = 8; } := u32;
typealias integer { size = 64; align = 8; } := u64;
trace {
  major = 1; minor = 8; byte_order = le;
  packet.header := struct { u32 magic; u32 stream_id; };
};
clock { name = c; };
typealias integer { size = 64; align = 8; map = clock.c.value; } := stamp;
stream {
  id = 0;
  packet.context := struct { u64 packet_size; u64 content_size; };
  event.header := struct { u8 id; stamp timestamp; };
};
event { id = 0; stream_id = 0; name = "number"; fields := struct { u32 value; }; };
event { id = 1; stream_id = 0; name = "list"; fields := struct { u32 n; u8 items[n]; }; };
event { id = 2; stream_id = 0; name = "nothings"; fields := struct { u32 n; struct { } items[n]; }; };
`;

/** An event `number`: its time and value; or whatever bytes. */
export type RawEvent = readonly [timestamp: number, value: number] | Uint8Array;

/** Bytes of an event's header. */
export function eventHead(id: number, timestamp: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = id;
  new DataView(bytes.buffer).setBigUint64(1, BigInt(timestamp), true);
  return bytes;
}

/** Joins bytes and 32-bit numbers. */
export function joined(...parts: readonly (Uint8Array | number)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) => {
        if (typeof part !== 'number') return part;
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(part);
        return bytes;
      }),
    ),
  );
}

/** What a packet says of itself, where that is not the truth. */
export interface RawPacketLies {
  readonly magic?: number;
  readonly streamId?: number;
  readonly totalBits?: bigint;
  readonly contentBits?: bigint;
}

/** A packet of {@link rawMetadata}. */
export function rawPacket(events: readonly RawEvent[], lies: RawPacketLies = {}): Uint8Array {
  const content = joined(
    ...events.map((event) =>
      event instanceof Uint8Array ? event : joined(eventHead(0, event[0]), event[1]),
    ),
  );
  const head = new DataView(new ArrayBuffer(24));
  const bits = BigInt(8 * (24 + content.length));
  head.setUint32(0, lies.magic ?? 0xc1fc1fc1, true);
  head.setUint32(4, lies.streamId ?? 0, true);
  head.setBigUint64(8, lies.totalBits ?? bits, true);
  head.setBigUint64(16, lies.contentBits ?? bits, true);
  return joined(new Uint8Array(head.buffer), content);
}

/** Writes a trace directory of {@link rawMetadata} and these stream files. */
export function writeRawTrace(
  folder: string,
  files: Readonly<Record<string, readonly Uint8Array[]>>,
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'metadata'), rawMetadata);
  for (const [name, packets] of Object.entries(files)) writeFileSync(join(folder, name), joined(...packets));
  return folder;
}
