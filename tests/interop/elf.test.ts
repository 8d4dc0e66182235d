// @spoor/elf beside binutils, on programs that gcc made, and on damaged copies of them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SpoorError } from '@spoor/base';
import { DwarfFile, openElf, type ElfFile } from '@spoor/elf';
import { crc32OfFile, openElfFile } from '@spoor/elf/node';
import { command, describeNeeding } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

const program = `
static inline __attribute__((always_inline)) int twice(int n) { volatile int m = n; return 2 * m; }
__attribute__((noinline)) int first(int n) { return twice(n) + 1; }
__attribute__((noinline)) int second(int n) { int s = 0; for (int i = 0; i < n; i++) { int t = i; s += twice(t); } return s; }
int main(int argc, char **argv) { (void)argv; return first(argc) + second(argc); }
`;

function output(name: string, args: readonly string[]): string {
  const done = spawnSync(name, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${name}: ${done.stderr}`);
  return done.stdout;
}

describeNeeding([command('gcc'), command('addr2line'), command('nm')], 'ELF files of gcc', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-elf-'));
  afterAll(() => removeTree(folder));
  const flags: Readonly<Record<string, readonly string[]>> = {
    dwarf5: ['-gdwarf-5', '-O1'],
    dwarf4: ['-gdwarf-4', '-O2'],
    dwarf3: ['-gdwarf-3', '-gstrict-dwarf', '-O0'],
    dwarf64: ['-gdwarf-5', '-gdwarf64', '-O1'],
    packed: ['-g', '-O1', '-gz=zlib'],
    sections: ['-g', '-O2', '-ffunction-sections', '-freorder-blocks-and-partition'],
  };
  const path = (name: string): string => join(folder, name);
  beforeAll(() => {
    const source = join(folder, 'program.c');
    writeFileSync(source, program);
    for (const [name, words] of Object.entries(flags)) output('gcc', [...words, source, '-o', path(name)]);
  });

  test.each(Object.keys(flags))('%s: symbols, functions and lines are those of binutils', (name) => {
    const elf = openElfFile(path(name));
    const listed = output('nm', ['--defined-only', path(name)])
      .trim()
      .split('\n')
      .map((line) => line.split(' ').filter(Boolean) as [string, string, string]);
    for (const [address, , symbol] of listed) {
      const found = elf.symbols().filter((one) => one.name === symbol);
      expect(found.map((one) => one.address)).toContain(BigInt(`0x${address}`));
    }
    const dwarf = DwarfFile.open(elf)!;
    for (const symbol of ['first', 'second', 'main']) {
      const found = elf.symbols().find((one) => one.name === symbol && one.type === 2);
      if (found === undefined) continue;
      for (let offset = 0n; offset < found.sizeBytes; offset++) {
        const address = found.address + offset;
        expect(dwarf.functionAt(address), `${symbol}+${offset}`).toEqual({
          name: symbol,
          address: found.address,
        });
        expect(elf.functionAt(address)?.name).toBe(symbol);
      }
      // Of functions that are inlined there, the outermost call counts.
      const frames = output('addr2line', ['-i', '-e', path(name), `0x${found.address.toString(16)}`]).trim();
      const said = frames
        .split('\n')
        .at(-1)!
        .replace(/ \(.*$/, '');
      const line = dwarf.lineAt(found.address);
      // addr2line knows nothing of 64-bit DWARF.
      if (line !== undefined && said !== '??:?') expect(`${line.path}:${line.line}`).toBe(said);
    }
    const begins = dwarf.lineAt(elf.symbols().find((one) => one.name === 'main')!.address);
    expect(begins).toEqual({ path: join(folder, 'program.c'), line: 5 });
  });

  test('checksums are those that objcopy writes', () => {
    const linked = path('linked');
    output('objcopy', [`--add-gnu-debuglink=${path('dwarf4')}`, path('dwarf5'), linked]);
    const link = openElfFile(linked).debugLink;
    expect(link).toEqual({ fileName: 'dwarf4', crc: crc32OfFile(path('dwarf4')) });
  });

  test('damaged files are refused in words, in bounded time', () => {
    const inflate = (bytes: Uint8Array, sizeBytes: number): Uint8Array => {
      try {
        return inflateSync(bytes, { maxOutputLength: Math.max(1, sizeBytes) });
      } catch {
        throw new SpoorError('elf/compressed', 'damaged');
      }
    };
    const files = Object.keys(flags).map((name) => {
      const bytes = readFileSync(path(name));
      const { sections } = openElf(bytes);
      return {
        bytes,
        parts: sections.filter((section) => section.name.startsWith('.debug') || section.type === 2),
      };
    });
    const attempt = <T>(read: () => T): T | undefined => {
      try {
        return read();
      } catch (error) {
        if (error instanceof SpoorError) return undefined;
        throw error;
      }
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        ({ bytes, parts }, changes) => {
          const copy = Uint8Array.from(bytes);
          for (const [which, at, value] of changes) {
            // Half of them in what is looked into, half in the headers.
            const part = which % 2 === 0 ? parts[(which >> 1) % parts.length] : undefined;
            const place = part === undefined ? at % 64 : part.offset + (at % Math.max(1, part.sizeBytes));
            copy[place] = value;
          }
          const elf: ElfFile | undefined = attempt(() => openElf(copy, { inflate }));
          if (elf === undefined) return;
          const dwarf = DwarfFile.open(elf);
          for (const address of [0x1139n, 0x1150n, 0x401130n, 0n, 0xffff_ffff_ffff_ffffn]) {
            attempt(() => elf.functionAt(address));
            dwarf?.functionAt(address);
            dwarf?.lineAt(address);
          }
          attempt(() => elf.notes());
        },
      ),
      { numRuns: 300 },
    );
  });
});
