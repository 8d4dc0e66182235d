/**
 * A program or library in the memory of a process, and what is known of its addresses: the file, function and line, as
 * babeltrace2's `filter.lttng-utils.debug-info` finds them.
 */
import { SpoorError } from '@spoor/base';
import type { DwarfFile, ElfFile } from '@spoor/elf';

/** Where files are. */
export interface BinaryFiles {
  /** Undefined where no ELF file is, or none that can be read. */
  openElf(path: string): ElfFile | undefined;
  /** What tells of functions and lines, if the file at the path has it. */
  openDwarf(path: string): DwarfFile | undefined;
  /** CRC-32 of a file; undefined where none is. */
  crc32(path: string): number | undefined;
}

/** Where to look for files. */
export interface DebugInfoPlaces {
  /** Where debug information that was taken out of files lies. */
  readonly debugInfoDir: string;
  /** Put before all paths of the trace. */
  readonly targetPrefix?: string;
}

/** What is known of an address. */
export interface AddressInfo {
  readonly binaryPath: string;
  /** `+0x12ab` in what may lie anywhere, `@0x4012ab` else. */
  readonly place: string;
  /** `name+0x12`. */
  readonly func?: string;
  readonly source?: { readonly path: string; readonly line: number };
}

/** What a damaged file says is not known. */
function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpoorError) return undefined;
    throw error;
  }
}

/** A number as C prints it with `%#x`. */
function hexadecimal(value: bigint): string {
  return value === 0n ? '0' : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

/** Joins parts of a path with one slash. */
function joined(...parts: readonly string[]): string {
  return parts
    .map((part, index) => (index === 0 ? part : part.replace(/^\/+/, '')))
    .map((part, index) => (index === parts.length - 1 ? part : part.replace(/\/+$/, '')))
    .join('/');
}

function folderOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : end === 0 ? '/' : path.slice(0, end);
}

function hexOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One binary, at an address of one process. */
export class Binary {
  readonly path: string;
  private readonly low: bigint;
  private readonly high: bigint;
  private readonly isPic: boolean;
  private readonly files: BinaryFiles;
  private readonly places: DebugInfoPlaces;
  private buildId: readonly number[] | undefined;
  private buildIdMatches = false;
  private debugLink: { readonly fileName: string; readonly crc: number } | undefined;
  private elf: ElfFile | undefined;
  /** Undefined before it was looked for. */
  private dwarf: DwarfFile | 'none' | undefined;

  /** @param path as the trace says it. */
  constructor(
    path: string,
    low: bigint,
    memoryBytes: bigint,
    isPic: boolean,
    files: BinaryFiles,
    places: DebugInfoPlaces,
  ) {
    this.path = places.targetPrefix === undefined ? path : joined(places.targetPrefix, path);
    this.low = low;
    this.high = low + memoryBytes;
    this.isPic = isPic;
    this.files = files;
    this.places = places;
  }

  has(address: bigint): boolean {
    return address >= this.low && address < this.high;
  }

  /** Notes the build id that the trace says; files of another build are not looked into. */
  setBuildId(buildId: readonly number[]): void {
    this.buildId = buildId;
    this.buildIdMatches = unlessDamaged(() => this.matchesBuildId(buildId)) ?? false;
    if (this.dwarf === 'none') this.dwarf = undefined;
  }

  /** Notes where the trace says that debug information was put. */
  setDebugLink(fileName: string, crc: number): void {
    this.debugLink = { fileName, crc };
    if (this.dwarf === 'none') this.dwarf = undefined;
  }

  private openElf(): ElfFile | undefined {
    return (this.elf ??= this.files.openElf(this.path));
  }

  /** Of each section of notes the first counts, and all build ids must be the one. */
  private matchesBuildId(buildId: readonly number[]): boolean {
    const elf = this.openElf();
    if (elf === undefined || buildId.length === 0) return false;
    let matches = false;
    for (const section of elf.sections) {
      if (section.type !== 7) continue;
      const [note] = elf.notesOf(section);
      if (note?.owner !== 'GNU' || note.type !== 3) continue;
      matches = buildId.every((byte, index) => note.description[index] === byte);
      if (!matches) return false;
    }
    return matches;
  }

  /** In the file itself, else by its build id, else by its debug link. */
  private findDwarf(): DwarfFile | undefined {
    const { files, places, buildId, debugLink, path } = this;
    const own = files.openDwarf(path);
    if (own !== undefined) return own;
    if (buildId !== undefined && buildId.length > 0) {
      const name = `${hexOf(buildId.slice(1))}.debug`;
      const found = files.openDwarf(
        joined(places.debugInfoDir, '.build-id', hexOf(buildId.slice(0, 1)), name),
      );
      if (found !== undefined) return found;
    }
    if (debugLink === undefined) return undefined;
    const folder = folderOf(path);
    const candidates = [
      joined(folder, debugLink.fileName),
      joined(folder, '.debug', debugLink.fileName),
      joined(places.debugInfoDir, folder, debugLink.fileName),
    ];
    const place = candidates.find((candidate) => files.crc32(candidate) === debugLink.crc);
    return place === undefined ? undefined : files.openDwarf(place);
  }

  /** What is known of an address within the binary; nothing where its file is of another build. */
  lookUp(address: bigint): AddressInfo | undefined {
    if (this.buildId !== undefined && !this.buildIdMatches) return undefined;
    this.dwarf ??= this.findDwarf() ?? 'none';
    const { dwarf } = this;
    const inFile = this.isPic ? address - this.low : address;
    const place = `${this.isPic ? '+' : '@'}${hexadecimal(inFile)}`;
    const found =
      dwarf === 'none' ? unlessDamaged(() => this.openElf()?.functionAt(inFile)) : dwarf.functionAt(inFile);
    const source = dwarf === 'none' ? undefined : dwarf.lineAt(inFile);
    return {
      binaryPath: this.path,
      place,
      ...(found === undefined ? {} : { func: `${found.name}+${hexadecimal(inFile - found.address)}` }),
      ...(source === undefined ? {} : { source }),
    };
  }
}
