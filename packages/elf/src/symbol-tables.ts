/** Symbols of a file: all, those of a name, and the functions that addresses are in. */
import { ByteCursor, textAt } from './byte-source.ts';
import { type ElfSection, mostNameBytes, sectionTypes, tooLarge } from './sections.ts';

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

/** The names of tables: of those that a program is linked with, of those that others find when it runs. */
export type SymbolTable = '.symtab' | '.dynsym';

/** What is needed of the file. */
export interface SymbolSource {
  readonly name: string;
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  readonly sections: readonly ElfSection[];
  /** Tables of symbols and their names of more together are refused. */
  readonly mostBytes: number;
  readonly bytesOf: (section: ElfSection) => Uint8Array;
  /** As many bytes of a section as there are from a place in it on. */
  readonly pieceOf: (section: ElfSection, at: number, lengthBytes: number) => Uint8Array;
}

const functionType = 2;
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

/** Reads the tables of one file. Nothing is held but functions, once one was looked for. */
export class SymbolTables {
  private readonly file: SymbolSource;
  private readonly functionsOf = new Map<string, FunctionTable>();

  constructor(file: SymbolSource) {
    this.file = file;
  }

  private cursor(bytes: Uint8Array, at = 0): ByteCursor {
    return new ByteCursor(bytes, this.file.littleEndian, this.file.name, at);
  }

  /** All of a table; none where it was stripped. */
  symbols(table: SymbolTable): readonly ElfSymbol[] {
    return this.sectionsOf(table).flatMap((section) => this.symbolsOf(section));
  }

  /** Those of one name, in the order of the table: of a large table many times quicker than all of them. */
  symbolsNamed(name: string, table: SymbolTable): readonly ElfSymbol[] {
    const wanted = new TextEncoder().encode(`${name}\0`);
    const isWanted: NameTest = (names, at) => {
      for (let index = 0; index < wanted.length; index++) {
        if (names[at + index] !== wanted[index]) return false;
      }
      return true;
    };
    return this.sectionsOf(table).flatMap((section) => this.symbolsOf(section, isWanted));
  }

  private sectionsOf(table: SymbolTable): readonly ElfSection[] {
    const type = table === '.symtab' ? sectionTypes.symbols : sectionTypes.dynamicSymbols;
    const found = this.file.sections.filter((section) => section.type === type);
    // Sections may lie upon each other: thousands of them are a small file.
    const total = found.reduce(
      (sum, { sizeBytes, link }) => sum + sizeBytes + (this.file.sections[link]?.sizeBytes ?? 0),
      0,
    );
    if (total > this.file.mostBytes)
      throw tooLarge(this.file.name, `${total} bytes of symbols and their names`);
    return found;
  }

  private symbolsOf(section: ElfSection, keep?: NameTest): readonly ElfSymbol[] {
    const strings = this.file.sections[section.link];
    if (strings === undefined) return [];
    const names = this.file.bytesOf(strings);
    const bytes = this.file.bytesOf(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const entryBytes = this.symbolBytes;
    const symbols: ElfSymbol[] = [];
    for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
      // Of hundreds of thousands few are wanted by name: nothing is made of the others.
      if (keep !== undefined && !keep(names, view.getUint32(at, this.file.littleEndian))) continue;
      symbols.push(this.symbolAt(this.cursor(bytes, at), names));
    }
    return symbols;
  }

  private symbolAt(cursor: ByteCursor, names: Uint8Array): ElfSymbol {
    const name = textAt(names, cursor.u32()) ?? '';
    if (this.file.bits === 64) {
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
  functionAt(address: bigint, table: SymbolTable): ElfSymbol | undefined {
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
  private functionTable(table: SymbolTable): FunctionTable {
    const { bits, littleEndian } = this.file;
    const entryBytes = this.symbolBytes;
    const [valueAt, infoAt] = bits === 64 ? [8, 4] : [4, 12];
    const sections: FunctionSection[] = [];
    const parts: { readonly addresses: BigUint64Array; readonly places: Float64Array }[] = [];
    let first = 0;
    let total = 0;
    for (const section of this.sectionsOf(table)) {
      const bytes = this.file.bytesOf(section);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const count = Math.floor(bytes.length / entryBytes);
      const isFunction = (index: number): boolean =>
        (bytes[index * entryBytes + infoAt]! & 15) === functionType;
      let own = 0;
      for (let index = 0; index < count; index += 1) if (isFunction(index)) own += 1;
      total += own;
      if (total > mostFunctions)
        throw tooLarge(this.file.name, `a table of more than ${mostFunctions} functions`);
      const addresses = new BigUint64Array(own);
      const places = new Float64Array(own);
      for (let index = 0, next = 0; index < count; index += 1) {
        if (!isFunction(index)) continue;
        const at = index * entryBytes + valueAt;
        addresses[next] =
          bits === 64 ? view.getBigUint64(at, littleEndian) : BigInt(view.getUint32(at, littleEndian));
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
    return this.file.bits === 64 ? 24 : 16;
  }

  /** The symbol at a place of tables, of which no more is read. */
  private symbolAtPlace(sections: readonly FunctionSection[], place: number): ElfSymbol | undefined {
    const found = sections.find(({ first, count }) => place < first + count);
    const strings = found === undefined ? undefined : this.file.sections[found.section.link];
    if (found === undefined || strings === undefined) return undefined;
    const { symbolBytes } = this;
    const entry = this.file.pieceOf(found.section, (place - found.first) * symbolBytes, symbolBytes);
    const nameAt = this.cursor(entry).u32();
    for (let lengthBytes = 256; ; lengthBytes *= 16) {
      const names = this.file.pieceOf(strings, nameAt, lengthBytes);
      const isWhole = names.includes(0) || names.length < lengthBytes || lengthBytes > mostNameBytes;
      if (isWhole)
        return { ...this.symbolAt(this.cursor(entry), new Uint8Array(0)), name: textAt(names, 0) ?? '' };
    }
  }
}
