import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openElf } from './elf-file.ts';
import { elves, smallElf } from './testing/small-elf.ts';

test('symbols are those that the file was made with, all, by name and by address', () => {
  fc.assert(
    fc.property(elves, fc.integer({ min: 0, max: 0xffff_ffff }), (made, address) => {
      const elf = openElf(smallElf(made));
      expect(elf.symbols().slice(1)).toMatchObject(
        made.functions.map((one) => ({
          name: one.name,
          address: BigInt(one.address),
          sizeBytes: BigInt(one.sizeBytes),
          type: 2,
          binding: 1,
        })),
      );
      for (const { name } of [...made.functions, { name: 'not_there' }]) {
        const named = elf.symbols().filter((symbol) => symbol.name === name);
        expect(elf.symbolsNamed(name)).toEqual(named);
        // The end of another's name is none.
        if (name.length > 1) {
          const end = name.slice(1);
          expect(elf.symbolsNamed(end)).toEqual(elf.symbols().filter((symbol) => symbol.name === end));
        }
      }
      const before = made.functions.filter((one) => one.address <= address);
      const nearest = Math.max(...before.map((one) => one.address));
      expect(elf.functionAt(BigInt(address))?.name).toBe(before.find((one) => one.address === nearest)?.name);
    }),
  );
});

test('tables of symbols that would take more memory than there may be are refused', () => {
  const elf = openElf(
    smallElf({
      bits: 64,
      littleEndian: true,
      functions: [{ name: 'main', address: 4096, sizeBytes: 8 }],
      buildId: [1],
      debugLink: { fileName: 'a.debug', crc: 0 },
    }),
    { mostSectionBytes: 16 },
  );
  expect(() => elf.symbols()).toThrow(/bytes of symbols and their names is too large/);
  expect(() => elf.functionAt(4096n)).toThrow('too large');
});
