/** How far the trace of a recording has what a ring holds, as its files tell it. Nothing is changed. */
import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CTF_MAGIC, PACKET, PACKET_HEADER_BYTES, type RingHeader } from '@spoor/ringbuffer';
import { currentChunkDir } from './hosted/trace-chunk.ts';
import { pathComponent } from './output-directory.ts';
import { OUTPUT_FILE, SessionDirectory } from './run-directory.ts';
import { newestFile } from './stream-files.ts';
import { lastEntryOf } from './stream-writer.ts';

/** Path of the stream that ring `number` becomes, in the trace of its process. */
export function streamPathOf(traceDir: string, { channelName }: RingHeader, number: number): string {
  return join(traceDir, `${pathComponent(channelName)}_${number}`);
}

/**
 * Number in the stream after that of the last packet of ring `number` that lies whole in the recording's own trace; 0 when
 * there is none, or no such trace here. A consumer that was killed may have written one packet more than it noted in the ring.
 * @param processPath the process's directory in the run directory.
 */
export function packetsInTrace(processPath: string, header: RingHeader, number: number): number {
  try {
    const session = new SessionDirectory(dirname(processPath));
    const outputDir = currentChunkDir(session.path) ?? session.readDescription().outputDir;
    const chosen = readFileSync(join(processPath, OUTPUT_FILE), 'utf8');
    if (chosen === '') return 0;
    const path = streamPathOf(join(outputDir, chosen), header, number);
    if (existsSync(path)) return countPackets(path, header);
    const newest = newestFile(path);
    return newest === undefined ? 0 : countPackets(`${path}_${newest.number}`, header);
  } catch {
    // A copy of a run directory, a trace that was taken away: what the ring's note says is all that is known.
    return 0;
  }
}

function countPackets(path: string, header: RingHeader): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return 0;
    const indexed = Number(lastEntryOf(path)?.offsetBytes ?? 0n);
    // The packets behind the last index entry are few: one, unless somebody took the index away.
    return walk(fd, stat.size, indexed, header) ?? walk(fd, stat.size, 0, header) ?? 0;
  } finally {
    closeSync(fd);
  }
}

/** Goes from packet to packet; undefined when there is not even one at `offsetBytes`. */
function walk(fd: number, sizeBytes: number, offsetBytes: number, ring: RingHeader): number | undefined {
  const head = Buffer.alloc(PACKET_HEADER_BYTES);
  let next: number | undefined;
  for (let at = offsetBytes; readSync(fd, head, 0, head.length, at) === head.length;) {
    const packetBytes = Number(head.readBigUInt64LE(PACKET.packetSizeBits) / 8n);
    if (
      head.readUInt32LE(PACKET.magic) !== CTF_MAGIC ||
      head.compare(ring.uuid, 0, ring.uuid.length, PACKET.uuid, PACKET.uuid + ring.uuid.length) !== 0 ||
      head.readUInt32LE(PACKET.streamClassId) !== ring.streamClassId ||
      packetBytes < PACKET_HEADER_BYTES ||
      at + packetBytes > sizeBytes
    ) {
      break;
    }
    next = Number(head.readBigUInt64LE(PACKET.sequenceNumber)) + 1;
    at += packetBytes;
  }
  return next;
}
