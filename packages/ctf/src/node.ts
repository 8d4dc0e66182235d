/** The part of the package that needs Node.js. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { ensureDirectory } from './directories.node.ts';
import type { ByteSink } from './packet-writer.ts';
import type { ByteSource } from './byte-source.ts';
import type { TraceOutput } from './trace-writer.ts';

export { ensureDirectory };

/** Files held open at a time, by all sources together; the longest unused is closed first. */
const mostOpenFiles = 256;
const open = new Map<FileSource, number>();

/** A file as a source of bytes; opened when read, and again after it had to make room for others. */
export class FileSource implements ByteSource, Disposable {
  readonly name: string;
  readonly sizeBytes: number;

  /** @throws the system's error when the file cannot be opened. */
  constructor(path: string) {
    this.name = path;
    this.sizeBytes = fstatSync(this.descriptor()).size;
  }

  private descriptor(): number {
    let fd = open.get(this);
    if (fd === undefined) {
      if (open.size >= mostOpenFiles) {
        for (const [oldest] of open) {
          oldest[Symbol.dispose]();
          break;
        }
      }
      fd = openSync(this.name, 'r');
    } else {
      open.delete(this);
    }
    // Last of the map is the latest used.
    open.set(this, fd);
    return fd;
  }

  read(into: Uint8Array, length: number, position: number): number {
    return readSync(this.descriptor(), into, 0, length, position);
  }

  /** LTTng puts the index of `STREAM` beside it, at `index/STREAM.idx`. */
  packetIndex(): Uint8Array | undefined {
    try {
      return readFileSync(join(dirname(this.name), 'index', `${basename(this.name)}.idx`));
    } catch {
      return undefined;
    }
  }

  [Symbol.dispose](): void {
    const fd = open.get(this);
    if (fd === undefined) return;
    open.delete(this);
    closeSync(fd);
  }
}

/** A file that is written from its start to its end. */
export class FileSink implements ByteSink {
  private readonly name: string;
  private readonly fd: number;

  /**
   * @param descriptor of the file, if it is open already.
   * @throws SpoorError `output/exists` when the file is there already, `output/failed` when it cannot be made.
   */
  constructor(path: string, descriptor?: number) {
    this.name = path;
    try {
      // Appending: where a failed write was cut off again, the next one follows what is left.
      this.fd = descriptor ?? openSync(path, 'ax');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw outputExists(path);
      throw new SpoorError('output/failed', `cannot write ${path}`, { cause: error });
    }
  }

  /** @throws SpoorError `output/failed`, for instance on a full disk. */
  write(bytes: Uint8Array, length: number): void {
    let done = 0;
    try {
      while (done < length) done += writeSync(this.fd, bytes, done, length - done);
    } catch (error) {
      throw new SpoorError('output/failed', `writing ${this.name} failed`, { cause: error });
    }
  }

  /** Whether somebody has removed the file: what is written is gone once it is closed. */
  get isRemoved(): boolean {
    return fstatSync(this.fd).nlink === 0;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function outputExists(path: string): SpoorError {
  return new SpoorError('output/exists', `${path} exists already`, { hint: 'name a new directory' });
}

/** A directory as the place of a trace; made when it is missing. */
export class DirectoryOutput implements TraceOutput {
  readonly path: string;

  /** @throws SpoorError `output/exists` when it holds a trace, `output/failed` when it cannot be made. */
  constructor(path: string) {
    this.path = path;
    try {
      ensureDirectory(path);
    } catch (error) {
      throw new SpoorError('output/failed', `cannot make the directory ${path}`, { cause: error });
    }
    if (existsSync(join(path, 'metadata'))) throw outputExists(join(path, 'metadata'));
  }

  create(name: string): FileSink {
    const path = join(this.path, name);
    if (name.includes('/')) ensureDirectory(dirname(path));
    return new FileSink(path);
  }
}
