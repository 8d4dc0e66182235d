/** Tar archives (POSIX ustar and pax, GNU, and the older form), read in place: no content is copied. */
import type { ByteSource } from '@spoor/ctf';
import { entryPath, EntryTree, folderOf, linkTarget } from './entry-path.ts';
import { archiveError, truncated } from './errors.ts';
import { mostExtensionBytes, type Budget } from './limits.ts';
import { readBytes, WindowSource } from './window-source.ts';

const blockBytes = 512;
const utf8 = new TextDecoder();

/** What extension entries said of the entry that follows them. */
interface Extended {
  path?: string;
  linkpath?: string;
  sizeBytes?: number;
}

function textAt(block: Uint8Array, from: number, length: number): string {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return utf8.decode(end < 0 ? field : field.subarray(0, end));
}

/** A number: octal digits, or, with the first bit set, base 256. Undefined when it is neither. */
function numberAt(block: Uint8Array, from: number, length: number): number | undefined {
  if ((block[from]! & 0x80) !== 0) {
    let value = block[from]! & 0x7f;
    for (let at = 1; at < length; at++) value = value * 256 + block[from + at]!;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = textAt(block, from, length).trim();
  if (digits === '') return 0;
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : undefined;
}

/** Whether the block's own check value, the sum of its bytes, is right. Old writers added signed bytes. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < blockBytes) return false;
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < blockBytes; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const sum = numberAt(block, 148, 8);
  return sum !== undefined && sum !== 0 && (sum === unsigned || sum === signed);
}

/** Records of a pax extended header: `LENGTH KEY=VALUE\n`. */
function paxRecords(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    if (space < 0 || space - at > 10) return undefined;
    const length = Number(utf8.decode(bytes.subarray(at, space)));
    const end = at + length;
    if (!Number.isInteger(length) || length <= space - at || end > bytes.length) return undefined;
    const record = utf8.decode(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf('=');
    if (equals < 0 || bytes[end - 1] !== 0x0a) return undefined;
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at = end;
  }
  return records;
}

/** Reads a tar archive. Where bytes have yet to come, `read` throws, and goes on from there when it is called again. */
export class TarReader {
  private readonly source: ByteSource;
  private readonly budget: Budget;
  private readonly archive: string;
  private readonly tree: EntryTree<ByteSource>;
  private position = 0;
  private entries = 0;
  private next: Extended = {};
  private global: Extended = {};

  constructor(source: ByteSource, archive: string, budget: Budget) {
    this.source = source;
    this.budget = budget;
    this.archive = archive;
    this.tree = new EntryTree(archive);
  }

  /** @throws SpoorError of the codes in `errors.ts`; BytesAwaited. */
  read(): EntryTree<ByteSource> {
    for (;;) {
      const block = readBytes(this.source, this.position, blockBytes);
      if (block.length < blockBytes) throw truncated(this.archive);
      // Two blocks of zeros end an archive; writers may fill up what follows.
      if (block.every((byte) => byte === 0)) return this.tree;
      if (!isTarHeader(block)) {
        throw archiveError(
          'archive/damaged',
          this.archive,
          undefined,
          `the entry header at byte ${this.position} has a wrong checksum`,
          'fetch or make it again',
        );
      }
      this.budget.countEntries(this.entries + 1);
      this.position = this.entry(block, this.position + blockBytes);
      this.entries += 1;
    }
  }

  /** Takes an entry, whose content is at `start`; returns where the next one is. */
  private entry(block: Uint8Array, start: number): number {
    const type = String.fromCharCode(block[156]!);
    const extended = { ...this.global, ...this.next };
    // GNU's magic ends in a space; its archives use the prefix's place for other things.
    const prefix = textAt(block, 257, 6) === 'ustar' ? textAt(block, 345, 155) : '';
    const short = textAt(block, 0, 100);
    const name = extended.path ?? (prefix === '' ? short : `${prefix}/${short}`);
    const sizeBytes = extended.sizeBytes ?? numberAt(block, 124, 12);
    if (sizeBytes === undefined || sizeBytes > Number.MAX_SAFE_INTEGER - start) {
      throw archiveError('archive/damaged', this.archive, name, 'its size is no number');
    }
    const isLink = type === '1' || type === '2';
    const contentBytes = isLink || type === '5' ? 0 : sizeBytes;
    if (start + contentBytes > this.source.sizeBytes) throw truncated(this.archive, name);
    const next = start + Math.ceil(contentBytes / blockBytes) * blockBytes;
    if ('xgLK'.includes(type)) {
      this.extension(type, name, start, sizeBytes);
      return next;
    }
    this.next = {};
    // Old writers told directories by a slash.
    const isDirectory = type === '5' || type === 'D' || (type === '\0' && name.endsWith('/'));
    const path = entryPath(this.archive, name);
    if (isDirectory || type === 'V') return next;
    if (path === '') {
      throw archiveError('archive/damaged', this.archive, name, 'it is a file without a name');
    }
    if (isLink) {
      this.link(type, path, extended.linkpath ?? textAt(block, 157, 100));
      return next;
    }
    if (type === '0' || type === '\0' || type === '7') {
      const content = new WindowSource(`${this.archive}/${path}`, this.source, start, sizeBytes);
      this.tree.add(path, { kind: 'file', content });
      return next;
    }
    if ('346'.includes(type)) {
      const what = type === '6' ? 'a named pipe' : 'a device';
      const hint = 'no archive of traces needs that; do not trust it';
      throw archiveError('archive/unsafe-entry', this.archive, path, `it is ${what}, not a file`, hint);
    }
    throw archiveError(
      'archive/unsupported',
      this.archive,
      path,
      type === 'S' ? 'it is a sparse file' : `its type ${JSON.stringify(type)} is not known here`,
      'unpack the archive and give the directory',
    );
  }

  private link(type: string, path: string, target: string): void {
    if (type === '2') {
      this.tree.add(path, { kind: 'link', target: linkTarget(this.archive, path, target, folderOf(path)) });
      return;
    }
    // A hard link names an earlier entry from the root, and is the same file whatever becomes of that name.
    const content = this.tree.find(linkTarget(this.archive, path, target, ''));
    if (content === undefined) {
      const message = `it is a hard link to ${target}, which is not in the archive before it`;
      throw archiveError('archive/unsafe-entry', this.archive, path, message);
    }
    this.tree.add(path, {
      kind: 'file',
      content: new WindowSource(`${this.archive}/${path}`, content, 0, content.sizeBytes),
    });
  }

  /** An entry that says more of the next one (`x`, GNU's `L` and `K`) or of all that follow (`g`). */
  private extension(type: string, name: string, start: number, sizeBytes: number): void {
    if (sizeBytes > mostExtensionBytes) {
      throw archiveError('archive/damaged', this.archive, name, `a header of ${sizeBytes} bytes is absurd`);
    }
    const bytes = readBytes(this.source, start, sizeBytes);
    if (type === 'L') this.next.path = textAt(bytes, 0, bytes.length);
    if (type === 'K') this.next.linkpath = textAt(bytes, 0, bytes.length);
    if (type !== 'x' && type !== 'g') return;
    const records = paxRecords(bytes);
    if (records === undefined) {
      throw archiveError('archive/damaged', this.archive, name, 'its extended header cannot be read');
    }
    const into = type === 'x' ? this.next : this.global;
    for (const [key, value] of records) {
      if (key === 'path') into.path = value;
      if (key === 'linkpath') into.linkpath = value;
      if (key === 'size') {
        if (!/^\d{1,15}$/.test(value)) {
          throw archiveError('archive/damaged', this.archive, name, 'its size is no number');
        }
        into.sizeBytes = Number(value);
      }
      if (key.startsWith('GNU.sparse.')) {
        throw archiveError(
          'archive/unsupported',
          this.archive,
          into.path ?? name,
          'it is a sparse file',
          'unpack the archive and give the directory',
        );
      }
    }
  }
}
