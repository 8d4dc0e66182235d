/**
 * One stream of a trace on disk: its packets, and its index beside them.
 *
 * Exactly once, whatever kills the consumer: the packet is written before its index entry, and the entry before the
 * ring's mark moves. So a writer that takes up an existing stream keeps the packets that have a whole entry, cuts what
 * lies behind them, and tells by the last entry's sequence number what the ring need not hand out again.
 */
import { ensureDirectory } from '@spoor/ctf/node';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { outputError, writeWhole } from './output-error.ts';
import {
  type IndexEntry,
  decodeIndexEntry,
  encodeIndexEntry,
  encodeIndexHeader,
  indexEntryBytes,
  indexHeaderBytes,
  isIndexHeader,
} from './packet-index.ts';

/** Path of the index of a stream file. */
export function indexPathOf(streamPath: string): string {
  return join(dirname(streamPath), 'index', `${basename(streamPath)}.idx`);
}

/** The last whole entry of a stream file's index; undefined without one. */
export function lastEntryOf(streamPath: string): IndexEntry | undefined {
  try {
    const index = readFileSync(indexPathOf(streamPath));
    const count = Math.floor((index.length - indexHeaderBytes) / indexEntryBytes);
    if (count < 1 || !isIndexHeader(index)) return undefined;
    return decodeIndexEntry(index.subarray(indexHeaderBytes + (count - 1) * indexEntryBytes));
  } catch {
    return undefined;
  }
}

/** Writer of one stream file and its index; takes up what is there already. */
export class StreamWriter implements Disposable {
  readonly path: string;
  readonly #indexPath: string;
  readonly #entryBytes: Uint8Array = new Uint8Array(indexEntryBytes);
  #streamFd: number;
  #indexFd: number;
  #sizeBytes = 0;
  #packetCount = 0;
  #lastEntry: IndexEntry | undefined;

  /** @throws SpoorError `record/output`. */
  constructor(path: string) {
    this.path = path;
    this.#indexPath = indexPathOf(path);
    this.#streamFd = -1;
    this.#indexFd = -1;
    try {
      ensureDirectory(dirname(this.#indexPath));
      this.#streamFd = openForUpdate(path);
      this.#indexFd = openForUpdate(this.#indexPath);
      this.#resume();
    } catch (error) {
      this.close();
      throw (error as { code?: unknown }).code === 'record/output' ? error : outputError(path, error);
    }
  }

  /** Bytes of the stream file. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get packetCount(): number {
    return this.#packetCount;
  }

  /** The last packet's entry, if there is a packet. */
  get lastEntry(): IndexEntry | undefined {
    return this.#lastEntry;
  }

  /**
   * Appends one packet with one write, then its entry.
   * @throws SpoorError `record/output`; the stream is then as it was before.
   */
  append(packet: Uint8Array, description: Omit<IndexEntry, 'offsetBytes'>): void {
    const entry: IndexEntry = { offsetBytes: BigInt(this.#sizeBytes), ...description };
    writeWhole(this.#streamFd, this.path, packet, this.#sizeBytes);
    encodeIndexEntry(entry, this.#entryBytes);
    try {
      const indexSizeBytes = indexHeaderBytes + this.#packetCount * indexEntryBytes;
      writeWhole(this.#indexFd, this.#indexPath, this.#entryBytes, indexSizeBytes);
    } catch (error) {
      ftruncateSync(this.#streamFd, this.#sizeBytes);
      throw error;
    }
    this.#sizeBytes += packet.length;
    this.#packetCount += 1;
    this.#lastEntry = entry;
  }

  /** Whether somebody has removed the file: what is written is gone once it is closed. */
  get isRemoved(): boolean {
    return this.#streamFd >= 0 && fstatSync(this.#streamFd).nlink === 0;
  }

  close(): void {
    if (this.#streamFd >= 0) closeSync(this.#streamFd);
    if (this.#indexFd >= 0) closeSync(this.#indexFd);
    this.#streamFd = -1;
    this.#indexFd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #resume(): void {
    const indexSizeBytes = fstatSync(this.#indexFd).size;
    const header = new Uint8Array(indexHeaderBytes);
    readSync(this.#indexFd, header, 0, indexHeaderBytes, 0);
    if (indexSizeBytes < indexHeaderBytes || !isIndexHeader(header)) {
      ftruncateSync(this.#indexFd, 0);
      ftruncateSync(this.#streamFd, 0);
      writeWhole(this.#indexFd, this.#indexPath, encodeIndexHeader(), 0);
      return;
    }
    this.#packetCount = Math.floor((indexSizeBytes - indexHeaderBytes) / indexEntryBytes);
    if (this.#packetCount > 0) {
      const position = indexHeaderBytes + (this.#packetCount - 1) * indexEntryBytes;
      readSync(this.#indexFd, this.#entryBytes, 0, indexEntryBytes, position);
      this.#lastEntry = decodeIndexEntry(this.#entryBytes);
      this.#sizeBytes = Number(this.#lastEntry.offsetBytes + this.#lastEntry.packetSizeBits / 8n);
    }
    ftruncateSync(this.#indexFd, indexHeaderBytes + this.#packetCount * indexEntryBytes);
    ftruncateSync(this.#streamFd, this.#sizeBytes);
  }
}

/** Opens for reading and writing, making the file if it is not there and keeping what is in it. */
function openForUpdate(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666);
}
