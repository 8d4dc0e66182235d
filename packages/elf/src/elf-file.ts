/** ELF files of 32 and 64 bits and either byte order: elf(5), and the System V generic ABI. */
import { SpoorError } from '@spoor/base';
import { ByteCursor, sourceOfBytes, textAt, type ElfSource } from './byte-source.ts';
import { type ElfSection, compressedFlag, mostNameBytes, sectionTypes, tooLarge } from './sections.ts';
import { type ElfSymbol, type SymbolTable, SymbolTables } from './symbol-tables.ts';

/** A program header. */
export interface ElfSegment {
  /** `PT_…`, such as 1 for what is loaded. */
  readonly type: number;
  /** 1 executable, 2 writable, 4 readable. */
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileBytes: number;
  readonly memoryBytes: bigint;
}

/** A note: what it is depends on its owner and type. */
export interface ElfNote {
  readonly owner: string;
  readonly type: number;
  readonly description: Uint8Array;
}

/** Where the debug information of a stripped file is. */
export interface ElfDebugLink {
  readonly fileName: string;
  /** CRC-32 of that file. */
  readonly crc: number;
}

/** How to open a file. */
export interface ElfOptions {
  /** Unpacks zlib data of which the size is known. Without it compressed sections cannot be read. */
  readonly inflate?: (bytes: Uint8Array, sizeBytes: number) => Uint8Array;
  /** A section that claims more, unpacked, is refused, and so are tables of symbols of more together; 1 GiB by default. */
  readonly mostSectionBytes?: number;
}

/** Sections and segments are counted in 16 bits, so files of more are told in another way, which nobody needs here. */
const mostHeaders = 65_535;
const usualMostSectionBytes = 1 << 30;
/** Notes are small; files may claim what they like. */
const mostNoteBytes = 16 << 20;

/** An opened file. Nothing but its headers is held until it is asked for. */
export class ElfFile {
  readonly name: string;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** `ET_…`: 2 an executable with fixed addresses, 3 a shared object or position-independent executable. */
  readonly type: number;
  /** `EM_…`, such as 62 for x86-64. */
  readonly machine: number;
  readonly entry: bigint;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  private readonly source: ElfSource;
  private readonly options: ElfOptions;
  private readonly mostSectionBytes: number;
  private readonly symbolTables: SymbolTables;

  /** @throws SpoorError `elf/not-elf`, `elf/truncated`. */
  constructor(source: ElfSource, options: ElfOptions = {}) {
    this.source = source;
    this.options = options;
    this.mostSectionBytes = options.mostSectionBytes ?? usualMostSectionBytes;
    this.name = source.name;
    const head = source.read(0, 64);
    const [e, l, f, i, fileClass, order] = head;
    const isElf = e === 0x7f && l === 0x45 && f === 0x4c && i === 0x46;
    if (!isElf || (fileClass !== 1 && fileClass !== 2) || (order !== 1 && order !== 2)) {
      throw new SpoorError('elf/not-elf', 'it is no ELF file', { where: source.name });
    }
    this.bits = fileClass === 1 ? 32 : 64;
    this.littleEndian = order === 1;
    const cursor = this.cursor(head, 16);
    const word = this.bits / 8;
    this.type = cursor.u16();
    this.machine = cursor.u16();
    cursor.skip(4);
    this.entry = cursor.word(word);
    const segmentOffset = cursor.offset(word);
    const sectionOffset = cursor.offset(word);
    cursor.skip(6);
    const segmentBytes = cursor.u16();
    const segmentCount = cursor.u16();
    const sectionBytes = cursor.u16();
    const sectionCount = cursor.u16();
    const namesIndex = cursor.u16();
    this.segments = this.readSegments(segmentOffset, segmentBytes, segmentCount);
    this.sections = this.readSections(sectionOffset, sectionBytes, sectionCount, namesIndex);
    const { name, bits, littleEndian, sections } = this;
    this.symbolTables = new SymbolTables({
      name,
      bits,
      littleEndian,
      sections,
      mostBytes: this.mostSectionBytes * 2,
      bytesOf: (section) => this.bytesOf(section),
      pieceOf: (section, at, lengthBytes) => this.pieceOf(section, at, lengthBytes),
    });
  }

  private cursor(bytes: Uint8Array, at = 0): ByteCursor {
    return new ByteCursor(bytes, this.littleEndian, this.name, at);
  }

  private table(offset: number, entryBytes: number, count: number, least: number): readonly ByteCursor[] {
    if (count === 0 || offset === 0) return [];
    const total = entryBytes * count;
    if (entryBytes < least || count > mostHeaders || offset + total > this.source.sizeBytes) {
      throw new SpoorError('elf/truncated', 'its headers lie beyond its end', { where: this.name });
    }
    const bytes = this.source.read(offset, total);
    return Array.from({ length: count }, (_, index) =>
      this.cursor(bytes.subarray(index * entryBytes, (index + 1) * entryBytes)),
    );
  }

  private readSegments(offset: number, entryBytes: number, count: number): readonly ElfSegment[] {
    const word = this.bits / 8;
    return this.table(offset, entryBytes, count, this.bits === 64 ? 56 : 32).map((cursor) => {
      const type = cursor.u32();
      const wideFlags = this.bits === 64 ? cursor.u32() : 0;
      const at = cursor.offset(word);
      const address = cursor.word(word);
      cursor.skip(word);
      const fileBytes = cursor.offset(word);
      const memoryBytes = cursor.word(word);
      return {
        type,
        flags: this.bits === 64 ? wideFlags : cursor.u32(),
        offset: at,
        address,
        fileBytes,
        memoryBytes,
      };
    });
  }

  private readSections(
    offset: number,
    entryBytes: number,
    count: number,
    namesIndex: number,
  ): readonly ElfSection[] {
    const word = this.bits / 8;
    const raw = this.table(offset, entryBytes, count, this.bits === 64 ? 64 : 40).map((cursor) => {
      const nameOffset = cursor.u32();
      const type = cursor.u32();
      const flags = cursor.word(word);
      const address = cursor.word(word);
      const at = cursor.offset(word);
      const sizeBytes = cursor.offset(word);
      const link = cursor.u32();
      const info = cursor.u32();
      cursor.skip(word);
      return {
        nameOffset,
        type,
        flags,
        address,
        offset: at,
        sizeBytes,
        link,
        info,
        entryBytes: cursor.offset(word),
      };
    });
    const strings = raw[namesIndex];
    const names =
      strings === undefined
        ? new Uint8Array(0)
        : this.bytesAt(strings.offset, strings.sizeBytes, mostNameBytes);
    return raw.map(({ nameOffset, ...section }) => ({ name: textAt(names, nameOffset) ?? '', ...section }));
  }

  private bytesAt(offset: number, sizeBytes: number, mostBytes: number = this.mostSectionBytes): Uint8Array {
    if (offset + sizeBytes > this.source.sizeBytes) {
      throw new SpoorError('elf/truncated', 'a section lies beyond its end', { where: this.name });
    }
    if (sizeBytes > mostBytes) throw tooLarge(this.name, `a section of ${sizeBytes} bytes`);
    return this.source.read(offset, sizeBytes);
  }

  /** The first section of a name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * What is in a section, unpacked; empty for sections that have no bytes in the file.
   * @throws SpoorError `elf/truncated`, `elf/compressed`.
   */
  bytesOf({ name, type, flags, offset, sizeBytes }: ElfSection): Uint8Array {
    if (type === sectionTypes.nothing) return new Uint8Array(0);
    const bytes = this.bytesAt(offset, sizeBytes);
    if ((flags & compressedFlag) === 0n) return bytes;
    const cursor = this.cursor(bytes);
    const word = this.bits / 8;
    const method = cursor.u32();
    if (this.bits === 64) cursor.skip(4);
    const plainBytes = cursor.offset(word);
    cursor.skip(word);
    const { inflate } = this.options;
    // 1 is zlib.
    if (method !== 1 || inflate === undefined || plainBytes > this.mostSectionBytes) {
      throw new SpoorError(
        'elf/compressed',
        `its section ${name} is compressed in a way that cannot be read`,
        {
          where: this.name,
        },
      );
    }
    return inflate(bytes.subarray(cursor.at), plainBytes);
  }

  private pieceOf(section: ElfSection, at: number, lengthBytes: number): Uint8Array {
    if ((section.flags & compressedFlag) !== 0n) return this.bytesOf(section).subarray(at, at + lengthBytes);
    const length = Math.max(0, Math.min(lengthBytes, section.sizeBytes - at));
    return this.bytesAt(section.offset + at, length);
  }

  /** The symbols of a table, of those that a program is linked with by default; none where it was stripped. */
  symbols(table: SymbolTable = '.symtab'): readonly ElfSymbol[] {
    return this.symbolTables.symbols(table);
  }

  /** Those of one name, in the order of the table: of a large table many times quicker than all of them. */
  symbolsNamed(name: string, table: SymbolTable = '.symtab'): readonly ElfSymbol[] {
    return this.symbolTables.symbolsNamed(name, table);
  }

  /**
   * The function that begins at an address or nearest before it, whatever its size says. Of several that begin at one
   * address it is the first of the table.
   */
  functionAt(address: bigint, table: SymbolTable = '.symtab'): ElfSymbol | undefined {
    return this.symbolTables.functionAt(address, table);
  }

  /** The notes of a section. */
  notesOf(section: ElfSection): readonly ElfNote[] {
    const bytes = this.bytesOf(section);
    const cursor = this.cursor(bytes);
    const notes: ElfNote[] = [];
    while (cursor.at + 12 <= bytes.length) {
      const ownerBytes = cursor.u32();
      const descriptionBytes = cursor.u32();
      const type = cursor.u32();
      const owner = bytes.subarray(cursor.at, cursor.at + Math.max(0, ownerBytes - 1));
      const start = cursor.at + Math.ceil(ownerBytes / 4) * 4;
      const end = start + descriptionBytes;
      if (end > bytes.length) break;
      notes.push({ owner: new TextDecoder().decode(owner), type, description: bytes.subarray(start, end) });
      cursor.at = start + Math.ceil(descriptionBytes / 4) * 4;
    }
    return notes;
  }

  /** All notes: of the sections, in their order. */
  notes(): readonly ElfNote[] {
    const sections = this.sections.filter(({ type }) => type === sectionTypes.note);
    const total = sections.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    if (total > mostNoteBytes) throw tooLarge(this.name, `${total} bytes of notes`);
    return sections.flatMap((section) => this.notesOf(section));
  }

  /** What tells this build from all others; the GNU build id. */
  get buildId(): Uint8Array | undefined {
    return this.notes().find(({ owner, type }) => owner === 'GNU' && type === 3)?.description;
  }

  /** Where its debug information is, if that was taken out (`.gnu_debuglink`). */
  get debugLink(): ElfDebugLink | undefined {
    const section = this.section('.gnu_debuglink');
    if (section === undefined) return undefined;
    const bytes = this.bytesOf(section);
    const fileName = textAt(bytes, 0);
    if (fileName === undefined || bytes.length < 8) return undefined;
    return { fileName, crc: this.cursor(bytes, bytes.length - 4).u32() };
  }
}

/** Opens an ELF file. @throws SpoorError `elf/not-elf`, `elf/truncated`. */
export function openElf(source: Uint8Array | ElfSource, options: ElfOptions = {}): ElfFile {
  return new ElfFile(source instanceof Uint8Array ? sourceOfBytes(source) : source, options);
}
