/**
 * The files of one stream: one that grows, or several of limited size, `NAME_0`, `NAME_1` …, as LTTng's options
 * `--tracefile-size` and `--tracefile-count` have them. Of limited number, the oldest is overwritten. Each has an index,
 * and is to a reader a stream of its own.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PACKET, PACKET_HEADER_BYTES } from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { describePacket } from './packet-description.ts';
import type { IndexEntry } from './packet-index.ts';
import { StreamWriter, indexPathOf, lastEntryOf } from './stream-writer.ts';

/** How large trace files may become, and how many of them a stream has; 0 without limit. */
export interface TraceFileLimits {
  readonly traceFileSizeBytes: number;
  readonly traceFileCount: number;
}

/** One file without limit. */
export const UNLIMITED: TraceFileLimits = { traceFileSizeBytes: 0, traceFileCount: 0 };

/** The newest of the files `NAME_N` of a stream, by the numbers of their last packets; undefined without one. */
export function newestFile(
  streamPath: string,
): { readonly number: number; readonly entry: IndexEntry | undefined } | undefined {
  const prefix = `${basename(streamPath)}_`;
  let newest: { readonly number: number; readonly entry: IndexEntry | undefined } | undefined;
  for (const name of filesIn(dirname(streamPath))) {
    const suffix = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (!/^\d{1,15}$/.test(suffix)) continue;
    const number = Number(suffix);
    const entry = lastEntryOf(`${streamPath}_${number}`);
    const sequence = entry?.packetSequenceNumber ?? -1n;
    if (newest === undefined || sequence > (newest.entry?.packetSequenceNumber ?? -1n)) {
      newest = { number, entry };
    }
  }
  return newest;
}

/** Writes one stream; takes up what is there already. */
export class StreamFiles implements Disposable {
  readonly #path: string;
  readonly #limits: TraceFileLimits;
  readonly #streamInstanceId: number;
  readonly #isNumbered: boolean;
  readonly #writer: FileUser | undefined;
  #file: StreamWriter;
  #number = 0;
  /** Of files before the current one, as far as this writer made them. */
  #earlier = { packetCount: 0, sizeBytes: 0 };
  #lastEntry: IndexEntry | undefined;

  /**
   * @param path of the stream; with a limit of size what the names of its files begin with.
   * @param streamInstanceId for the index.
   * @param writer with whose rights further files are made; this one is with those of the caller.
   * @throws SpoorError `record/output`.
   */
  constructor(
    path: string,
    streamInstanceId: number,
    limits: TraceFileLimits = UNLIMITED,
    writer?: FileUser,
  ) {
    this.#writer = writer;
    this.#path = path;
    this.#streamInstanceId = streamInstanceId;
    this.#limits = limits;
    // Without a limit such names are those of other channels.
    this.#isNumbered = limits.traceFileSizeBytes > 0 && !existsSync(path);
    if (this.#isNumbered) this.#number = newestFile(path)?.number ?? 0;
    this.#file = new StreamWriter(this.#isNumbered ? `${path}_${this.#number}` : path);
    this.#lastEntry = this.#file.lastEntry;
  }

  /** Whether there is anything of a stream. */
  static exists(path: string, { traceFileSizeBytes }: TraceFileLimits): boolean {
    return existsSync(path) || (traceFileSizeBytes > 0 && newestFile(path) !== undefined);
  }

  /** The file that is being written. */
  get path(): string {
    return this.#file.path;
  }

  get packetCount(): number {
    return this.#earlier.packetCount + this.#file.packetCount;
  }

  get sizeBytes(): number {
    return this.#earlier.sizeBytes + this.#file.sizeBytes;
  }

  /** Whether somebody has removed the file that is being written. */
  get isRemoved(): boolean {
    return this.#file.isRemoved;
  }

  /** The entry of the last packet, if there is one. */
  get lastEntry(): IndexEntry | undefined {
    return this.#lastEntry;
  }

  /**
   * Appends a packet.
   * @throws SpoorError `record/output`; the stream is then as it was before.
   */
  append(packet: Uint8Array): void {
    const entry = describePacket(packet, this.#streamInstanceId);
    const { traceFileSizeBytes } = this.#limits;
    const isFull = traceFileSizeBytes > 0 && this.#file.sizeBytes + packet.length > traceFileSizeBytes;
    if (this.#isNumbered && isFull && this.#file.packetCount > 0) {
      asUser(this.#writer, () => this.#beginFile());
      const last = this.#lastEntry;
      // A reader knows losses by how a stream's count of them grows: it has to see where that stood.
      if (last !== undefined && last.eventsDiscarded !== entry.eventsDiscarded)
        this.#appendMark(packet, last);
    }
    this.#file.append(packet, entry);
    this.#lastEntry = this.#file.lastEntry;
  }

  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #beginFile(): void {
    const { traceFileCount } = this.#limits;
    const number = traceFileCount > 0 ? (this.#number + 1) % traceFileCount : this.#number + 1;
    const path = `${this.#path}_${number}`;
    const { packetCount, sizeBytes } = this;
    this.#file.close();
    // The index first: a stream without one is begun anew by whoever takes it up.
    rmSync(indexPathOf(path), { force: true });
    rmSync(path, { force: true });
    this.#file = new StreamWriter(path);
    this.#number = number;
    this.#earlier = { packetCount, sizeBytes };
  }

  /** A packet without events at the end of the packet before, which has its count of losses. */
  #appendMark(next: Uint8Array, last: IndexEntry): void {
    const mark = next.slice(0, PACKET_HEADER_BYTES);
    const view = new DataView(mark.buffer);
    view.setBigUint64(PACKET.timestampBegin, last.timestampEnd, true);
    view.setBigUint64(PACKET.timestampEnd, last.timestampEnd, true);
    view.setBigUint64(PACKET.contentSizeBits, BigInt(PACKET_HEADER_BYTES) * 8n, true);
    view.setBigUint64(PACKET.packetSizeBits, BigInt(PACKET_HEADER_BYTES) * 8n, true);
    view.setBigUint64(PACKET.sequenceNumber, last.packetSequenceNumber, true);
    view.setBigUint64(PACKET.eventsDiscarded, last.eventsDiscarded, true);
    this.#file.append(mark, describePacket(mark, this.#streamInstanceId));
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder));
  } catch {
    return [];
  }
}
