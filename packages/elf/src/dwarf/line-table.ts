/** Line tables: which line of which file instructions come from. DWARF versions 2 to 5, sections 6.2. */
import { SpoorError } from '@spoor/base';
import type { ByteCursor } from '../byte-source.ts';
import {
  attributes,
  cursorIn,
  initialLength,
  readForm,
  type DwarfUnit,
  type DwarfWidths,
} from './entries.ts';

/** Instructions from an address on. */
export interface LineRow {
  readonly address: bigint;
  readonly file: number;
  readonly line: number;
  /** Set on the first address behind a sequence of instructions. */
  readonly endsSequence: boolean;
}

/** No sound table has more files, or rows. */
const mostFiles = 1 << 20;
const mostRows = 1 << 24;

interface FileEntry {
  readonly name: string;
  readonly directory: number;
}

/** The table of a unit. */
export class LineTable {
  /** Paths by file number, as the unit refers to them. */
  readonly files: readonly string[];
  /** By address; of one address in the order of the table, ends of sequences first. */
  readonly rows: readonly LineRow[];

  constructor(unit: DwarfUnit, offset: number) {
    const { sections } = unit;
    const head = cursorIn(sections, sections.lines, offset);
    const { length, offsetBytes } = initialLength(head);
    const end = head.at + length;
    if (end > sections.lines.length) head.fail();
    const cursor = cursorIn(sections, sections.lines.subarray(0, end), head.at);
    const version = cursor.u16();
    if (version < 2 || version > 5) {
      throw new SpoorError('elf/dwarf-version', `its line table is of version ${version}`, {
        where: sections.file.name,
      });
    }
    const addressBytes = version >= 5 ? cursor.u8() : unit.addressBytes;
    if (version >= 5) cursor.skip(1);
    const headerBytes = cursor.offset(offsetBytes);
    const programStart = cursor.at + headerBytes;
    const minimumBytes = cursor.u8();
    if (version >= 4) cursor.skip(1);
    cursor.skip(1);
    const lineBase = cursor.i8();
    const lineRange = cursor.u8();
    const opcodeBase = cursor.u8();
    const operandCounts = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => cursor.u8());
    const widths = { version, addressBytes, offsetBytes };
    const { root } = unit;
    const compDir = root === undefined ? undefined : unit.textOf(root, attributes.compDir);
    this.files = version >= 5 ? newFiles(unit, cursor, widths, compDir) : oldFiles(cursor, compDir);
    cursor.at = programStart;
    this.rows = runProgram(cursor, {
      minimumBytes,
      lineBase,
      lineRange,
      opcodeBase,
      operandCounts,
      addressBytes,
    });
  }

  /** The row that an address is in; undefined where there is none. */
  rowAt(address: bigint): LineRow | undefined {
    const { rows } = this;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const row = rows[low - 1];
    return row === undefined || row.endsSequence ? undefined : row;
  }
}

function pathOf(
  { name, directory }: FileEntry,
  directories: readonly string[],
  compDir: string | undefined,
): string {
  const folder = directories[directory];
  if (name.startsWith('/') || folder === undefined || folder === '') return name;
  const isRelative = !folder.startsWith('/');
  return `${isRelative && compDir !== undefined && folder !== compDir ? `${compDir}/` : ''}${folder}/${name}`;
}

/** Up to version 4: files are numbered from 1, and folder 0 is that of the compilation. */
function oldFiles(cursor: ByteCursor, compDir: string | undefined): readonly string[] {
  const directories = [compDir ?? ''];
  for (;;) {
    const directory = cursor.text();
    if (directory === '') break;
    directories.push(directory);
  }
  const files = ['???'];
  for (;;) {
    const name = cursor.text();
    if (name === '') return files;
    const directory = cursor.count();
    cursor.uleb();
    cursor.uleb();
    files.push(pathOf({ name, directory }, directories, compDir));
  }
}

/** From version 5 on: files are numbered from 0. */
function newFiles(
  unit: DwarfUnit,
  cursor: ByteCursor,
  widths: DwarfWidths,
  compDir: string | undefined,
): readonly string[] {
  const list = (): readonly FileEntry[] => {
    const formats = Array.from({ length: cursor.u8() }, () => ({
      content: cursor.count(),
      form: cursor.count(),
    }));
    const count = cursor.count();
    // Entries without any bytes would be free to be as many as they like.
    if (count > mostFiles || (formats.length === 0 && count > 0)) cursor.fail();
    return Array.from({ length: count }, () => {
      let name = '';
      let directory = 0;
      for (const { content, form } of formats) {
        const value = readForm(unit.sections, cursor, form, widths, unit.offset);
        if (content === 1 && value.kind === 'text') name = value.text ?? '';
        if (content === 2 && value.kind === 'number') directory = Number(value.value);
      }
      return { name, directory };
    });
  };
  const directories = list().map(({ name }) => name);
  return list().map((file) => pathOf(file, directories, compDir));
}

interface ProgramHeader {
  readonly minimumBytes: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly operandCounts: readonly number[];
  readonly addressBytes: number;
}

function runProgram(cursor: ByteCursor, header: ProgramHeader): readonly LineRow[] {
  const { minimumBytes, lineBase, lineRange, opcodeBase, operandCounts, addressBytes } = header;
  const rows: LineRow[] = [];
  let address = 0n;
  let file = 1;
  let line = 1;
  const emit = (endsSequence: boolean): void => {
    if (rows.length >= mostRows) cursor.fail();
    rows.push({ address, file, line, endsSequence });
  };
  const advance = (steps: bigint | number): void => {
    address = BigInt.asUintN(64, address + BigInt(steps) * BigInt(minimumBytes));
  };
  while (!cursor.isAtEnd) {
    const opcode = cursor.u8();
    if (opcode >= opcodeBase) {
      if (lineRange === 0) return cursor.fail();
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + (adjusted % lineRange);
      emit(false);
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = cursor.count();
        const end = cursor.at + length;
        if (length === 0) return cursor.fail();
        const extended = cursor.u8();
        if (extended === 1) {
          emit(true);
          address = 0n;
          file = 1;
          line = 1;
        } else if (extended === 2) {
          address = cursor.word(length - 1 === 4 ? 4 : addressBytes);
        }
        if (end > cursor.bytes.length) return cursor.fail();
        cursor.at = end;
        break;
      }
      case 1: // copy
        emit(false);
        break;
      case 2: // advance_pc
        advance(cursor.uleb());
        break;
      case 3: // advance_line
        line = Number(BigInt.asIntN(32, BigInt(line) + cursor.sleb()));
        break;
      case 4: // set_file
        file = cursor.count();
        break;
      case 8: // const_add_pc
        if (lineRange === 0) return cursor.fail();
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case 9: // fixed_advance_pc
        address = BigInt.asUintN(64, address + BigInt(cursor.u16()));
        break;
      default:
        // Nothing else moves address, file or line.
        for (let operand = 0; operand < (operandCounts[opcode - 1] ?? 0); operand++) cursor.uleb();
    }
  }
  return rows
    .map((row, index) => ({ row, index }))
    .sort((left, right) => {
      if (left.row.address !== right.row.address) return left.row.address < right.row.address ? -1 : 1;
      return Number(right.row.endsSequence) - Number(left.row.endsSequence) || left.index - right.index;
    })
    .map(({ row }) => row);
}
