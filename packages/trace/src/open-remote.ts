/** Opens traces whose bytes must be fetched. */
import { SpoorError } from '@spoor/base';
import {
  foldersOfFiles,
  openFolders,
  type NamedFile,
  type OpenOptions,
  type TraceFolder,
  type TraceSet,
} from '@spoor/components';
import { whenArrived, type ByteSource } from '@spoor/ctf';
import type { RemoteFile, RemoteFolder } from './remote-files.ts';

/** What a stream file is recognised by; it stays at hand. */
const headBytes = 65_536;
/** Files asked for at the same time. */
const together = 8;

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Files of folders with a trace, without the others: an unneeded file is not asked for. */
function neededFiles({ files }: RemoteFolder): readonly RemoteFile[] {
  const traces = new Set(
    files.filter(({ path }) => /(?:^|\/)metadata$/.test(path)).map(({ path }) => folderOf(path)),
  );
  return files.filter(({ path }) => traces.has(folderOf(path)) && !/(?:^|\/)\.[^/]*$/.test(path));
}

/** Does the work for all items, some at a time. */
async function forAll<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(together, items.length) }, worker));
  return results;
}

/** A source whose beginning is at hand. */
class HeadedSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly isRemote = true;
  private readonly source: ByteSource;
  private readonly head: Uint8Array;

  constructor(source: ByteSource, head: Uint8Array) {
    this.name = source.name;
    this.sizeBytes = source.sizeBytes;
    this.source = source;
    this.head = head;
  }

  read(into: Uint8Array, length: number, position: number): number {
    const end = Math.min(position + length, this.sizeBytes);
    if (position >= end) return 0;
    if (end > this.head.length) return this.source.read(into, length, position);
    into.set(this.head.subarray(position, end));
    return end - position;
  }

  packetIndex(): Uint8Array | undefined {
    return this.source.packetIndex?.();
  }
}

async function withHead(source: ByteSource): Promise<ByteSource> {
  const head = new Uint8Array(Math.min(headBytes, source.sizeBytes));
  await whenArrived(() => source.read(head, head.length, 0));
  return new HeadedSource(source, head);
}

/** The folder, with all at hand that opening it takes. */
async function fetched(folder: TraceFolder): Promise<TraceFolder> {
  const metadata = await whenArrived(() => folder.metadata());
  const streams = await forAll(folder.streams([]), withHead);
  return { ...folder, metadata: () => metadata, streams: () => streams };
}

/**
 * Opens all traces among the files as one set.
 * @throws SpoorError `trace/none-found`, and what opening and fetching throw.
 */
export async function openRemote(given: RemoteFolder, options: OpenOptions): Promise<TraceSet> {
  const files = await forAll(neededFiles(given), async ({ path, open }): Promise<NamedFile> => ({
    path,
    source: await open(),
  }));
  const folders = await forAll(foldersOfFiles(files, given.root), fetched);
  if (folders.length === 0) {
    throw new SpoorError('trace/none-found', `no trace in ${given.root}`, {
      hint: 'a trace is a folder with a file named metadata; none is here or below',
    });
  }
  return whenArrived(() => openFolders(folders, options, []));
}
