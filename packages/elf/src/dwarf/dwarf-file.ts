/** Functions and lines of addresses, from the DWARF of a file. */
import { SpoorError } from '@spoor/base';
import type { ElfFile } from '../elf-file.ts';
import { attributes, tags, unitsOf, type DwarfEntry, type DwarfSections, type DwarfUnit } from './entries.ts';
import { LineTable } from './line-table.ts';
import { covers, rangesOf, type AddressRange } from './ranges.ts';

/** A function of the source. */
export interface SourceFunction {
  readonly name: string;
  /** Where its code begins. */
  readonly address: bigint;
}

/** A line of the source. */
export interface SourceLine {
  readonly path: string;
  readonly line: number;
}

/** A function that the unit has on its own, with the code that it covers. */
interface Subprogram {
  readonly entry: DwarfEntry;
  readonly ranges: readonly AddressRange[];
}

interface Unit {
  readonly unit: DwarfUnit;
  subprograms: readonly Subprogram[] | undefined;
  lines: LineTable | undefined;
}

/** Longest chain of references between entries that tell of the same thing. */
const mostReferences = 16;

function sectionsOf(file: ElfFile): DwarfSections {
  const bytes = (name: string): Uint8Array => {
    const section = file.section(name);
    return section === undefined ? new Uint8Array(0) : file.bytesOf(section);
  };
  return {
    file,
    info: bytes('.debug_info'),
    abbreviations: bytes('.debug_abbrev'),
    strings: bytes('.debug_str'),
    lineStrings: bytes('.debug_line_str'),
    stringOffsets: bytes('.debug_str_offsets'),
    addresses: bytes('.debug_addr'),
    ranges: bytes('.debug_ranges'),
    rangeLists: bytes('.debug_rnglists'),
    lines: bytes('.debug_line'),
  };
}

/** What is wrong with the file ends a search: nothing is known then. */
function unlessWrong<T>(search: () => T | undefined): T | undefined {
  try {
    return search();
  } catch (error) {
    if (error instanceof SpoorError) return undefined;
    throw error;
  }
}

/** The debugging information of a file. */
export class DwarfFile {
  private readonly units: readonly Unit[];

  private constructor(units: readonly Unit[]) {
    this.units = units;
  }

  /** Undefined for a file without such information, or with what cannot be read. */
  static open(file: ElfFile): DwarfFile | undefined {
    return unlessWrong(() => {
      const units = Array.from(unitsOf(sectionsOf(file)), (unit) => ({
        unit,
        subprograms: undefined,
        lines: undefined,
      }));
      return units.length === 0 ? undefined : new DwarfFile(units);
    });
  }

  private static subprogramsOf(unit: Unit): readonly Subprogram[] {
    if (unit.subprograms !== undefined) return unit.subprograms;
    const found: Subprogram[] = [];
    const { root } = unit.unit;
    let entry = root === undefined ? undefined : unit.unit.firstChildOf(root);
    while (entry !== undefined) {
      if (entry.tag === tags.subprogram) found.push({ entry, ranges: rangesOf(entry) });
      entry = unit.unit.siblingOf(entry);
    }
    unit.subprograms = found;
    return found;
  }

  private static subprogramAt(unit: Unit, address: bigint): DwarfEntry | undefined {
    return DwarfFile.subprogramsOf(unit).find(({ ranges }) => covers(ranges, address))?.entry;
  }

  private static linesOf(unit: Unit): LineTable | undefined {
    if (unit.lines !== undefined) return unit.lines;
    const { root } = unit.unit;
    const offset = root === undefined ? undefined : unit.unit.numberOf(root, attributes.stmtList);
    unit.lines = offset === undefined ? undefined : new LineTable(unit.unit, Number(offset));
    return unit.lines;
  }

  /** The function that an address is in; what is inlined there does not count. */
  functionAt(address: bigint): SourceFunction | undefined {
    return unlessWrong(() => {
      for (const unit of this.units) {
        const entry = DwarfFile.subprogramAt(unit, address);
        if (entry === undefined) continue;
        const name = this.nameOf(entry);
        const begin = unit.unit.addressOf(entry, attributes.lowPc);
        return name === undefined || begin === undefined ? undefined : { name, address: begin };
      }
      return undefined;
    });
  }

  private nameOf(entry: DwarfEntry): string | undefined {
    let at: DwarfEntry | undefined = entry;
    for (let step = 0; at !== undefined && step < mostReferences; step++) {
      const name = at.unit.textOf(at, attributes.name);
      if (name !== undefined) return name;
      const reference: ReturnType<DwarfEntry['values']['get']> =
        at.values.get(attributes.abstractOrigin) ?? at.values.get(attributes.specification);
      at = reference?.kind === 'entry' ? this.entryAt(reference.offset) : undefined;
    }
    return undefined;
  }

  private entryAt(offset: number): DwarfEntry | undefined {
    return this.units.find(({ unit }) => offset >= unit.offset && offset < unit.end)?.unit.entryAt(offset);
  }

  /**
   * The line of an address, as babeltrace2 finds it for return addresses: where a function is inlined there, the line that
   * calls it; else the line whose code begins exactly there. What is in the middle of a line has none.
   */
  lineAt(address: bigint): SourceLine | undefined {
    return unlessWrong(() => {
      for (const unit of this.units) {
        const entry = DwarfFile.subprogramAt(unit, address);
        const inlined = entry === undefined ? undefined : inlinedAt(entry, address);
        if (inlined === 'none') return undefined;
        const found = inlined === undefined ? this.exactLine(unit, address) : this.callOf(unit, inlined);
        if (found !== undefined || inlined !== undefined) return found;
      }
      return undefined;
    });
  }

  /** The line that the instruction at an address belongs to, wherever in the line it is; of no use for return addresses. */
  nearestLine(address: bigint): SourceLine | undefined {
    return unlessWrong(() => {
      for (const unit of this.units) {
        if (DwarfFile.subprogramAt(unit, address) === undefined) continue;
        const lines = DwarfFile.linesOf(unit);
        const row = lines?.rowAt(address);
        const path = row === undefined ? undefined : lines?.files[row.file];
        return row === undefined || path === undefined ? undefined : { path, line: row.line };
      }
      return undefined;
    });
  }

  private callOf(unit: Unit, entry: DwarfEntry): SourceLine | undefined {
    const file = unit.unit.numberOf(entry, attributes.callFile);
    const line = unit.unit.numberOf(entry, attributes.callLine);
    if (file === undefined || line === undefined) return undefined;
    const path = DwarfFile.linesOf(unit)?.files[Number(file)];
    return path === undefined ? undefined : { path, line: Number(line) };
  }

  private exactLine(unit: Unit, address: bigint): SourceLine | undefined {
    const lines = DwarfFile.linesOf(unit);
    const row = lines?.rowAt(address);
    if (lines === undefined || row === undefined || row.address !== address) return undefined;
    const path = lines.files[row.file];
    return path === undefined ? undefined : { path, line: row.line };
  }
}

/**
 * The outermost function that is inlined at an address; undefined where none is, `none` where the search ends without a
 * telling answer. It goes the way of babeltrace2's, which looks at the first child of a function, but of a block inside
 * it from the second child on, and gives up on functions without children and at blocks that have the address last.
 */
function inlinedAt(subprogram: DwarfEntry, address: bigint): DwarfEntry | 'none' | undefined {
  const { unit } = subprogram;
  let entry = unit.firstChildOf(subprogram);
  if (entry === undefined) return 'none';
  for (;;) {
    const contains = covers(rangesOf(entry), address);
    if (contains) {
      if (entry.tag === tags.inlinedSubroutine) return entry;
      if (entry.hasChildren) {
        const child = unit.firstChildOf(entry);
        if (child === undefined) return 'none';
        entry = child;
      }
    }
    const sibling = unit.siblingOf(entry);
    if (sibling === undefined) return contains ? 'none' : undefined;
    entry = sibling;
  }
}
