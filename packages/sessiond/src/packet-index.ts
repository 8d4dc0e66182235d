/**
 * LTTng's packet index, version 1.1: one file beside each stream file, `index/STREAM.idx`. All numbers are
 * big-endian. A header of 16 bytes (u32 magic, major, minor, entry size) and one entry of 72 bytes a packet.
 */

/** Bytes of the header. */
export const indexHeaderBytes = 16;
/** Bytes of one entry. */
export const indexEntryBytes = 72;
const magic = 0xc1f1dcc1;

/** One packet as the index describes it. */
export interface IndexEntry {
  /** Where the packet begins in its stream file. */
  readonly offsetBytes: bigint;
  readonly packetSizeBits: bigint;
  readonly contentSizeBits: bigint;
  /** In ticks of the stream's clock. */
  readonly timestampBegin: bigint;
  readonly timestampEnd: bigint;
  /** Running total of the stream's lost events at the end of the packet. */
  readonly eventsDiscarded: bigint;
  /** Id of the stream class. */
  readonly streamId: bigint;
  /** Number of the stream among those of its class. */
  readonly streamInstanceId: bigint;
  readonly packetSequenceNumber: bigint;
}

/** The header of an index file of version 1.1. */
export function encodeIndexHeader(): Uint8Array {
  const bytes = new Uint8Array(indexHeaderBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint32(4, 1);
  view.setUint32(8, 1);
  view.setUint32(12, indexEntryBytes);
  return bytes;
}

/** Whether the bytes begin with the header that {@link encodeIndexHeader} makes. */
export function isIndexHeader(bytes: Uint8Array): boolean {
  const expected = encodeIndexHeader();
  return bytes.length >= indexHeaderBytes && expected.every((byte, at) => bytes[at] === byte);
}

const entryFields = [
  'offsetBytes',
  'packetSizeBits',
  'contentSizeBits',
  'timestampBegin',
  'timestampEnd',
  'eventsDiscarded',
  'streamId',
  'streamInstanceId',
  'packetSequenceNumber',
] as const satisfies readonly (keyof IndexEntry)[];

/** Writes an entry at the start of `target` (at least 72 bytes). */
export function encodeIndexEntry(entry: IndexEntry, target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, indexEntryBytes);
  for (const [place, field] of entryFields.entries()) view.setBigUint64(place * 8, entry[field]);
}

/** Reads the entry at the start of `source` (at least 72 bytes). */
export function decodeIndexEntry(source: Uint8Array): IndexEntry {
  const view = new DataView(source.buffer, source.byteOffset, indexEntryBytes);
  return {
    offsetBytes: view.getBigUint64(0),
    packetSizeBits: view.getBigUint64(8),
    contentSizeBits: view.getBigUint64(16),
    timestampBegin: view.getBigUint64(24),
    timestampEnd: view.getBigUint64(32),
    eventsDiscarded: view.getBigUint64(40),
    streamId: view.getBigUint64(48),
    streamInstanceId: view.getBigUint64(56),
    packetSequenceNumber: view.getBigUint64(64),
  };
}
