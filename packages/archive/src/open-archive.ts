/** From the bytes of an archive to the files in it. */
import { whenArrived, type ByteSource } from '@spoor/ctf';
import type { EntryTree } from './entry-path.ts';
import { archiveError } from './errors.ts';
import { unpackGzip } from './gzip.ts';
import { Budget, defaultArchiveLimits, type ArchiveLimits } from './limits.ts';
import type { ArchiveMeans, Spool } from './means.ts';
import { isTarHeader, TarReader } from './tar.ts';
import { readBytes } from './window-source.ts';
import { readZip } from './zip.ts';
import { unpackZstd } from './zstd.ts';

/** What the first bytes of a file say that it is. */
export type ArchiveKind = 'tar' | 'gzip' | 'zstd' | 'zip' | 'xz' | 'bzip2' | 'lz4' | 'compress' | '7z';

const magics: readonly (readonly [ArchiveKind, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zip', [0x50, 0x4b, 3, 4]],
  ['zip', [0x50, 0x4b, 5, 6]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['compress', [0x1f, 0x9d]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
];

/** What a file is, by its first 512 bytes; undefined when it is no archive. Names do not matter. */
export function archiveKind(head: Uint8Array): ArchiveKind | undefined {
  for (const [kind, magic] of magics) {
    if (magic.every((byte, index) => head[index] === byte)) return kind;
  }
  // Skippable frames may come first (pzstd writes them).
  if (head.length >= 8 && (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d) return 'zstd';
  return isTarHeader(head) ? 'tar' : undefined;
}

/** A file of an archive. */
export interface ArchiveFile {
  /** From the archive's root, parts joined by `/`. */
  readonly path: string;
  /** Its bytes; named `ARCHIVE/PATH`. */
  readonly source: ByteSource;
}

function unsupported(source: ByteSource, what: string): Error {
  const hint = 'it can be .tar, .tar.gz, .tar.zst or .zip; unpack it, or pack it as one of them';
  return archiveError('archive/unsupported', source.name, undefined, what, hint);
}

/**
 * The files of an archive, by path. Tar archives and files that a zip archive stores unpacked are read where they are;
 * the rest is unpacked into spools.
 * @throws SpoorError `archive/unsafe-entry`, `archive/damaged`, `archive/unsupported`, `archive/too-large`,
 * `archive/too-many-entries`, with archive and entry in `where`.
 */
export function openArchive(
  source: ByteSource,
  means: ArchiveMeans,
  limits: ArchiveLimits = defaultArchiveLimits,
): readonly ArchiveFile[] {
  const budget = new Budget(source.name, source.sizeBytes, limits);
  return filesOf(treeOf(source, means, budget));
}

function filesOf(tree: EntryTree<ByteSource>): readonly ArchiveFile[] {
  return tree.files().map(({ path, content }) => ({ path, source: content }));
}

/** Fetches a whole archive. */
async function loadWhole(source: ByteSource, spool: Spool): Promise<ByteSource> {
  const chunk = new Uint8Array(1_048_576);
  for (let at = 0; at < source.sizeBytes;) {
    const from = at;
    const count = await whenArrived(() => source.read(chunk, chunk.length, from));
    if (count === 0) break;
    spool.append(chunk.subarray(0, count));
    at += count;
  }
  return spool.finish(source.name);
}

/**
 * The files of an archive whose bytes must be fetched. Of a tar or zip archive only names are, and later what is read of
 * its files (of packed ones, all of each); a compressed archive is fetched whole.
 * @throws what `openArchive` throws, and what fetching rejects with. Files of zip archives are checked when they are read.
 */
export async function openRemoteArchive(
  source: ByteSource,
  means: ArchiveMeans,
  limits: ArchiveLimits = defaultArchiveLimits,
): Promise<readonly ArchiveFile[]> {
  const kind = archiveKind(await whenArrived(() => readBytes(source, 0, 512)));
  if (kind === 'gzip' || kind === 'zstd') {
    return openArchive(await loadWhole(source, means.spool(source.name)), means, limits);
  }
  const newBudget = (): Budget => new Budget(source.name, source.sizeBytes, limits);
  // Each attempt begins anew.
  if (kind !== 'tar') return filesOf(await whenArrived(() => treeOf(source, means, newBudget())));
  const reader = new TarReader(source, source.name, newBudget());
  return filesOf(await whenArrived(() => reader.read()));
}

function treeOf(source: ByteSource, means: ArchiveMeans, budget: Budget): EntryTree<ByteSource> {
  const kind = archiveKind(readBytes(source, 0, 512));
  switch (kind) {
    case 'tar':
      return new TarReader(source, source.name, budget).read();
    case 'zip':
      return readZip(source, source.name, budget, means);
    case 'gzip':
    case 'zstd': {
      const unpack = kind === 'gzip' ? unpackGzip : unpackZstd;
      const inner = unpack(source, budget, means);
      if (archiveKind(readBytes(inner, 0, 512)) !== 'tar') {
        throw unsupported(source, 'what is packed in it is no tar archive');
      }
      return new TarReader(inner, source.name, budget).read();
    }
    case 'xz':
    case 'bzip2':
    case 'lz4':
    case 'compress':
    case '7z':
      throw unsupported(source, `${kind} cannot be unpacked here`);
    case undefined:
      throw unsupported(source, 'it is no archive');
    default:
      return kind satisfies never;
  }
}
