/**
 * The files of one ring in a trace: one that grows, or `NAME_0`, `NAME_1` … of limited size, as LTTng's options
 * `--tracefile-size` and `--tracefile-count` have them. Of limited number the oldest is overwritten.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDirectory } from '@spoor/ctf/node';
import { type FileUser, asUser } from '@spoor/sys';
import { MetadataFile } from '../transcode/metadata-file.node.ts';
import type { PacketFacts } from '../transcode/packet-buffer.ts';
import { indexPathOf, PacketFile } from '../transcode/packet-file.node.ts';
import type { KernelTranscoder } from '../transcode/transcoder.ts';
import type { TracePlace } from './reader-messages.ts';

/** How large files may become, and how many there are; 0 is without limit. */
export interface FileLimits {
  readonly sizeBytes: number;
  readonly count: number;
}

/** One file, as large as it becomes. */
export const unlimited: FileLimits = { sizeBytes: 0, count: 0 };

/** Made when the first packet comes. */
export class StreamFiles {
  writtenBytes = 0;
  private readonly directory: string;
  private readonly writer: FileUser | undefined;
  private readonly name: string;
  private readonly metadata: MetadataFile;
  private readonly limits: FileLimits;
  /** Undefined while there is none: before the first packet, and where the next one finds no room. */
  private file: PacketFile | undefined;
  private number = 0;
  private isBegun = false;
  /** Of the packet before the next one. */
  last: PacketFacts;

  /**
   * @param name of the file; with a limit of size what the names of the files begin with.
   * @param before what was told before the first packet, perhaps in another trace chunk.
   */
  constructor(
    place: TracePlace,
    name: string,
    transcoder: Pick<KernelTranscoder, 'traceClass'>,
    limits: FileLimits,
    before: PacketFacts,
  ) {
    this.last = before;
    const { directory, declared, writer } = place;
    this.writer = writer;
    this.directory = directory;
    this.name = name;
    this.limits = limits;
    this.metadata = asUser(writer, () => {
      // First: a directory that somebody has removed is not made anew, for nothing in it could be read.
      const metadata = new MetadataFile(
        join(directory, 'metadata'),
        transcoder.traceClass,
        new Int32Array(declared),
      );
      ensureDirectory(join(directory, 'index'));
      return metadata;
    });
  }

  private get fileName(): string {
    return this.limits.sizeBytes > 0 ? `${this.name}_${this.number}` : this.name;
  }

  /**
   * Appends a packet. Where it throws, the next one may find room. @param used classes of which it has events, by their ids.
   * @throws SpoorError `output/failed`.
   */
  packet(bytes: Uint8Array, lengthBytes: number, facts: PacketFacts, used: Uint8Array): void {
    // A reader that sees the packet must find its classes.
    this.metadata.declare(used);
    const { sizeBytes, count } = this.limits;
    if (sizeBytes > 0 && this.file !== undefined) {
      const has = this.file.sizeBytes;
      if (has > 0 && has + lengthBytes > sizeBytes) {
        this.endFile();
        this.number = count > 0 ? (this.number + 1) % count : this.number + 1;
      }
    }
    const file = (this.file ??= asUser(this.writer, () => this.open()));
    file.appendAfter(this.last, bytes, lengthBytes, facts);
    this.writtenBytes += lengthBytes;
    this.last = facts;
    this.isBegun = true;
  }

  private open(): PacketFile {
    if (this.limits.count > 0 && this.isBegun) {
      // The index first: packets that none tells of are cut off by whoever takes the trace up.
      rmSync(indexPathOf(this.directory, this.fileName), { force: true });
      rmSync(join(this.directory, this.fileName), { force: true });
    }
    return new PacketFile(this.directory, this.fileName, this.writer);
  }

  /** Its descriptors may be those of another file from now on. */
  private endFile(): void {
    const { file } = this;
    this.file = undefined;
    file?.close();
  }

  close(): void {
    this.metadata[Symbol.dispose]();
    this.endFile();
  }
}
