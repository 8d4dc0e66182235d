/** Finds and opens the traces below directories and in archives. */
import { readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { archiveKind, openArchive } from '@spoor/archive';
import { nodeMeans } from '@spoor/archive/node';
import { SpoorError, describeError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';
import { FileSource } from '@spoor/ctf/node';
import { rawFolder, symbolsFileName, symbolsFolder } from '@spoor/kernel';
import { standardInput, standardInputName } from '../standard-input.node.ts';
import type { TraceDirectory } from './build-trace-set.ts';
import { foldersOfFiles } from './file-set.ts';
import { openFolders, type OpenOptions, type TraceFolder } from './open-folders.ts';
import { reading } from './reading.node.ts';
import { rawDescriptionFile, withRawRings, type RawReader } from './raw-rings.ts';
import type { TraceSet } from './trace-set.ts';

/** What is at a path; undefined where nothing is, and where a link leads nowhere or in a circle. */
function statOf(path: string): Stats | undefined {
  return reading(path, () => {
    try {
      return statSync(path, { throwIfNoEntry: false });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
      throw error;
    }
  });
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() ?? false;
}

/**
 * @param seen real paths of the directories looked into: links may lead to one of them again.
 * @param warnings is told of what may not be looked into.
 */
function collectTraces(path: string, into: string[], seen: Set<string>, warnings: string[]): void {
  const real = reading(path, () => realpathSync(path));
  if (seen.has(real)) return;
  seen.add(real);
  const names = reading(path, () => readdirSync(path));
  if (names.includes('metadata') && isFile(join(path, 'metadata'))) {
    into.push(path);
    return;
  }
  for (const name of names) {
    const below = join(path, name);
    try {
      if (statOf(below)?.isDirectory() === true) collectTraces(below, into, seen, warnings);
    } catch (error) {
      if (!(error instanceof SpoorError)) throw error;
      warnings.push(`${describeError(error)}; this directory is left out`);
    }
  }
}

/** A directory that holds a trace. */
export interface FoundTrace {
  readonly path: string;
  /** From the path that was searched to this one; empty where they are the same. */
  readonly pathBelow: string;
}

/** A directory that holds a trace, as a folder. */
function folderOf({ path, pathBelow }: FoundTrace): TraceFolder {
  const metadataName = join(path, 'metadata');
  return {
    path,
    pathBelow,
    metadataName,
    metadata: () => reading(metadataName, () => readFileSync(metadataName)),
    symbols: () => {
      const name = join(path, symbolsFolder, symbolsFileName);
      return isFile(name) ? { name, read: () => reading(name, () => readFileSync(name)) } : undefined;
    },
    streams(warnings) {
      const sources: FileSource[] = [];
      for (const name of reading(path, () => readdirSync(path))) {
        const file = join(path, name);
        if (name === 'metadata' || name.startsWith('.')) continue;
        try {
          const source = reading(file, () => (isFile(file) ? new FileSource(file) : undefined));
          if (source !== undefined && source.sizeBytes > 0) sources.push(source);
        } catch (error) {
          if (!(error instanceof SpoorError)) throw error;
          warnings.push(`${describeError(error)}; this file is left out`);
        }
      }
      return sources;
    },
  };
}

/** The same, with the events of its rings where these are pages. */
function wholeFolderOf(found: FoundTrace, readRaw: RawReader | undefined): TraceFolder {
  const folder = folderOf(found);
  const open = (file: string): FileSource | undefined => {
    const path = join(found.path, rawFolder, file);
    return reading(path, () => (isFile(path) ? new FileSource(path) : undefined));
  };
  const isRaw = isFile(join(found.path, rawFolder, rawDescriptionFile));
  return isRaw ? withRawRings(folder, open, readRaw) : folder;
}

/** Directories with a trace at or below a directory. Those that may not be read are left out, with a warning. */
function tracesBelow(path: string, warnings: string[]): FoundTrace[] {
  const below: string[] = [];
  const problems: string[] = [];
  collectTraces(resolve(path), below, new Set(), problems);
  if (below.length === 0) {
    throw new SpoorError('trace/none-found', `no trace in ${path}`, {
      hint: problems[0] ?? 'a trace is a directory with a file named metadata; none is here or below',
    });
  }
  warnings.push(...problems);
  return below.map((trace) => ({ path: trace, pathBelow: relative(resolve(path), trace) }));
}

/** First bytes of what a trace is made of. */
const partBeginnings: readonly (readonly [part: string, beginning: readonly number[]])[] = [
  ['a data stream', [0xc1, 0xfc, 0x1f, 0xc1]],
  ['a data stream', [0xc1, 0x1f, 0xfc, 0xc1]],
  ['the metadata', [0x75, 0xd1, 0x1d, 0x57]],
  ['the metadata', [0x57, 0x1d, 0xd1, 0x75]],
  ['the metadata', [...new TextEncoder().encode('/* CTF')]],
  ['the metadata', [0x1e]],
];

/** First bytes of what trace-cmd records, which is another format. */
const traceCmdBeginning = [0x17, 0x08, 0x44, ...new TextEncoder().encode('tracing')];

/** @throws SpoorError where the first bytes of a file are not those of an archive. */
function checkArchive(name: string, head: Uint8Array): void {
  if (archiveKind(head) !== undefined) return;
  const beginsWith = (beginning: readonly number[]): boolean =>
    beginning.every((byte, index) => head[index] === byte);
  if (beginsWith(traceCmdBeginning)) {
    throw new SpoorError('trace/not-a-directory', `${name} is a recording of trace-cmd, not a trace in CTF`, {
      hint: `print it: spoor report ${name}; for other outputs: spoor -c source.ftrace.trace-dat -p 'inputs=["${name}"]'`,
    });
  }
  const part = partBeginnings.find(([, beginning]) => beginsWith(beginning));
  if (part !== undefined) {
    // One is nothing without the other, so one alone is never read.
    throw new SpoorError('trace/not-a-directory', `${name} is ${part[0]} of a trace, not all of it`, {
      hint:
        name === standardInputName
          ? 'send the directory: tar -c DIR | spoor -'
          : `give its directory: ${dirname(name)}`,
    });
  }
  throw new SpoorError('trace/not-a-directory', `not a directory and not an archive: ${name}`, {
    hint: 'a trace is a directory with a file named metadata, which may be in a .tar, .tar.gz, .tar.zst or .zip',
  });
}

/** The folders with traces of an archive: a file, or standard input. */
function archiveFolders(source: ByteSource, readRaw: RawReader | undefined): readonly TraceFolder[] {
  const head = new Uint8Array(512);
  const length = source.read(head, head.length, 0);
  checkArchive(source.name, head.subarray(0, length));
  const folders = foldersOfFiles(openArchive(source, nodeMeans), source.name, readRaw);
  if (folders.length > 0) return folders;
  throw new SpoorError('trace/none-found', `no trace in ${source.name}`, {
    hint: 'a trace is a directory with a file named metadata; none is in this archive',
  });
}

/**
 * Folders that hold a trace (a file named `metadata`), at or below directories and in archives, each once. What may not
 * be read below a directory is left out, which is added to `warnings`.
 * @param readRaw makes events of raw pages of the kernel.
 */
export function findFolders(
  paths: readonly string[],
  warnings: string[],
  readRaw?: RawReader,
): TraceFolder[] {
  const found = new Map<string, TraceFolder>();
  for (const path of paths) {
    const stat = path === '-' ? undefined : statOf(path);
    if (stat === undefined && path !== '-') {
      throw new SpoorError('trace/not-found', `no such file or directory: ${path}`, {
        hint: 'give the directory of a trace, one above it, or an archive',
      });
    }
    let folders: readonly TraceFolder[];
    if (stat === undefined) {
      folders = archiveFolders(
        standardInput((head) => checkArchive(standardInputName, head)),
        readRaw,
      );
    } else if (stat.isDirectory()) {
      folders = tracesBelow(path, warnings).map((found) => wholeFolderOf(found, readRaw));
    } else if (stat.isFile()) {
      const whole = resolve(path);
      folders = archiveFolders(
        reading(whole, () => new FileSource(whole)),
        readRaw,
      );
    } else {
      throw new SpoorError('trace/not-a-directory', `not a directory: ${path}`, {
        hint: 'a trace is a directory with a file named metadata; `-` reads an archive from standard input',
      });
    }
    for (const folder of folders) if (!found.has(folder.path)) found.set(folder.path, folder);
  }
  return [...found.values()];
}

/**
 * Opens all traces at or below the paths as one set. A path is a directory, an archive (`.tar`, `.tar.gz`, `.tar.zst`,
 * `.zip`; known by its bytes), or `-`, an archive on standard input.
 * @throws SpoorError when a path does not exist, holds no trace, or no metadata can be read, and for archives that are
 * refused (`archive/…`), and for raw pages of the kernel without `readRaw` (`trace/raw`). A trace beside readable ones whose
 * metadata is wrong is left out and said in `warnings`.
 * @param others traces of other sources, such as `openDmesg`, to be read with them.
 */
export function openTrace(
  paths: string | readonly string[],
  options: OpenOptions = {},
  others: readonly TraceDirectory[] = [],
): TraceSet {
  const warnings: string[] = [];
  const folders = findFolders(typeof paths === 'string' ? [paths] : paths, warnings, options.readRaw);
  const set = openFolders(folders, options, warnings, others);
  const given = typeof paths === 'string' ? [paths] : paths;
  const onlyFolders =
    others.length === 0 &&
    // Another thread would make the events of raw pages once more.
    options.readRaw === undefined &&
    given.every((path) => path !== '-' && statOf(path)?.isDirectory());
  if (onlyFolders) openings.set(set, { paths: given, options });
  return set;
}

/** How a trace set was opened. */
export interface TraceOpening {
  readonly paths: readonly string[];
  readonly options: OpenOptions;
}

const openings = new WeakMap<TraceSet, TraceOpening>();

/** How a set of directories can be opened again, in another thread for instance; undefined for other sets. */
export function openingOf(set: TraceSet): TraceOpening | undefined {
  return openings.get(set);
}
