// How many bytes an event takes in the trace: prints those of each kind, as one JSON object. What was recorded is written by
// a snapshot, and the contents of its packets are added up, less the heads of the packets.
import { snapshot, tracepoint } from '@spoor/tracer';
import { PACKET, PACKET_HEADER_BYTES } from '@spoor/ringbuffer';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const count = 10_000;
const text = 'sixteen chars ab';
const ints = [
  ['a', 'i32'],
  ['b', 'i32'],
  ['c', 'i32'],
  ['d', 'i32'],
] as const;
const empty = tracepoint('emit:empty', []);
const one = tracepoint('emit:one', [['a', 'i32']]);
const four = tracepoint('emit:four', [...ints, ['text', 'string']]);
const interned = tracepoint('emit:interned', [...ints, ['text', 'interned-string']]);

/** Bytes of all events that the ring holds. */
function recordedBytes(): number {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-bytes-'));
  try {
    return snapshot(folder).paths.reduce((sum, path) => sum + eventBytes(path), 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function eventBytes(trace: string): number {
  let bytes = 0;
  for (const { name, isFile, parentPath } of files(trace)) {
    if (!isFile || name === 'metadata' || name.endsWith('.idx')) continue;
    const stream = readFileSync(join(parentPath, name));
    for (let at = 0; at < stream.length; at += stream.readUInt32LE(at + PACKET.packetSizeBits) / 8) {
      bytes += stream.readUInt32LE(at + PACKET.contentSizeBits) / 8 - PACKET_HEADER_BYTES;
    }
  }
  return bytes;
}

function files(folder: string): { name: string; isFile: boolean; parentPath: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => ({
    name: entry.name,
    isFile: entry.isFile(),
    parentPath: entry.parentPath,
  }));
}

function bytesOf(emit: (i: number) => void): number {
  const before = recordedBytes();
  for (let i = 0; i < count; i += 1) emit(i);
  return (recordedBytes() - before) / count;
}

// The first event makes the ring.
empty();
console.log(
  JSON.stringify({
    emptyBytesPerEvent: bytesOf(() => empty()),
    oneBytesPerEvent: bytesOf((i) => one(i)),
    fourBytesPerEvent: bytesOf((i) => four(i, i + 1, i + 2, i + 3, text)),
    internedBytesPerEvent: bytesOf((i) => interned(i, i + 1, i + 2, i + 3, text)),
  }),
);
