/** Binaries of the file system. What was opened is kept: many processes have the same. */
import { SpoorError } from '@spoor/base';
import { DwarfFile, type ElfFile } from '@spoor/elf';
import { crc32OfFile, openElfFile } from '@spoor/elf/node';
import type { BinaryFiles } from './binary.ts';

/** What is not there, or is not what it should be, is as good as absent. */
function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpoorError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

function remembered<T>(read: (path: string) => T): (path: string) => T {
  const known = new Map<string, T>();
  return (path) => {
    if (!known.has(path)) known.set(path, read(path));
    return known.get(path)!;
  };
}

export class FileBinaries implements BinaryFiles {
  readonly openElf: (path: string) => ElfFile | undefined = remembered((path) =>
    unlessAbsent(() => openElfFile(path)),
  );

  readonly openDwarf: (path: string) => DwarfFile | undefined = remembered((path) => {
    const elf = this.openElf(path);
    return elf === undefined ? undefined : unlessAbsent(() => DwarfFile.open(elf));
  });

  readonly crc32: (path: string) => number | undefined = remembered((path) =>
    unlessAbsent(() => crc32OfFile(path)),
  );
}
