import { SpoorError } from '@spoor/base';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.ts';
import { openElf, type ElfFile } from './elf-file.ts';
import { DwarfFile } from './dwarf/dwarf-file.ts';
import { elves, smallElf } from './testing/small-elf.ts';

test('files of both widths and byte orders are read as they were made', () => {
  fc.assert(
    fc.property(elves, (made) => {
      const elf = openElf(smallElf(made));
      expect(elf.bits).toBe(made.bits);
      expect(elf.littleEndian).toBe(made.littleEndian);
      expect(elf.machine).toBe(62);
      expect(elf.segments).toMatchObject([{ type: 1, flags: 5, address: 0x400000n, memoryBytes: 200n }]);
      expect([...(elf.buildId ?? [])]).toEqual(made.buildId);
      expect(elf.debugLink).toEqual(made.debugLink);
      expect(DwarfFile.open(elf)).toBeUndefined();
    }),
  );
});

/** Asks for all that there is; trouble must be a SpoorError. */
function askAll(bytes: Uint8Array): void {
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (error instanceof SpoorError) return undefined;
      throw error;
    }
  };
  const elf: ElfFile | undefined = attempt(() => openElf(bytes));
  if (elf === undefined) return;
  for (const section of elf.sections) attempt(() => elf.bytesOf(section));
  attempt(() => elf.symbols());
  attempt(() => elf.symbols('.dynsym'));
  attempt(() => elf.symbolsNamed('main'));
  attempt(() => elf.functionAt(0x1000n));
  attempt(() => elf.notes());
  attempt(() => elf.debugLink);
  attempt(() => DwarfFile.open(elf)?.lineAt(0x1000n));
}

test('damaged files are refused in words, whatever is damaged', () => {
  fc.assert(
    fc.property(
      elves,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 12 }),
      fc.option(fc.nat()),
      (made, changes, cut) => {
        const bytes = smallElf(made);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        askAll(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
      },
    ),
    { numRuns: 400 },
  );
});

test('what is no ELF file is refused', () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(64), new TextEncoder().encode('#!/bin/sh\n')]) {
    expect(() => openElf(bytes)).toThrow('it is no ELF file');
  }
});

test('the checksum is that of zlib', () => {
  const text = new TextEncoder().encode('123456789');
  expect(crc32(text)).toBe(0xcbf4_3926);
  expect(crc32(text.subarray(4), crc32(text.subarray(0, 4)))).toBe(0xcbf4_3926);
});
