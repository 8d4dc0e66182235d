export { sourceOfBytes, type ElfSource } from './byte-source.ts';
export { crc32 } from './crc32.ts';
export {
  ElfFile,
  openElf,
  type ElfDebugLink,
  type ElfNote,
  type ElfOptions,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
} from './elf-file.ts';
export { DwarfFile, type SourceFunction, type SourceLine } from './dwarf/dwarf-file.ts';
