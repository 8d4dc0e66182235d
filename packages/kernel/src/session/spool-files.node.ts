/**
 * The files in which the pages of a session's rings wait until they are converted. They lie in a hidden directory of the session's
 * output, not in that of a trace chunk: chunks are moved and cleared while the pages of the next one come in.
 */
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ensureDirectory } from '@spoor/ctf/node';
import { type FileUser, asUser } from '@spoor/sys';
import { indexPathOf } from '../transcode/packet-file.node.ts';

/** Where the pages of one ring wait. */
export interface SpoolPlace {
  readonly directory: string;
  readonly channel: string;
  readonly cpu: number;
  /** With whose rights the files are made; undefined for those of this process. */
  readonly writer: FileUser | undefined;
  /** What is noted while pages are converted: a file that outlives this process, and is its alone. */
  readonly notePath: string;
}

/** One of the files of a ring. */
export interface SpoolFile {
  readonly path: string;
  /** From 1, in the order of their pages. */
  readonly sequence: number;
  /** Events that the kernel had handed out of the ring before the first page. */
  readonly readBefore: number;
}

/** Where the files of a session wait, below the directory of its output. @param uuid of the session. */
export function spoolDirectory(output: string, uuid: string): string {
  return join(output, `.kernel-pages-${uuid}`);
}

/** Makes a file. @throws the error of Node.js. */
export function createSpoolFile(
  { directory, channel, cpu, writer }: SpoolPlace,
  sequence: number,
  readBefore: number,
): SpoolFile & { readonly descriptor: number } {
  const path = join(directory, `${channel}_${cpu}.${sequence}.${readBefore}`);
  const descriptor = asUser(writer, () => {
    ensureDirectory(directory);
    return openSync(path, 'wx+', 0o600);
  });
  return { path, sequence, readBefore, descriptor };
}

/** Never waits, whatever the session's owner has put there. */
const reading = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
const emptying = constants.O_WRONLY | constants.O_TRUNC | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/** Opens a file that another process has left, to read it. @throws the error of Node.js. */
export function openSpoolFile({ writer }: SpoolPlace, { path }: SpoolFile): number {
  return asUser(writer, () => openSync(path, reading));
}

/** Takes a file away, which may be gone. Where it has to stay it is emptied: it must not be converted again. */
export function removeSpoolFile({ writer }: SpoolPlace, { path }: SpoolFile): void {
  asUser(writer, () => {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      try {
        closeSync(openSync(path, emptying));
      } catch {
        throw error;
      }
    }
  });
}

/** Takes the directory away, unless something is in it. */
export function removeSpoolDirectory(directory: string, writer: FileUser | undefined): void {
  try {
    asUser(writer, () => rmdirSync(directory));
  } catch {
    // It was never made, or there is what could not be converted.
  }
}

/** The files of a ring that another process has left, in the order of their pages. */
export function leftSpoolFiles({ directory, channel, cpu, writer }: SpoolPlace): readonly SpoolFile[] {
  const entries = asUser(writer, () => {
    const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
    return isThere ? readdirSync(directory, { withFileTypes: true }) : [];
  });
  const prefix = `${channel}_${cpu}.`;
  return entries
    .flatMap((entry): SpoolFile[] => {
      if (!entry.isFile()) return [];
      const { name } = entry;
      const numbers = name.startsWith(prefix)
        ? /^(?<sequence>\d+)\.(?<read>\d+)$/.exec(name.slice(prefix.length))?.groups
        : undefined;
      if (numbers === undefined) return [];
      const { sequence, read } = numbers;
      return [{ path: join(directory, name), sequence: Number(sequence), readBefore: Number(read) }];
    })
    .sort((left, right) => left.sequence - right.sequence);
}

/** A file of a stream: which it was, and how long it and its index were. */
interface NotedFile {
  readonly identity: string;
  readonly fileBytes: number;
  readonly indexBytes: number;
}

/** How long the files of a stream were, when the conversion of pages began. */
interface ConversionNote {
  readonly channel: string;
  readonly cpu: number;
  /** Of the file with the pages. */
  readonly sequence: number;
  /** The trace that they go to. */
  readonly directory: string;
  /** Name of the stream's file, or what the names of its files begin with. */
  readonly stream: string;
  /** By name. */
  readonly files: Readonly<Record<string, NotedFile>>;
}

const notePattern = /^kernel-pages-.*_\d+\.json$/;

/** Where the conversion of a ring's pages is noted. @param session its directory. */
export function notePathOf(session: string, channel: string, cpu: number): string {
  return join(session, `kernel-pages-${channel}_${cpu}.json`);
}

function filesOfStream(directory: string, stream: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter(
    (name) =>
      name === stream || (name.startsWith(`${stream}_`) && /^\d+$/.test(name.slice(stream.length + 1))),
  );
}

/** Notes that the pages of a file are converted from now on: who comes after this process takes back what it has written of them. */
export function noteConversion(
  { notePath, writer, channel, cpu }: SpoolPlace,
  sequence: number,
  directory: string,
  stream: string,
): void {
  const files: Record<string, NotedFile> = {};
  asUser(writer, () => {
    for (const name of filesOfStream(directory, stream)) {
      const path = join(directory, name);
      const indexBytes = statSync(indexPathOf(directory, name), { throwIfNoEntry: false })?.size ?? 0;
      files[name] = { identity: identityOf(path), fileBytes: statSync(path).size, indexBytes };
    }
  });
  const note: ConversionNote = { channel, cpu, sequence, directory, stream, files };
  asUser(undefined, () => {
    writeFileSync(`${notePath}.draft`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${notePath}.draft`, notePath);
  });
}

/**
 * Takes back what a killed process has written of pages that it had not converted to their end: they are converted as a whole again.
 * @param session its directory, with the notes.
 * @param directory of the pages.
 */
export function takeBackConverted(session: string, directory: string, writer: FileUser | undefined): void {
  for (const name of readdirSync(session).filter((file) => notePattern.test(file))) {
    const notePath = join(session, name);
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as ConversionNote;
    const [first] = leftSpoolFiles({ ...note, directory, writer, notePath });
    if (first?.sequence === note.sequence) asUser(writer, () => takeBack(note));
    unlinkSync(notePath);
  }
}

function takeBack({ directory, stream, files }: ConversionNote): void {
  for (const name of filesOfStream(directory, stream)) {
    const path = join(directory, name);
    const noted = files[name];
    // Where files are limited in number, one that was there was taken away for one of these pages.
    const isSame = noted !== undefined && noted.identity === identityOf(path);
    // The index first: packets that none tells of are cut off by whoever takes the trace up.
    cut(indexPathOf(directory, name), isSame ? noted.indexBytes : 0);
    cut(path, isSame ? noted.fileBytes : 0);
  }
}

function identityOf(path: string): string {
  const { dev, ino, birthtimeMs } = statSync(path);
  return `${dev} ${ino} ${birthtimeMs}`;
}

/** Has a file be no longer; of no length it is gone. */
function cut(path: string, sizeBytes: number): void {
  const now = statSync(path, { throwIfNoEntry: false })?.size;
  if (now === undefined || now < sizeBytes) return;
  if (sizeBytes === 0) unlinkSync(path);
  else truncateSync(path, sizeBytes);
}

/** Takes the note of a ring away, of which nothing waits. */
export function forgetConversion({ notePath }: SpoolPlace): void {
  rmSync(notePath, { force: true });
}

/** Reads as much as there is of a file. @returns bytes, fewer at its end. */
export function readSpool(descriptor: number, bytes: Uint8Array, lengthBytes: number, at: number): number {
  let done = 0;
  while (done < lengthBytes) {
    const count = readSync(descriptor, bytes, done, lengthBytes - done, at + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
