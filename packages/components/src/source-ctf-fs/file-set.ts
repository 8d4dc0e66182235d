/** Traces in a set of files, wherever they come from: an archive, a dropped folder, a web server. */
import type { ByteSource } from '@spoor/ctf';
import { rawFolder, symbolsFileName, symbolsFolder } from '@spoor/kernel';
import type { TraceFolder } from './open-folders.ts';
import { rawDescriptionFile, withRawRings, type RawReader } from './raw-rings.ts';

/** A file of a set. */
export interface NamedFile {
  /** From the set's root, parts joined by `/`. */
  readonly path: string;
  readonly source: ByteSource;
}

function allBytes(source: ByteSource): Uint8Array {
  const bytes = new Uint8Array(source.sizeBytes);
  let held = 0;
  while (held < bytes.length) {
    const count = source.read(bytes.subarray(held), bytes.length - held, held);
    if (count === 0) break;
    held += count;
  }
  return bytes.subarray(0, held);
}

/** A stream file of a set; LTTng's index of `STREAM` is `index/STREAM.idx` beside it. */
class StreamFile implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isRemote: boolean;
  private readonly source: ByteSource;
  private readonly index: ByteSource | undefined;

  constructor(source: ByteSource, index: ByteSource | undefined) {
    this.name = source.name;
    this.sizeBytes = source.sizeBytes;
    this.isRemote = source.isRemote ?? false;
    this.source = source;
    this.index = index;
  }

  read(into: Uint8Array, length: number, position: number): number {
    return this.source.read(into, length, position);
  }

  packetIndex(): Uint8Array | undefined {
    return this.index === undefined ? undefined : allBytes(this.index);
  }
}

/**
 * The folders that hold a trace (a file named `metadata`). As in directories: below a trace none is looked for, files
 * in folders of their own and those whose names begin with a dot are not of it.
 * @param root name of the set, put before the paths in messages.
 * @param readRaw makes events of raw pages of the kernel.
 */
export function foldersOfFiles(
  files: readonly NamedFile[],
  root: string,
  readRaw?: RawReader,
): readonly TraceFolder[] {
  const byFolder = new Map<string, NamedFile[]>();
  for (const file of files) {
    const folder = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
    const others = byFolder.get(folder);
    if (others === undefined) byFolder.set(folder, [file]);
    else others.push(file);
  }
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  const folders: TraceFolder[] = [];
  for (const folder of [...byFolder.keys()].sort()) {
    const own = byFolder.get(folder)!;
    const metadata = own.find(({ path }) => nameOf(path) === 'metadata');
    const isBelow = folders.some(({ pathBelow }) => pathBelow === '' || folder.startsWith(`${pathBelow}/`));
    if (metadata === undefined || isBelow) continue;
    const streams = own.filter(
      ({ path, source }) =>
        nameOf(path) !== 'metadata' && !nameOf(path).startsWith('.') && source.sizeBytes > 0,
    );
    const indexFolder = folder === '' ? 'index' : `${folder}/index`;
    const indexes = new Map(
      (byFolder.get(indexFolder) ?? []).map(({ path, source }) => [nameOf(path), source]),
    );
    const symbolsPath = (folder === '' ? '' : `${folder}/`) + symbolsFolder;
    const symbols = byFolder.get(symbolsPath)?.find(({ path }) => nameOf(path) === symbolsFileName);
    const whole: TraceFolder = {
      path: folder === '' ? root : `${root}/${folder}`,
      pathBelow: folder,
      metadataName: metadata.source.name,
      metadata: () => allBytes(metadata.source),
      symbols: () =>
        symbols === undefined
          ? undefined
          : { name: symbols.source.name, read: () => allBytes(symbols.source) },
      streams: () =>
        streams.map(({ path, source }) => new StreamFile(source, indexes.get(`${nameOf(path)}.idx`))),
    };
    const raw = byFolder.get(folder === '' ? rawFolder : `${folder}/${rawFolder}`) ?? [];
    const open = (file: string): ByteSource | undefined =>
      raw.find(({ path }) => nameOf(path) === file)?.source;
    folders.push(open(rawDescriptionFile) === undefined ? whole : withRawRings(whole, open, readRaw));
  }
  return folders;
}
