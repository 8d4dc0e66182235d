/** Zip archives (with Zip64): the central directory is read, and of the files only what is asked for. */
import type { SpoorError } from '@spoor/base';
import { MemorySource, type ByteSource } from '@spoor/ctf';
import { Crc32 } from './checksums.ts';
import { entryPath, EntryTree, folderOf, linkTarget } from './entry-path.ts';
import { archiveError, truncated, wrongChecksum } from './errors.ts';
import { DeflateDamage, Inflater } from './inflate.ts';
import type { Budget } from './limits.ts';
import type { ArchiveMeans } from './means.ts';
import { eachChunk, readBytes, WindowSource } from './window-source.ts';

const endSignature = 0x06_05_4b_50;
const end64Signature = 0x06_06_4b_50;
const locatorSignature = 0x07_06_4b_50;
const directorySignature = 0x02_01_4b_50;
const localSignature = 0x04_03_4b_50;
const endBytes = 22;
/** The directory is held in memory: 46 bytes and a name an entry. */
const mostDirectoryBytes = 64 * 1_048_576;
const chunkBytes = 65_536;

const utf8 = new TextDecoder();

interface ZipEntry {
  readonly path: string;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly headerAt: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(archive: string, message: string, entry?: string): SpoorError {
  return archiveError('archive/damaged', archive, entry, message, 'fetch or make it again');
}

function number64(view: DataView, at: number, archive: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(archive, 'a size in it is beyond all files');
  return value;
}

interface Directory {
  readonly at: number;
  readonly sizeBytes: number;
  readonly entries: number;
}

function findDirectory(source: ByteSource, archive: string): Directory {
  // The end record is last but for a comment of at most 64 KiB.
  const tail = readBytes(source, Math.max(0, source.sizeBytes - endBytes - 65_535), endBytes + 65_535);
  const view = viewOf(tail);
  for (let at = tail.length - endBytes; at >= 0; at--) {
    if (view.getUint32(at, true) !== endSignature) continue;
    if (at + endBytes + view.getUint16(at + 20, true) > tail.length) continue;
    if (view.getUint16(at + 4, true) !== 0 && view.getUint16(at + 4, true) !== 0xffff) {
      throw archiveError(
        'archive/unsupported',
        archive,
        undefined,
        'it is one of several parts',
        'join them first',
      );
    }
    const plain = {
      entries: view.getUint16(at + 10, true),
      sizeBytes: view.getUint32(at + 12, true),
      at: view.getUint32(at + 16, true),
    };
    const isLarge = plain.entries === 0xffff || plain.sizeBytes === 0xffff_ffff || plain.at === 0xffff_ffff;
    const locator = at - 20;
    if (!isLarge || locator < 0 || view.getUint32(locator, true) !== locatorSignature) return plain;
    const record = readBytes(source, number64(view, locator + 8, archive), 56);
    const large = viewOf(record);
    if (record.length < 56 || large.getUint32(0, true) !== end64Signature) {
      throw damaged(archive, 'its Zip64 end record is not where it should be');
    }
    return {
      entries: number64(large, 32, archive),
      sizeBytes: number64(large, 40, archive),
      at: number64(large, 48, archive),
    };
  }
  throw truncated(archive);
}

/** What the files of an archive share. */
interface ZipContext {
  readonly source: ByteSource;
  readonly archive: string;
  readonly budget: Budget;
  readonly means: ArchiveMeans;
  readonly inflater: Inflater;
}

class ZipReader {
  private readonly context: ZipContext;
  private readonly source: ByteSource;
  private readonly archive: string;
  private readonly budget: Budget;
  private readonly tree: EntryTree<ByteSource>;
  private readonly entries: ZipEntry[] = [];

  constructor(context: ZipContext) {
    this.context = context;
    this.source = context.source;
    this.archive = context.archive;
    this.budget = context.budget;
    this.tree = new EntryTree(context.archive);
  }

  read(): EntryTree<ByteSource> {
    const directory = findDirectory(this.source, this.archive);
    this.budget.countEntries(directory.entries);
    if (directory.sizeBytes > mostDirectoryBytes) {
      throw damaged(this.archive, 'its directory is absurdly large');
    }
    const bytes = readBytes(this.source, directory.at, directory.sizeBytes);
    if (bytes.length < directory.sizeBytes) throw truncated(this.archive);
    let at = 0;
    for (let entry = 0; entry < directory.entries; entry++) at = this.entry(bytes, at);
    this.checkOverlaps(directory.at);
    for (const entry of this.entries) {
      this.tree.add(entry.path, {
        kind: 'file',
        content: new ZipFile(this.context, entry),
      });
    }
    return this.tree;
  }

  /** Reads one entry of the directory; returns where the next one is. */
  private entry(bytes: Uint8Array, at: number): number {
    const view = viewOf(bytes);
    if (at + 46 > bytes.length || view.getUint32(at, true) !== directorySignature) {
      throw damaged(this.archive, `its directory is not one at byte ${at}`);
    }
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true);
    const next = at + 46 + nameBytes + extraBytes + view.getUint16(at + 32, true);
    if (next > bytes.length) throw damaged(this.archive, `its directory is cut short at byte ${at}`);
    const name = utf8.decode(bytes.subarray(at + 46, at + 46 + nameBytes));
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const path = entryPath(this.archive, name);
    const [sizeBytes, packedBytes, headerAt] = this.sizes(
      viewOf(bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)),
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      name,
    );
    if (headerAt + 30 + packedBytes > this.source.sizeBytes) throw truncated(this.archive, name);
    // Unix writers put the file's mode into the upper half of the external attributes.
    const type = view.getUint8(at + 5) === 3 ? (view.getUint32(at + 38, true) >>> 28) & 0xf : 0;
    if (name.endsWith('/') || path === '') return next;
    if (![0, 0x8, 0xa, 0x4].includes(type)) {
      const hint = 'no archive of traces needs that; do not trust it';
      throw archiveError('archive/unsafe-entry', this.archive, path, 'it is a device, not a file', hint);
    }
    if ((flags & 0x1) !== 0 || (method !== 0 && method !== 8)) {
      const what = (flags & 0x1) === 0 ? `packed by method ${method}` : 'encrypted';
      const hint = 'unpack the archive and give the directory';
      throw archiveError('archive/unsupported', this.archive, path, `it is ${what}`, hint);
    }
    if (method === 0 && sizeBytes !== packedBytes) {
      throw damaged(this.archive, 'its two sizes differ although it is not packed', path);
    }
    const entry = { path, method, crc: view.getUint32(at + 16, true), packedBytes, sizeBytes, headerAt };
    if (type === 0xa) {
      this.link(entry);
      return next;
    }
    if (method !== 0) this.budget.spend(sizeBytes, path);
    this.entries.push(entry);
    return next;
  }

  /** Unpacked size, packed size and place: where the directory has no room for them, in the Zip64 extra field. */
  private sizes(
    extra: DataView,
    short: readonly [number, number, number],
    name: string,
  ): readonly [number, number, number] {
    if (short.every((value) => value !== 0xffff_ffff)) return short;
    for (let at = 0; at + 4 <= extra.byteLength;) {
      const end = at + 4 + extra.getUint16(at + 2, true);
      if (extra.getUint16(at, true) !== 1) {
        at = end;
        continue;
      }
      let from = at + 4;
      const [size, packed, place] = short.map((value) => {
        if (value !== 0xffff_ffff) return value;
        if (from + 8 > Math.min(end, extra.byteLength)) {
          throw damaged(this.archive, 'its Zip64 sizes are cut short', name);
        }
        from += 8;
        return number64(extra, from - 8, this.archive);
      });
      return [size!, packed!, place!];
    }
    return short;
  }

  private link(entry: ZipEntry): void {
    if (entry.sizeBytes > 4096) throw damaged(this.archive, 'a link this long is absurd', entry.path);
    const file = new ZipFile(this.context, entry);
    const target = utf8.decode(readBytes(file, 0, entry.sizeBytes));
    this.tree.add(entry.path, {
      kind: 'link',
      target: linkTarget(this.archive, entry.path, target, folderOf(entry.path)),
    });
  }

  /** Entries that share their bytes are how a small archive becomes a huge one. */
  private checkOverlaps(directoryAt: number): void {
    let end = 0;
    for (const { headerAt, packedBytes, path } of [...this.entries].sort(
      (left, right) => left.headerAt - right.headerAt,
    )) {
      if (headerAt < end || headerAt + 30 + packedBytes > directoryAt) {
        const hint = 'archives made to fill a disk do that; do not trust it';
        throw archiveError(
          'archive/unsafe-entry',
          this.archive,
          path,
          'its bytes are those of another too',
          hint,
        );
      }
      end = headerAt + 30 + packedBytes;
    }
  }
}

/** A file of a zip archive, unpacked and checked when it is first read. */
class ZipFile implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  private readonly context: ZipContext;
  private readonly entry: ZipEntry;
  private content: ByteSource | undefined;

  constructor(context: ZipContext, entry: ZipEntry) {
    this.name = `${context.archive}/${entry.path}`;
    this.sizeBytes = entry.sizeBytes;
    this.context = context;
    this.entry = entry;
  }

  read(into: Uint8Array, length: number, position: number): number {
    this.content ??= this.open();
    return this.content.read(into, length, position);
  }

  /** Reads the local header, behind which the bytes are. */
  private open(): ByteSource {
    const { entry, name } = this;
    const { archive, source } = this.context;
    const header = readBytes(source, entry.headerAt, 30);
    const view = viewOf(header);
    if (header.length < 30 || view.getUint32(0, true) !== localSignature) {
      throw damaged(archive, 'it is not where the directory says', entry.path);
    }
    const start = entry.headerAt + 30 + view.getUint16(26, true) + view.getUint16(28, true);
    const packed = new WindowSource(name, source, start, entry.packedBytes);
    if (start + entry.packedBytes > source.sizeBytes) throw truncated(archive, entry.path);
    return entry.method === 0 ? this.checked(packed) : this.unpacked(packed);
  }

  private verify(crc: Crc32, length: number): void {
    const { entry } = this;
    const { archive } = this.context;
    if (length !== entry.sizeBytes) {
      throw damaged(
        archive,
        `its content is of ${length} bytes, its directory says ${entry.sizeBytes}`,
        entry.path,
      );
    }
    if (crc.value !== entry.crc) throw wrongChecksum(archive, entry.path);
  }

  /** What is stored as it is; it is read once to check it, unless that would fetch all of it from afar. */
  private checked(stored: ByteSource): ByteSource {
    if (this.context.source.isRemote === true) return stored;
    const crc = new Crc32();
    this.verify(
      crc,
      eachChunk(stored, 0, stored.sizeBytes, chunkBytes, (chunk) => crc.update(chunk)),
    );
    return stored;
  }

  private unpacked(packed: ByteSource): ByteSource {
    const { entry } = this;
    const { source, archive, budget, means, inflater } = this.context;
    // What comes from afar must be there before anything is unpacked, for a wait begins anew.
    const all = source.isRemote === true ? readBytes(packed, 0, packed.sizeBytes) : undefined;
    const crc = new Crc32();
    const spool = means.spool(archive);
    let length = 0;
    const from = all === undefined ? packed : new MemorySource(this.name, all);
    try {
      inflater.unpack(from, 0, from.sizeBytes, (bytes) => {
        length += bytes.length;
        // The directory's size was paid for; more than that is a lie.
        if (length > entry.sizeBytes) budget.spend(bytes.length, entry.path);
        crc.update(bytes);
        spool.append(bytes);
      });
      this.verify(crc, length);
    } catch (error) {
      spool.discard();
      if (!(error instanceof DeflateDamage)) throw error;
      throw damaged(archive, `its content cannot be unpacked: ${error.message}`, entry.path);
    }
    return spool.finish(this.name);
  }
}

/** Reads the names of a zip archive. @throws SpoorError of the codes in `errors.ts`. */
export function readZip(
  source: ByteSource,
  archive: string,
  budget: Budget,
  means: ArchiveMeans,
): EntryTree<ByteSource> {
  return new ZipReader({ source, archive, budget, means, inflater: new Inflater() }).read();
}
