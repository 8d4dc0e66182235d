/** Debugging information entries: DWARF versions 2 to 5, sections 7.5 of their specifications. */
import { SpoorError } from '@spoor/base';
import { ByteCursor, textAt } from '../byte-source.ts';
import type { ElfFile } from '../elf-file.ts';

/** Tags, attributes and forms that are looked at, by their numbers in the specification. */
export const tags = { subprogram: 0x2e, inlinedSubroutine: 0x1d } as const;
export const attributes = {
  sibling: 0x01,
  name: 0x03,
  stmtList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  compDir: 0x1b,
  abstractOrigin: 0x31,
  specification: 0x47,
  ranges: 0x55,
  callFile: 0x58,
  callLine: 0x59,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
  rnglistsBase: 0x74,
} as const;

/** A value: a number, an address, a text, a place among the entries, or an index into a table that comes later. */
export type DwarfValue =
  | {
      readonly kind: 'number' | 'address' | 'string-index' | 'address-index' | 'list-index';
      readonly value: bigint;
    }
  | { readonly kind: 'text'; readonly text: string | undefined }
  | { readonly kind: 'entry'; readonly offset: number }
  | { readonly kind: 'other' };

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly { readonly name: number; readonly form: number; readonly constant: bigint }[];
}

/** An entry. */
export interface DwarfEntry {
  readonly unit: DwarfUnit;
  readonly offset: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly values: ReadonlyMap<number, DwarfValue>;
  /** What follows its attributes. */
  readonly end: number;
}

/** The sections that entries are in; empty where the file has none. */
export interface DwarfSections {
  readonly file: ElfFile;
  readonly info: Uint8Array;
  readonly abbreviations: Uint8Array;
  readonly strings: Uint8Array;
  readonly lineStrings: Uint8Array;
  readonly stringOffsets: Uint8Array;
  readonly addresses: Uint8Array;
  readonly ranges: Uint8Array;
  readonly rangeLists: Uint8Array;
  readonly lines: Uint8Array;
}

/** A reader of a section. */
export function cursorIn({ file }: DwarfSections, bytes: Uint8Array, at = 0): ByteCursor {
  return new ByteCursor(bytes, file.littleEndian, `${file.name}, DWARF`, at);
}

/** How wide things are in a unit. */
export interface DwarfWidths {
  readonly version: number;
  readonly addressBytes: number;
  readonly offsetBytes: 4 | 8;
}

/** The length that a unit begins with, and the width of offsets in it. */
export function initialLength(cursor: ByteCursor): { readonly length: number; readonly offsetBytes: 4 | 8 } {
  const length = cursor.u32();
  if (length !== 0xffff_ffff) return { length, offsetBytes: 4 };
  return { length: cursor.offset(8), offsetBytes: 8 };
}

/**
 * Reads a value of a form and moves on behind it.
 * @param unitOffset where the unit begins that references count from.
 */
export function readForm(
  sections: DwarfSections,
  cursor: ByteCursor,
  form: number,
  widths: DwarfWidths,
  unitOffset: number,
  constant = 0n,
): DwarfValue {
  const { addressBytes, offsetBytes, version } = widths;
  const number = (value: bigint | number): DwarfValue => ({ kind: 'number', value: BigInt(value) });
  const entry = (value: bigint): DwarfValue => ({ kind: 'entry', offset: unitOffset + Number(value) });
  const skip = (length: number): DwarfValue => {
    cursor.skip(length);
    return { kind: 'other' };
  };
  switch (form) {
    case 0x01: // addr
      return { kind: 'address', value: cursor.word(addressBytes) };
    case 0x03: // block2
      return skip(cursor.u16());
    case 0x04: // block4
      return skip(cursor.u32());
    case 0x05: // data2
      return number(cursor.u16());
    case 0x06: // data4
      return number(cursor.u32());
    case 0x07: // data8
      return number(cursor.u64());
    case 0x08: // string
      return { kind: 'text', text: cursor.text() };
    case 0x09: // block
    case 0x18: // exprloc
      return skip(cursor.count());
    case 0x0a: // block1
      return skip(cursor.u8());
    case 0x0b: // data1
    case 0x0c: // flag
      return number(cursor.u8());
    case 0x0d: // sdata
      return number(cursor.sleb());
    case 0x0e: // strp
      return { kind: 'text', text: textAt(sections.strings, cursor.offset(offsetBytes)) };
    case 0x0f: // udata
      return number(cursor.uleb());
    case 0x10: // ref_addr
      return { kind: 'entry', offset: cursor.offset(version <= 2 ? addressBytes : offsetBytes) };
    case 0x11: // ref1
      return entry(BigInt(cursor.u8()));
    case 0x12: // ref2
      return entry(BigInt(cursor.u16()));
    case 0x13: // ref4
      return entry(BigInt(cursor.u32()));
    case 0x14: // ref8
      return entry(cursor.u64());
    case 0x15: // ref_udata
      return entry(cursor.uleb());
    case 0x16: // indirect
      return readForm(sections, cursor, notIndirect(cursor), widths, unitOffset, constant);
    case 0x17: // sec_offset
      return number(cursor.word(offsetBytes));
    case 0x19: // flag_present
      return number(1);
    case 0x1a: // strx
      return { kind: 'string-index', value: cursor.uleb() };
    case 0x1b: // addrx
      return { kind: 'address-index', value: cursor.uleb() };
    case 0x1c: // ref_sup4
      return skip(4);
    case 0x1d: // strp_sup
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      return skip(offsetBytes);
    case 0x1e: // data16
      return skip(16);
    case 0x1f: // line_strp
      return { kind: 'text', text: textAt(sections.lineStrings, cursor.offset(offsetBytes)) };
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      return skip(8);
    case 0x21: // implicit_const
      return number(constant);
    case 0x22: // loclistx
      cursor.uleb();
      return { kind: 'other' };
    case 0x23: // rnglistx
      return { kind: 'list-index', value: cursor.uleb() };
    case 0x25: // strx1
      return { kind: 'string-index', value: BigInt(cursor.u8()) };
    case 0x26: // strx2
      return { kind: 'string-index', value: BigInt(cursor.u16()) };
    case 0x27: // strx3
      return { kind: 'string-index', value: BigInt(cursor.u24()) };
    case 0x28: // strx4
      return { kind: 'string-index', value: BigInt(cursor.u32()) };
    case 0x29: // addrx1
      return { kind: 'address-index', value: BigInt(cursor.u8()) };
    case 0x2a: // addrx2
      return { kind: 'address-index', value: BigInt(cursor.u16()) };
    case 0x2b: // addrx3
      return { kind: 'address-index', value: BigInt(cursor.u24()) };
    case 0x2c: // addrx4
      return { kind: 'address-index', value: BigInt(cursor.u32()) };
    default:
      throw new SpoorError('elf/dwarf-form', `DWARF has no form ${form}`, { where: sections.file.name });
  }
}

/** A form that says which form comes does not say that again. */
function notIndirect(cursor: ByteCursor): number {
  const form = cursor.count();
  return form === 0x16 ? cursor.fail() : form;
}

/** A unit: what was compiled at once. */
export class DwarfUnit implements DwarfWidths {
  readonly sections: DwarfSections;
  /** Where it begins, and where the next one does. */
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly addressBytes: number;
  readonly offsetBytes: 4 | 8;
  private readonly firstEntry: number;
  private readonly abbreviationOffset: number;
  private abbreviations: ReadonlyMap<number, Abbreviation> | undefined;
  private rootEntry: DwarfEntry | undefined;

  constructor(sections: DwarfSections, offset: number) {
    this.sections = sections;
    this.offset = offset;
    const cursor = cursorIn(sections, sections.info, offset);
    const { length, offsetBytes } = initialLength(cursor);
    this.end = cursor.at + length;
    this.offsetBytes = offsetBytes;
    if (this.end > sections.info.length || length === 0) cursor.fail();
    this.version = cursor.u16();
    if (this.version >= 5) {
      const type = cursor.u8();
      this.addressBytes = cursor.u8();
      this.abbreviationOffset = cursor.offset(offsetBytes);
      // Skeletons and split units have an id here; units of types their signature and the offset of the type.
      if (type === 4 || type === 5) cursor.skip(8);
      if (type === 2 || type === 6) cursor.skip(8 + offsetBytes);
    } else {
      this.abbreviationOffset = cursor.offset(offsetBytes);
      this.addressBytes = cursor.u8();
    }
    this.firstEntry = cursor.at;
  }

  private abbreviationOf(code: number): Abbreviation | undefined {
    return (this.abbreviations ??= this.readAbbreviations()).get(code);
  }

  private readAbbreviations(): ReadonlyMap<number, Abbreviation> {
    const { sections } = this;
    const cursor = cursorIn(sections, sections.abbreviations, this.abbreviationOffset);
    const found = new Map<number, Abbreviation>();
    for (;;) {
      const code = cursor.count();
      if (code === 0) return found;
      const tag = cursor.count();
      const hasChildren = cursor.u8() !== 0;
      const list: { name: number; form: number; constant: bigint }[] = [];
      for (;;) {
        const name = cursor.count();
        const form = cursor.count();
        const constant = form === 0x21 ? cursor.sleb() : 0n;
        if (name === 0 && form === 0) break;
        list.push({ name, form, constant });
      }
      if (!found.has(code)) found.set(code, { tag, hasChildren, attributes: list });
    }
  }

  /** The entry at an offset; undefined for one that ends its siblings. */
  entryAt(offset: number): DwarfEntry | undefined {
    const { sections } = this;
    if (offset < this.firstEntry || offset >= this.end) return undefined;
    const cursor = cursorIn(sections, sections.info.subarray(0, this.end), offset);
    const code = cursor.count();
    if (code === 0) return undefined;
    const abbreviation = this.abbreviationOf(code);
    if (abbreviation === undefined) return cursor.fail();
    const values = new Map<number, DwarfValue>();
    for (const { name, form, constant } of abbreviation.attributes) {
      values.set(name, readForm(sections, cursor, form, this, this.offset, constant));
    }
    const { tag, hasChildren } = abbreviation;
    return { unit: this, offset, tag, hasChildren, values, end: cursor.at };
  }

  /** The entry of the unit itself. */
  get root(): DwarfEntry | undefined {
    return (this.rootEntry ??= this.entryAt(this.firstEntry));
  }

  firstChildOf(entry: DwarfEntry): DwarfEntry | undefined {
    return entry.hasChildren ? this.entryAt(entry.end) : undefined;
  }

  siblingOf(entry: DwarfEntry): DwarfEntry | undefined {
    const sibling = entry.values.get(attributes.sibling);
    // A reference backwards would lead in a circle.
    if (sibling?.kind === 'entry' && sibling.offset >= entry.end) return this.entryAt(sibling.offset);
    return this.entryAt(entry.hasChildren ? this.afterChildren(entry) : entry.end);
  }

  private afterChildren(entry: DwarfEntry): number {
    let at = entry.end;
    let depth = 1;
    while (depth > 0) {
      const next = this.entryAt(at);
      if (next === undefined) {
        if (at >= this.end) return this.end;
        depth -= 1;
        at += 1;
        continue;
      }
      const sibling = next.values.get(attributes.sibling);
      if (sibling?.kind === 'entry' && sibling.offset >= next.end) {
        at = sibling.offset;
      } else {
        at = next.end;
        if (next.hasChildren) depth += 1;
      }
    }
    return at;
  }

  /** A number of the entry itself. */
  numberOf(entry: DwarfEntry, attribute: number): bigint | undefined {
    const value = entry.values.get(attribute);
    return value?.kind === 'number' ? value.value : undefined;
  }

  /** An address of the entry itself. */
  addressOf(entry: DwarfEntry, attribute: number): bigint | undefined {
    const value = entry.values.get(attribute);
    if (value?.kind === 'address') return value.value;
    return value?.kind === 'address-index' ? this.addressAt(value.value) : undefined;
  }

  /** An address of the table of addresses. */
  addressAt(index: bigint): bigint | undefined {
    const base = this.root === undefined ? undefined : this.numberOf(this.root, attributes.addrBase);
    if (base === undefined) return undefined;
    const at = Number(base + index * BigInt(this.addressBytes));
    return cursorIn(this.sections, this.sections.addresses, at).word(this.addressBytes);
  }

  /** A text of the entry itself. */
  textOf(entry: DwarfEntry, attribute: number): string | undefined {
    const value = entry.values.get(attribute);
    if (value?.kind === 'text') return value.text;
    if (value?.kind !== 'string-index' || this.root === undefined) return undefined;
    const base = this.numberOf(this.root, attributes.strOffsetsBase) ?? BigInt(this.offsetBytes * 2);
    const at = Number(base + value.value * BigInt(this.offsetBytes));
    const offset = cursorIn(this.sections, this.sections.stringOffsets, at).offset(this.offsetBytes);
    return textAt(this.sections.strings, offset);
  }
}

/** The units of a file; they end where something is wrong. */
export function* unitsOf(sections: DwarfSections): Generator<DwarfUnit, void, undefined> {
  for (let offset = 0; offset < sections.info.length;) {
    const unit = new DwarfUnit(sections, offset);
    yield unit;
    offset = unit.end;
  }
}
