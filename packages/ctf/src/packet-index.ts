/**
 * LTTng's packet index files (`index/STREAM.idx`): where the packets of a stream are and when they begin and end.
 * Versions 1.0 and 1.1; all numbers are big-endian. A reader must not trust an index that does not match its stream
 * file: `readPacketIndex` checks what babeltrace2 checks, and the caller scans the packets when it refuses.
 */

/** One packet of an index. Times are clock values in ticks. */
export interface IndexedPacket {
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly contentBits: number;
  readonly beginTicks: bigint;
  readonly endTicks: bigint;
  /** Events lost so far in the stream. */
  readonly discardedEvents: bigint;
  readonly streamId: bigint;
  /** From version 1.1 on. */
  readonly streamInstanceId?: bigint;
  readonly sequenceNumber?: bigint;
}

const indexMagic = 0xc1f1dcc1;
const headerBytes = 16;
const leastEntryBytes = 56;
const entryBytesOf11 = 72;

/**
 * Reads an index file.
 * @param streamBytes size of the stream file, which the packets must fill exactly.
 * @returns undefined for an index that is damaged, of another major version, or of another file.
 */
export function readPacketIndex(
  bytes: Uint8Array,
  streamBytes: number,
): readonly IndexedPacket[] | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entryBytes = view.getUint32(12);
  if (view.getUint32(0) !== indexMagic || view.getUint32(4) !== 1 || entryBytes < leastEntryBytes) {
    return undefined;
  }
  if ((bytes.length - headerBytes) % entryBytes !== 0) return undefined;
  const minor = view.getUint32(8);
  const packets: IndexedPacket[] = [];
  let end = 0;
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    const sizeBits = view.getBigUint64(at + 8);
    const contentBits = view.getBigUint64(at + 16);
    const offset = view.getBigUint64(at);
    const beginTicks = view.getBigUint64(at + 24);
    const endTicks = view.getBigUint64(at + 32);
    // Packets follow each other without gaps in what LTTng writes; their sizes must fill the file.
    if (sizeBits % 8n !== 0n || contentBits > sizeBits || endTicks < beginTicks || offset !== BigInt(end)) {
      return undefined;
    }
    const sizeBytes = Number(sizeBits / 8n);
    const has11 = minor >= 1 && entryBytes >= entryBytesOf11;
    packets.push({
      offsetBytes: end,
      sizeBytes,
      contentBits: Number(contentBits),
      beginTicks,
      endTicks,
      discardedEvents: view.getBigUint64(at + 40),
      streamId: view.getBigUint64(at + 48),
      ...(has11
        ? { streamInstanceId: view.getBigUint64(at + 56), sequenceNumber: view.getBigUint64(at + 64) }
        : {}),
    });
    end += sizeBytes;
    if (end > streamBytes) return undefined;
  }
  return end === streamBytes ? packets : undefined;
}
