/** A file of packets with LTTng's index of it: both end with a whole packet, also where the disk is full. */
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { packetIndexEntryBytes, packetIndexHeader, writePacketIndexEntry } from '@spoor/ctf';
import { FileSink } from '@spoor/ctf/node';
import { type FileUser, asUser } from '@spoor/sys';
import { markPacket, type PacketFacts } from './packet-buffer.ts';

/** The index of a file of a trace. */
export function indexPathOf(directory: string, name: string): string {
  return join(directory, 'index', `${name}.idx`);
}

/** How often is looked whether a file is there still. */
const removalEveryMs = 1000;

/** One file; it must not be there yet. */
export class PacketFile {
  sizeBytes = 0;
  private lookedMs = -Infinity;
  private indexBytes: number;
  private readonly file: FileSink;
  private readonly index: FileSink;
  private readonly path: string;
  private readonly indexPath: string;
  private readonly writer: FileUser | undefined;
  private readonly entry = new Uint8Array(packetIndexEntryBytes);
  private readonly entryView = new DataView(this.entry.buffer);

  /**
   * @param writer with whose rights it is made; undefined for those of this process.
   * @throws SpoorError `output/exists`, `output/failed`.
   */
  constructor(directory: string, name: string, writer?: FileUser) {
    this.writer = writer;
    this.path = join(directory, name);
    this.indexPath = indexPathOf(directory, name);
    this.file = asUser(writer, () => new FileSink(this.path));
    let index: FileSink | undefined;
    try {
      index = asUser(writer, () => new FileSink(this.indexPath));
      const header = packetIndexHeader();
      index.write(header, header.length);
      this.index = index;
      this.indexBytes = header.length;
    } catch (error) {
      // Who tries again finds neither of them.
      this.file.close();
      index?.close();
      const isOthers = error instanceof SpoorError && error.code === 'output/exists';
      asUser(writer, () => {
        rmSync(this.path, { force: true });
        if (!isOthers) rmSync(this.indexPath, { force: true });
      });
      throw error;
    }
  }

  /**
   * @throws SpoorError `output/failed`; what had been written of the packet is cut off again. `output/removed` where somebody
   * has removed the file, which is looked for once a second: nobody would have what is written.
   */
  append(bytes: Uint8Array, lengthBytes: number, facts: PacketFacts): void {
    const { entry } = this;
    this.refuseRemoved();
    writePacketIndexEntry(this.entryView, facts, this.sizeBytes);
    try {
      this.file.write(bytes, lengthBytes);
      this.index.write(entry, entry.length);
    } catch (error) {
      asUser(this.writer, () => {
        truncateSync(this.path, this.sizeBytes);
        truncateSync(this.indexPath, this.indexBytes);
      });
      throw error;
    }
    this.sizeBytes += lengthBytes;
    this.indexBytes += entry.length;
  }

  /**
   * Appends a packet. Readers know losses by how their count grows from packet to packet: where the first packet of the file
   * tells of some, one without events that says what was said `before` stands in front of it.
   * @throws SpoorError `output/failed`.
   */
  appendAfter(before: PacketFacts, bytes: Uint8Array, lengthBytes: number, facts: PacketFacts): void {
    if (this.sizeBytes === 0 && before.discardedEvents !== facts.discardedEvents) {
      const mark = markPacket(bytes, before);
      this.append(mark.bytes, mark.bytes.length, mark.facts);
    }
    this.append(bytes, lengthBytes, facts);
  }

  private refuseRemoved(): void {
    const now = performance.now();
    if (now - this.lookedMs < removalEveryMs) return;
    if (this.file.isRemoved)
      throw new SpoorError('output/removed', `${this.path} was removed while it is recorded`);
    this.lookedMs = now;
  }

  close(): void {
    this.file.close();
    this.index.close();
  }
}
