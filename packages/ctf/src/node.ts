/** The part of the package that needs Node.js. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './stream-reader.ts';

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

  [Symbol.dispose](): void {
    const fd = open.get(this);
    if (fd === undefined) return;
    open.delete(this);
    closeSync(fd);
  }
}
