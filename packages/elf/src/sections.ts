/** Sections of a file, as its headers tell of them. */
import { SpoorError } from '@spoor/base';

/** A section's header. Offsets are in the file. */
export interface ElfSection {
  readonly name: string;
  /** `SHT_…`, such as 2 for a symbol table. */
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Index of the section that this one refers to, such as the strings of a symbol table. */
  readonly link: number;
  readonly info: number;
  readonly entryBytes: number;
}

/** `SHT_…`, of sections that are read here. */
export const sectionTypes = { symbols: 2, note: 7, nothing: 8, dynamicSymbols: 11 } as const;
/** `SHF_COMPRESSED` */
export const compressedFlag = 0x800n;
/** Names of sections and of symbols are small; files may claim what they like. */
export const mostNameBytes: number = 64 << 20;

/** Refuses what would take more memory than there may be. */
export function tooLarge(where: string, what: string): SpoorError {
  return new SpoorError('elf/too-large', `${what} is too large to be read`, { where });
}
