/** Functions and lines of programs, libraries and code that is made at run time, as the files of this machine have them. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { DwarfFile, openElf, type ElfFile, type ElfSymbol } from '@spoor/elf';
import { openElfFile } from '@spoor/elf/node';
import { asUser } from '@spoor/sys';
import { readProc } from '../statedump/scan-tasks.node.ts';
import type { Mapping } from './address-spaces.ts';
import { CodeMap } from './code-maps.ts';
import type { UserPlace } from './symbols-file.ts';

/** Debug information of more is left alone: it would be read for minutes. */
const mostDebugBytes = 128 << 20;
/** Sections of more are not read: a file may claim what it has not, and whose it is is not asked. */
const mostSectionBytes = 256 << 20;
/** So large is no code map that is worth being read. */
const mostMapBytes = 256 << 20;
const vdso = '[vdso]';

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpoorError || (error as NodeJS.ErrnoException).code !== undefined) return undefined;
    throw error;
  }
}

/** Code that the kernel maps into programs: the same in all of them. */
function readVdso(): ElfFile | undefined {
  const [, begin = '', end = ''] =
    /^([\da-f]+)-([\da-f]+) .*\[vdso\]$/m.exec(readProc('/proc/self/maps') ?? '') ?? [];
  if (begin === '') return undefined;
  return unlessAbsent(() => {
    // This process's own, also where files are read with a user's rights.
    const fd = asUser(undefined, () => openSync('/proc/self/mem', 'r'));
    try {
      const bytes = new Uint8Array(parseInt(end, 16) - parseInt(begin, 16));
      const length = readSync(fd, bytes, 0, bytes.length, BigInt(`0x${begin}`));
      return openElf(bytes.subarray(0, length));
    } finally {
      closeSync(fd);
    }
  });
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

/** The function that an address is in, if one says so. */
function functionIn(elf: ElfFile, address: bigint): ElfSymbol | undefined {
  for (const table of ['.symtab', '.dynsym'] as const) {
    const found = unlessAbsent(() => elf.functionAt(address, table));
    if (found === undefined) continue;
    // Those that assembly defines may have no size.
    if (found.sizeBytes === 0n || address < found.address + found.sizeBytes) return found;
  }
  return undefined;
}

/** The address in the file's own terms of what lies at an offset in it; the offset where no segment has it. */
function addressOfOffset(elf: ElfFile, offset: number): bigint {
  // 1: loaded.
  const segment = elf.segments.find(
    (one) => one.type === 1 && offset >= one.offset && offset < one.offset + one.fileBytes,
  );
  return segment === undefined ? BigInt(offset) : segment.address + BigInt(offset - segment.offset);
}

/** A path as a process sees it that runs still, which may have a root of its own. */
const seenBy = (pid: number, path: string): string => join('/proc', String(pid), 'root', path);

/** Files that are open, and what was found in them. */
export class ProgramSymbols {
  private readonly files = new Map<string, ElfFile | undefined>();
  private readonly lines = new Map<ElfFile, DwarfFile | undefined>();
  private readonly codeMaps = new Map<string, CodeMap | undefined>();
  private readonly places = new Map<string, UserPlace>();

  /** The place of an address of a process that lies in a mapping. */
  placeIn(pid: number, mapping: Mapping, address: number): UserPlace | undefined {
    const { path, buildId } = mapping;
    if (!path.startsWith('/') && path !== vdso) return undefined;
    // Anonymous memory that can be executed is called so.
    if (path.startsWith('//anon')) return undefined;
    const offset = address - mapping.begin + mapping.fileOffset;
    const key = `${path}\0${buildId}\0${offset}`;
    let place = this.places.get(key);
    if (place === undefined) {
      place = this.find(pid, path, buildId, path === vdso ? address - mapping.begin : offset);
      this.places.set(key, place);
    }
    return place;
  }

  /**
   * The place of an address that is in no file, as the process told it: a file of that name that belongs neither to the
   * user whose process it is nor to root is somebody else's word.
   * @param owner the user; undefined where it is not known.
   */
  placeOfCode(pid: number, owner: number | undefined, address: number): UserPlace | undefined {
    const key = `${pid} ${owner ?? ''}`;
    if (!this.codeMaps.has(key)) this.codeMaps.set(key, this.readCodeMap(pid, owner));
    const found = this.codeMaps.get(key)?.find(address);
    return found === undefined
      ? undefined
      : { file: '', offset: address, func: found.name, distance: found.distance, source: '' };
  }

  private find(pid: number, path: string, buildId: string, offset: number): UserPlace {
    const elf = this.open(pid, path, buildId);
    if (elf === undefined) return { file: path, offset, func: '', distance: 0, source: '' };
    const address = addressOfOffset(elf, offset);
    const found = functionIn(elf, address);
    return {
      file: path,
      offset: Number(address),
      func: found?.name ?? '',
      distance: found === undefined ? 0 : Number(address - found.address),
      source: this.sourceOf(elf, address),
    };
  }

  /** The line of the call: addresses are those behind it. */
  private sourceOf(elf: ElfFile, address: bigint): string {
    if (!this.lines.has(elf)) {
      const size = elf.section('.debug_info')?.sizeBytes ?? 0;
      const isRead = size > 0 && size <= mostDebugBytes;
      this.lines.set(elf, isRead ? unlessAbsent(() => DwarfFile.open(elf)) : undefined);
    }
    const line = this.lines.get(elf)?.nearestLine(address - 1n);
    return line === undefined ? '' : `${line.path}:${line.line}`;
  }

  /** A file as the process sees it, or as this one does; of another build it is as good as absent. */
  private open(pid: number, path: string, buildId: string): ElfFile | undefined {
    const key = `${path}\0${buildId}`;
    if (this.files.has(key)) return this.files.get(key);
    let found: ElfFile | undefined;
    if (path === vdso) found = readVdso();
    else {
      for (const candidate of [seenBy(pid, path), path]) {
        const elf = unlessAbsent(() => openElfFile(candidate, { mostSectionBytes }));
        const isRight =
          elf !== undefined && (buildId === '' || unlessAbsent(() => hex(elf.buildId)) === buildId);
        if (!isRight) continue;
        found = elf;
        break;
      }
    }
    this.files.set(key, found);
    return found;
  }

  private readCodeMap(pid: number, owner: number | undefined): CodeMap | undefined {
    // A process of another PID namespace names the file by its number there.
    const inner = /^NStgid:.*?(\d+)$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1] ?? String(pid);
    for (const path of [seenBy(pid, `/tmp/perf-${inner}.map`), `/tmp/perf-${pid}.map`]) {
      const text = unlessAbsent(() =>
        readOwnFile(path, mostMapBytes, (uid) => uid === 0 || uid === owner)?.toString('utf8'),
      );
      if (text !== undefined) return CodeMap.parse(text);
    }
    return undefined;
  }
}

/**
 * Reads a file from a folder that is everybody's: what lies there under a name may be a pipe, which must not be waited for, a
 * link to what its maker could not read, of any size, or somebody else's.
 * @returns undefined for what is none, larger, or not of a user that is taken.
 */
export function readOwnFile(
  path: string,
  mostBytes: number,
  takesOwner: (uid: number) => boolean,
): Buffer | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= mostBytes && takesOwner(stat.uid) ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
