/** Files of the file system. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { SpoorError } from '@spoor/base';
import type { ElfSource } from './byte-source.ts';
import { crc32 } from './crc32.ts';
import { ElfFile, type ElfOptions } from './elf-file.ts';

/** Nothing larger is held; a section cannot be either. */
const largestReadBytes = 1 << 30;

/** Whoever puts a pipe in the place of a file has nobody wait for it. */
const readNow = constants.O_RDONLY | constants.O_NONBLOCK;

/** Reads a file by offset; it is open only while something is read. */
export class FileBytes implements ElfSource {
  readonly name: string;
  readonly sizeBytes: number;

  /** @throws when there is no file, or it may not be read. */
  constructor(path: string) {
    this.name = path;
    const descriptor = openSync(path, readNow);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) throw new SpoorError('elf/not-elf', 'it is no file', { where: path });
      this.sizeBytes = stat.size;
    } finally {
      closeSync(descriptor);
    }
  }

  read(offset: number, length: number): Uint8Array {
    const wanted = Math.min(length, this.sizeBytes - offset);
    if (wanted > largestReadBytes) {
      throw new SpoorError('elf/too-large', `a part of ${wanted} bytes is too large`, { where: this.name });
    }
    const bytes = new Uint8Array(Math.max(0, wanted));
    const descriptor = openSync(this.name, readNow);
    try {
      let held = 0;
      while (held < bytes.length) {
        const count = readSync(descriptor, bytes, held, bytes.length - held, offset + held);
        if (count === 0) break;
        held += count;
      }
      return bytes.subarray(0, held);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** Opens an ELF file. @throws SpoorError `elf/…`, or what opening a file throws. */
export function openElfFile(path: string, options: Pick<ElfOptions, 'mostSectionBytes'> = {}): ElfFile {
  return new ElfFile(new FileBytes(path), {
    ...options,
    inflate: (bytes, sizeBytes) => inflateSync(bytes, { maxOutputLength: Math.max(1, sizeBytes) }),
  });
}

/** CRC-32 of a file, read piece by piece. */
export function crc32OfFile(path: string): number {
  const file = new FileBytes(path);
  let crc = 0;
  for (let at = 0; at < file.sizeBytes;) {
    const bytes = file.read(at, 1 << 20);
    if (bytes.length === 0) break;
    crc = crc32(bytes, crc);
    at += bytes.length;
  }
  return crc;
}
