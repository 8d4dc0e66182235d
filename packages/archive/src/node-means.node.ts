/** Spools under Node.js. */
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteSource } from '@spoor/ctf';
import { archiveError } from './errors.ts';
import type { ArchiveMeans, Spool } from './means.ts';
import { MemorySpool } from './memory-spool.ts';

/** Unpacked content up to this size stays in memory; beyond, all of it goes to a temporary file. */
const mostMemoryBytes = 16 * 1_048_576;

/** A descriptor that is closed when nothing can read from it any more. */
const closing = new FinalizationRegistry<number>((fd) => closeSync(fd));

/**
 * Opens a file below the directory for temporary files. Its name and its directory are taken away at once: however this
 * process ends, nothing stays behind.
 */
function openTemporary(archive: string): number {
  try {
    const directory = mkdtempSync(join(tmpdir(), 'spoor-archive-'));
    const path = join(directory, 'content');
    const fd = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    rmdirSync(directory);
    return fd;
  } catch (cause) {
    throw temporaryFileError(archive, cause);
  }
}

function temporaryFileError(archive: string, cause: unknown): Error {
  const hint = 'TMPDIR names a directory with more room';
  const error = archiveError(
    'archive/temporary-file',
    archive,
    undefined,
    `cannot unpack it to a file in ${tmpdir()} (${String((cause as NodeJS.ErrnoException).code)})`,
    hint,
  );
  error.cause = cause;
  return error;
}

/** An open file, by descriptor. */
class DescriptorSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  private readonly fd: number;

  constructor(name: string, fd: number, sizeBytes: number) {
    this.name = name;
    this.fd = fd;
    this.sizeBytes = sizeBytes;
  }

  read(into: Uint8Array, length: number, position: number): number {
    return readSync(this.fd, into, 0, length, position);
  }
}

class FileSpool implements Spool {
  private readonly archive: string;
  private memory: MemorySpool | undefined;
  private fd = -1;
  private sizeBytes = 0;

  constructor(archive: string) {
    this.archive = archive;
    this.memory = new MemorySpool(archive, mostMemoryBytes);
  }

  append(bytes: Uint8Array): void {
    const { memory } = this;
    if (memory !== undefined) {
      if (memory.sizeBytes + bytes.length <= mostMemoryBytes) {
        memory.append(bytes);
        return;
      }
      this.fd = openTemporary(this.archive);
      for (const part of memory.parts()) this.write(part);
      this.memory = undefined;
    }
    this.write(bytes);
  }

  private write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, this.sizeBytes + done);
      }
    } catch (cause) {
      throw temporaryFileError(this.archive, cause);
    }
    this.sizeBytes += bytes.length;
  }

  finish(name: string): ByteSource {
    if (this.memory !== undefined) return this.memory.finish(name);
    const source = new DescriptorSource(name, this.fd, this.sizeBytes);
    closing.register(source, this.fd);
    return source;
  }

  discard(): void {
    this.memory = undefined;
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }
}

/** What reading archives takes under Node.js. */
export const nodeMeans: ArchiveMeans = { spool: (archive) => new FileSpool(archive) };

/** Reads what is there, waiting for it; 0 at the end. */
function readInput(fd: number, into: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, into, 0, into.length, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      // The pipe is set to not block, by a parent that shares it. Wait a little without spinning.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** Bytes of an input that say what it is. */
const headBytes = 512;

/**
 * All of an open input, such as standard input, as a source that can be read at any place: a file is read where it is, a
 * pipe is read to its end first.
 * @param check sees the first 512 bytes, or all where there are fewer, and throws where the rest is not wanted: an input
 * may have no end.
 */
export function spoolInput(
  fd: number,
  name: string,
  check: (head: Uint8Array) => void = () => {},
): ByteSource {
  const stat = fstatSync(fd);
  const chunk = new Uint8Array(65_536);
  if (stat.isFile()) {
    const source = new DescriptorSource(name, fd, stat.size);
    check(chunk.subarray(0, source.read(chunk, headBytes, 0)));
    return source;
  }
  let length = 0;
  for (let count = -1; length < headBytes && count !== 0; length += count) {
    count = readInput(fd, chunk.subarray(length));
  }
  check(chunk.subarray(0, Math.min(length, headBytes)));
  const spool = new FileSpool(name);
  for (; length > 0; length = readInput(fd, chunk)) spool.append(chunk.subarray(0, length));
  return spool.finish(name);
}
