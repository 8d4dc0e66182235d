/**
 * LTTng's packet index files (`index/STREAM.idx`): where the packets of a stream are and when they begin and end.
 * Versions 1.0 and 1.1; all numbers are big-endian. A reader must not trust an index that does not match its stream
 * file: `readPacketIndex` and `placeInIndex` check what babeltrace2 checks, and the caller goes by the packets' headers
 * when they refuse.
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

/** Size of the entries; undefined for what is no index of a known version. */
function entrySize(view: DataView): number | undefined {
  if (view.byteLength < headerBytes) return undefined;
  const entryBytes = view.getUint32(12);
  if (view.getUint32(0) !== indexMagic || view.getUint32(4) !== 1 || entryBytes < leastEntryBytes) {
    return undefined;
  }
  return (view.byteLength - headerBytes) % entryBytes === 0 ? entryBytes : undefined;
}

/** A packet before which nothing of a time is. */
export interface IndexPlace {
  readonly offsetBytes: number;
  readonly endTicks: bigint;
}

/**
 * The last packet of those at the beginning of a stream that all end before a clock value; a clock value of 0 stands
 * for an end that was never written.
 * @param streamBytes size of the stream file, which the packets must fill exactly.
 * @returns undefined where the first packet does not end before it, and for an index that cannot be trusted.
 */
export function placeInIndex(bytes: Uint8Array, streamBytes: number, ticks: bigint): IndexPlace | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entryBytes = entrySize(view);
  if (entryBytes === undefined) return undefined;
  // Halves instead of BigInts: an index may have a hundred thousand entries.
  const wantedHi = Number(ticks >> 32n);
  const wantedLo = Number(ticks & 0xffff_ffffn);
  let place: number | undefined;
  let passed = false;
  let end = 0;
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    const offset = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
    const sizeBits = view.getUint32(at + 8) * 0x1_0000_0000 + view.getUint32(at + 12);
    if (offset !== end || sizeBits === 0 || sizeBits % 8 !== 0) return undefined;
    end += sizeBits / 8;
    if (passed) continue;
    const hi = view.getUint32(at + 32);
    const lo = view.getUint32(at + 36);
    const isEarly = (hi !== 0 || lo !== 0) && (hi < wantedHi || (hi === wantedHi && lo < wantedLo));
    if (isEarly) place = at;
    else passed = true;
  }
  if (place === undefined || end !== streamBytes) return undefined;
  return { offsetBytes: Number(view.getBigUint64(place)), endTicks: view.getBigUint64(place + 32) };
}

/**
 * Reads an index file.
 * @param streamBytes size of the stream file, which the packets must fill exactly.
 * @returns undefined for an index that is damaged, of another major version, or of another file.
 */
export function readPacketIndex(
  bytes: Uint8Array,
  streamBytes: number,
): readonly IndexedPacket[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entryBytes = entrySize(view);
  if (entryBytes === undefined) return undefined;
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
