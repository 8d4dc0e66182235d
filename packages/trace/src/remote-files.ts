/** Which files a program means that gives a folder, files, a drop or an address. */
import { archiveKind, MemorySpool, openRemoteArchive, type ArchiveMeans } from '@spoor/archive';
import { SpoorError } from '@spoor/base';
import { whenArrived, type ByteSource } from '@spoor/ctf';
import { blobSource } from './remote-source.ts';
import { fetchText, openUrl } from './url-source.ts';

/** A file that has not been opened. */
export interface RemoteFile {
  /** From the root of what was given, parts joined by `/`. */
  readonly path: string;
  open(): Promise<ByteSource>;
}

/** What was given: files below a root. */
export interface RemoteFolder {
  readonly root: string;
  readonly files: readonly RemoteFile[];
}

/**
 * What `openTrace` takes in a browser: a folder or file that the user chose (`showDirectoryPicker`), files
 * (`<input type=file>`, also `webkitdirectory`), what was dropped or entries of it, or an address.
 */
export type TraceInput =
  | FileSystemDirectoryHandle
  | FileSystemFileHandle
  | FileSystemEntry
  | DataTransfer
  | Iterable<File>
  | Iterable<FileSystemEntry>
  | Blob
  | URL
  | string;

/** Unpacked content is held in memory up to this. */
const mostMemoryBytes = 1024 ** 3;
const means: ArchiveMeans = {
  spool: (archive) => new MemorySpool(archive, mostMemoryBytes),
};

/** Deeper folders, and more files, are not looked for. */
const mostDepth = 16;
const mostFiles = 100_000;

function tooMany(root: string): SpoorError {
  return new SpoorError('trace/too-many-files', `there are more than ${mostFiles} files in ${root}`, {
    hint: 'give the folder of the trace itself',
  });
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

async function isArchive(source: ByteSource): Promise<boolean> {
  const head = new Uint8Array(512);
  const length = await whenArrived(() => source.read(head, head.length, 0));
  return archiveKind(head.subarray(0, length)) !== undefined;
}

/** The files of an archive, below a path. */
async function archiveFiles(source: ByteSource, below: string): Promise<readonly RemoteFile[]> {
  const files = await openRemoteArchive(source, means);
  return files.map((file) => ({ path: joined(below, file.path), open: () => Promise.resolve(file.source) }));
}

async function addHandles(
  directory: FileSystemDirectoryHandle,
  path: string,
  into: RemoteFile[],
  root: string,
): Promise<void> {
  if (path.split('/').length > mostDepth) return;
  for await (const [name, handle] of directory.entries()) {
    const below = joined(path, name);
    if (handle.kind === 'directory') {
      await addHandles(handle as FileSystemDirectoryHandle, below, into, root);
    } else {
      if (into.length >= mostFiles) throw tooMany(root);
      into.push({
        path: below,
        open: async () => blobSource(await (handle as FileSystemFileHandle).getFile(), `${root}/${below}`),
      });
    }
  }
}

function readEntries(reader: FileSystemDirectoryReader): Promise<readonly FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function fileOfEntry(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function addEntries(
  directory: FileSystemDirectoryEntry,
  path: string,
  into: RemoteFile[],
  root: string,
): Promise<void> {
  if (path.split('/').length > mostDepth) return;
  const reader = directory.createReader();
  // Each call gives some of them, until one gives none.
  for (let some = await readEntries(reader); some.length > 0; some = await readEntries(reader)) {
    for (const entry of some) {
      const below = joined(path, entry.name);
      if (entry.isDirectory) {
        await addEntries(entry as FileSystemDirectoryEntry, below, into, root);
      } else {
        if (into.length >= mostFiles) throw tooMany(root);
        into.push({
          path: below,
          open: async () => blobSource(await fileOfEntry(entry as FileSystemFileEntry), `${root}/${below}`),
        });
      }
    }
  }
}

async function ofEntries(entries: readonly FileSystemEntry[]): Promise<RemoteFolder> {
  const [only] = entries;
  const files: RemoteFile[] = [];
  if (entries.length === 1 && only!.isDirectory) {
    await addEntries(only as FileSystemDirectoryEntry, '', files, only!.name);
    return { root: only!.name, files };
  }
  for (const entry of entries) {
    if (entry.isDirectory) {
      await addEntries(entry as FileSystemDirectoryEntry, entry.name, files, 'drop');
    } else {
      files.push(...(await ofBlob(await fileOfEntry(entry as FileSystemFileEntry), entry.name)));
    }
  }
  return { root: entries.length === 1 ? only!.name : 'drop', files };
}

/** A file: those in it, if it is an archive. */
async function ofBlob(blob: Blob, name: string): Promise<readonly RemoteFile[]> {
  const source = blobSource(blob, name);
  if (await isArchive(source)) return archiveFiles(source, '');
  return [{ path: name, open: () => Promise.resolve(source) }];
}

async function ofFiles(files: readonly File[]): Promise<RemoteFolder> {
  const paths = files.map((file) => file.webkitRelativePath || file.name);
  const top = new Set(paths.map((path) => path.slice(0, Math.max(0, path.indexOf('/')))));
  const [root = ''] = top;
  // A chosen folder: its name stands before all paths.
  if (top.size === 1 && root !== '') {
    return {
      root,
      files: files.map((file, index) => ({
        path: paths[index]!.slice(root.length + 1),
        open: () => Promise.resolve(blobSource(file, paths[index]!)),
      })),
    };
  }
  const all = await Promise.all(files.map((file, index) => ofBlob(file, paths[index]!)));
  return { root: files.length === 1 ? files[0]!.name : 'files', files: all.flat() };
}

function fileOfUrl(base: URL, path: string): RemoteFile {
  const url = new URL(path.split('/').map(encodeURIComponent).join('/'), base).href;
  return { path, open: async () => (await openUrl(url)).source };
}

/** The page of a folder that servers make: links to what is in it. */
async function addLinks(folder: URL, base: URL, into: Map<string, RemoteFile>): Promise<void> {
  const page = await fetchText(folder.href);
  const depth = folder.pathname.split('/').length - base.pathname.split('/').length;
  if (page === undefined || depth > mostDepth) return;
  for (const [, quoted, bare] of page.matchAll(/href=(?:"([^"]*)"|'([^']*)')/gi)) {
    const link = new URL((quoted ?? bare ?? '').replaceAll('&amp;', '&'), folder);
    if (!link.href.startsWith(folder.href) || link.search !== '' || link.href === folder.href) continue;
    const path = link.pathname.slice(base.pathname.length).split('/').map(decodeURIComponent).join('/');
    if (path.endsWith('/')) await addLinks(link, base, into);
    else into.set(path, { path, open: async () => (await openUrl(link.href)).source });
    if (into.size > mostFiles) throw tooMany(base.href);
  }
}

async function ofUrlFolder(base: URL): Promise<RemoteFolder> {
  const root = base.href.replace(/\/$/, '');
  const list = await fetchText(new URL('files.txt', base).href);
  if (list !== undefined) {
    const paths = list.split('\n').map((line) => line.trim().replace(/^\.\//, ''));
    return { root, files: paths.filter(Boolean).map((path) => fileOfUrl(base, path)) };
  }
  const links = new Map<string, RemoteFile>();
  await addLinks(base, base, links);
  if (links.size > 0) return { root, files: [...links.values()] };
  throw new SpoorError('trace/none-found', `the server does not say which files are in ${base.href}`, {
    hint: 'put a file files.txt there, one path a line: `find . -type f > files.txt`',
  });
}

async function ofUrl(address: string | URL): Promise<RemoteFolder> {
  const base: string | undefined = globalThis.document?.baseURI;
  const url = new URL(address, base);
  if (url.pathname.endsWith('/')) return ofUrlFolder(url);
  const { source, url: found } = await openUrl(url.href);
  // A folder whose slash was forgotten: the server leads there.
  if (new URL(found).pathname.endsWith('/')) return ofUrlFolder(new URL(found));
  if (await isArchive(source)) return { root: url.href, files: await archiveFiles(source, '') };
  throw new SpoorError('trace/not-a-directory', `no archive: ${url.href}`, {
    hint: 'the address of a folder ends in a slash',
  });
}

/** Under Node.js there is no such class. */
function isDrop(input: unknown): input is DataTransfer {
  return typeof DataTransfer === 'function' && input instanceof DataTransfer;
}

/**
 * The files that an input stands for. What was dropped is looked at before anything is awaited, for a browser forgets it
 * when the event is over.
 * @throws SpoorError `trace/fetch`, `archive/…` and others.
 */
export async function filesOf(input: TraceInput): Promise<RemoteFolder> {
  if (typeof input === 'string' || input instanceof URL) return ofUrl(input);
  if (isDrop(input)) {
    const entries = [...input.items].map((item) => item.webkitGetAsEntry());
    const found = entries.filter((entry) => entry !== null);
    return found.length > 0 ? ofEntries(found) : ofFiles([...input.files]);
  }
  if (input instanceof Blob) {
    const name = input instanceof File ? input.name : 'archive';
    return { root: name, files: await ofBlob(input, name) };
  }
  if ('kind' in input) {
    if (input.kind === 'file') {
      const handle = input as FileSystemFileHandle;
      return { root: handle.name, files: await ofBlob(await handle.getFile(), handle.name) };
    }
    const files: RemoteFile[] = [];
    await addHandles(input as FileSystemDirectoryHandle, '', files, input.name);
    return { root: input.name, files };
  }
  if ('isDirectory' in input) return ofEntries([input]);
  const list = [...input];
  const entries = list.filter((item) => 'isDirectory' in item);
  return entries.length > 0 ? ofEntries(entries) : ofFiles(list.filter((item) => item instanceof Blob));
}
