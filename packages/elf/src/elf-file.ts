/** ELF files of 32 and 64 bits and either byte order: elf(5), and the System V generic ABI. */
import { SpoorError } from '@spoor/base';
import { ByteCursor, sourceOfBytes, textAt, type ElfSource } from './byte-source.ts';

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

/** A symbol. */
export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly sizeBytes: bigint;
  /** `STT_…`: 1 data, 2 function. */
  readonly type: number;
  /** `STB_…`: 0 local, 1 global, 2 weak. */
  readonly binding: number;
  /** Index of the section that it is in; 0 for what another file defines. */
  readonly sectionIndex: number;
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

const sectionTypes = { symbols: 2, note: 7, nothing: 8, dynamicSymbols: 11 } as const;
const compressedFlag = 0x800n;
const functionType = 2;
/** Sections and segments are counted in 16 bits, so files of more are told in another way, which nobody needs here. */
const mostHeaders = 65_535;
const usualMostSectionBytes = 1 << 30;
/** Notes and names of sections are small; files may claim what they like. */
const mostNoteBytes = 16 << 20;
const mostNameBytes = 64 << 20;
/** Functions that addresses are looked for among. */
const mostFunctions = 8_000_000;

interface FunctionSection {
  readonly section: ElfSection;
  /** Number of its first symbol, counted through all tables. */
  readonly first: number;
  readonly count: number;
}

/** Functions in the order of their addresses. */
interface FunctionTable {
  readonly sections: readonly FunctionSection[];
  readonly addresses: BigUint64Array;
  readonly places: Float64Array;
}

/** Whether the name that begins at a place of a table of names is one that is looked for. */
type NameTest = (names: Uint8Array, at: number) => boolean;

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
  private readonly functionsOf = new Map<string, FunctionTable>();

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
    if (sizeBytes > mostBytes) throw this.tooLarge(`a section of ${sizeBytes} bytes`);
    return this.source.read(offset, sizeBytes);
  }

  private tooLarge(what: string): SpoorError {
    return new SpoorError('elf/too-large', `${what} is too large to be read`, { where: this.name });
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

  /** The symbols of a table, of those that a program is linked with by default; none where it was stripped. */
  symbols(table: '.symtab' | '.dynsym' = '.symtab'): readonly ElfSymbol[] {
    return this.symbolTables(table).flatMap((section) => this.symbolsOf(section));
  }

  /** Those of one name, in the order of the table: of a large table many times quicker than all of them. */
  symbolsNamed(name: string, table: '.symtab' | '.dynsym' = '.symtab'): readonly ElfSymbol[] {
    const wanted = new TextEncoder().encode(`${name}\0`);
    const isWanted: NameTest = (names, at) => {
      for (let index = 0; index < wanted.length; index++) {
        if (names[at + index] !== wanted[index]) return false;
      }
      return true;
    };
    return this.symbolTables(table).flatMap((section) => this.symbolsOf(section, isWanted));
  }

  private symbolTables(table: '.symtab' | '.dynsym'): readonly ElfSection[] {
    const type = table === '.symtab' ? sectionTypes.symbols : sectionTypes.dynamicSymbols;
    const found = this.sections.filter((section) => section.type === type);
    // Sections may lie upon each other: thousands of them are a small file.
    const total = found.reduce(
      (sum, { sizeBytes, link }) => sum + sizeBytes + (this.sections[link]?.sizeBytes ?? 0),
      0,
    );
    if (total > this.mostSectionBytes * 2) throw this.tooLarge(`${total} bytes of symbols and their names`);
    return found;
  }

  private symbolsOf(section: ElfSection, keep?: NameTest): readonly ElfSymbol[] {
    const strings = this.sections[section.link];
    if (strings === undefined) return [];
    const names = this.bytesOf(strings);
    const bytes = this.bytesOf(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const entryBytes = this.symbolBytes;
    const symbols: ElfSymbol[] = [];
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      // Of hundreds of thousands few are wanted by name: nothing is made of the others.
      if (keep !== undefined && !keep(names, view.getUint32(at, this.littleEndian))) continue;
      symbols.push(this.symbolAt(this.cursor(bytes, at), names));
    }
    return symbols;
  }

  private symbolAt(cursor: ByteCursor, names: Uint8Array): ElfSymbol {
    const name = textAt(names, cursor.u32()) ?? '';
    if (this.bits === 64) {
      const info = cursor.u8();
      cursor.skip(1);
      const sectionIndex = cursor.u16();
      const address = cursor.u64();
      const sizeBytes = cursor.u64();
      return { name, address, sizeBytes, type: info & 15, binding: info >> 4, sectionIndex };
    }
    const address = BigInt(cursor.u32());
    const sizeBytes = BigInt(cursor.u32());
    const info = cursor.u8();
    cursor.skip(1);
    return { name, address, sizeBytes, type: info & 15, binding: info >> 4, sectionIndex: cursor.u16() };
  }

  /**
   * The function that begins at an address or nearest before it, whatever its size says. Of several that begin at one
   * address it is the first of the table.
   */
  functionAt(address: bigint, table: '.symtab' | '.dynsym' = '.symtab'): ElfSymbol | undefined {
    let functions = this.functionsOf.get(table);
    if (functions === undefined) {
      functions = this.functionTable(table);
      this.functionsOf.set(table, functions);
    }
    const { addresses, places } = functions;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (addresses[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    // Of several at one address the first of the table.
    while (low > 1 && addresses[low - 2] === addresses[low - 1]) low -= 1;
    return low === 0 ? undefined : this.symbolAtPlace(functions.sections, places[low - 1]!);
  }

  /** Addresses of the functions and where they are in the tables: of millions nothing more is held. */
  private functionTable(table: '.symtab' | '.dynsym'): FunctionTable {
    const entryBytes = this.symbolBytes;
    const [valueAt, infoAt] = this.bits === 64 ? [8, 4] : [4, 12];
    const sections: FunctionSection[] = [];
    const parts: { readonly addresses: BigUint64Array; readonly places: Float64Array }[] = [];
    let first = 0;
    let total = 0;
    for (const section of this.symbolTables(table)) {
      const bytes = this.bytesOf(section);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const count = Math.floor(bytes.length / entryBytes);
      const isFunction = (index: number): boolean =>
        (bytes[index * entryBytes + infoAt]! & 15) === functionType;
      let own = 0;
      for (let index = 0; index < count; index += 1) if (isFunction(index)) own += 1;
      total += own;
      if (total > mostFunctions) throw this.tooLarge(`a table of more than ${mostFunctions} functions`);
      const addresses = new BigUint64Array(own);
      const places = new Float64Array(own);
      for (let index = 0, next = 0; index < count; index += 1) {
        if (!isFunction(index)) continue;
        const at = index * entryBytes + valueAt;
        addresses[next] =
          this.bits === 64
            ? view.getBigUint64(at, this.littleEndian)
            : BigInt(view.getUint32(at, this.littleEndian));
        places[next] = first + index;
        next += 1;
      }
      sections.push({ section, first, count });
      parts.push({ addresses, places });
      first += count;
    }
    const addresses = new BigUint64Array(total);
    const places = new Float64Array(total);
    let at = 0;
    for (const part of parts) {
      addresses.set(part.addresses, at);
      places.set(part.places, at);
      at += part.addresses.length;
    }
    const order = Uint32Array.from(places, (_, index) => index).sort((left, right) => {
      const [one, other] = [addresses[left]!, addresses[right]!];
      return one < other ? -1 : one > other ? 1 : left - right;
    });
    return {
      sections,
      addresses: BigUint64Array.from(order, (index) => addresses[index]!),
      places: Float64Array.from(order, (index) => places[index]!),
    };
  }

  private get symbolBytes(): number {
    return this.bits === 64 ? 24 : 16;
  }

  /** The symbol at a place of tables, of which no more is read. */
  private symbolAtPlace(sections: readonly FunctionSection[], place: number): ElfSymbol | undefined {
    const found = sections.find(({ first, count }) => place < first + count);
    const strings = found === undefined ? undefined : this.sections[found.section.link];
    if (found === undefined || strings === undefined) return undefined;
    const { symbolBytes } = this;
    const entry = this.pieceOf(found.section, (place - found.first) * symbolBytes, symbolBytes);
    const nameAt = this.cursor(entry).u32();
    for (let lengthBytes = 256; ; lengthBytes *= 16) {
      const names = this.pieceOf(strings, nameAt, lengthBytes);
      const isWhole = names.includes(0) || names.length < lengthBytes || lengthBytes > mostNameBytes;
      if (isWhole)
        return { ...this.symbolAt(this.cursor(entry), new Uint8Array(0)), name: textAt(names, 0) ?? '' };
    }
  }

  private pieceOf(section: ElfSection, at: number, lengthBytes: number): Uint8Array {
    if ((section.flags & compressedFlag) !== 0n) return this.bytesOf(section).subarray(at, at + lengthBytes);
    const length = Math.max(0, Math.min(lengthBytes, section.sizeBytes - at));
    return this.bytesAt(section.offset + at, length);
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
    if (total > mostNoteBytes) throw this.tooLarge(`${total} bytes of notes`);
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
