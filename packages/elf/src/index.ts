export { sourceOfBytes, type ElfSource } from './byte-source.ts';
export { crc32 } from './crc32.ts';
export {
  ElfFile,
  openElf,
  type ElfDebugLink,
  type ElfNote,
  type ElfOptions,
  type ElfSegment,
} from './elf-file.ts';
export type { ElfSection } from './sections.ts';
export type { ElfSymbol, SymbolTable } from './symbol-tables.ts';
export { DwarfFile, type SourceFunction, type SourceLine } from './dwarf/dwarf-file.ts';
