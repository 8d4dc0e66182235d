/**
 * Counter files, version 1: `counters/TID-N.counters` of a process's directory, one a thread that counts
 * (docs/design/formats.md). Each counter is a name and a 64-bit float that its thread alone adds to, in memory that it
 * maps; readers add up the files. A reader sees each value whole: eight aligned bytes are stored at once.
 */
import {
  closeSync,
  createMappedFile,
  currentThreadId,
  isAvailable,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeSync,
} from '@spoor/sys';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const COUNTERS_FOLDER = 'counters';
/** `SPCN` as it lies in the file. */
const MAGIC = 0x4e435053;
const VERSION = 1;
const HEADER_BYTES = 64;
/** A counter's name, with its NUL, then its value. */
const NAME_BYTES = 120;
const SLOT_BYTES = 128;
const FILE_BYTES = 64 * 1024;
const MOST_COUNTERS: number = (FILE_BYTES - HEADER_BYTES) / SLOT_BYTES;
/** Byte offsets in the header. */
const AT = { magic: 0, version: 4, count: 8 } as const;

/** Where one counter of a thread lies: add to `values[index]`. */
export interface CounterCell {
  readonly values: Float64Array;
  readonly index: number;
}

/** The calling thread's counters. */
export class ThreadCounters {
  readonly #path: string;
  readonly #memory: ArrayBuffer;
  readonly #view: DataView;
  readonly #values: Float64Array;
  readonly #cells = new Map<string, CounterCell>();
  readonly #isMapped: boolean;

  /**
   * Makes the file in a process's directory. Where files cannot be mapped, values are written by {@link save}.
   * Throws what the file system and @spoor/sys throw.
   */
  constructor(processPath: string) {
    const folder = join(processPath, COUNTERS_FOLDER);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#path = join(folder, `${currentThreadId()}-${process.hrtime.bigint()}.counters`);
    this.#isMapped = isAvailable().available;
    this.#memory = this.#isMapped
      ? createMappedFile(this.#path, FILE_BYTES).memory
      : new ArrayBuffer(FILE_BYTES);
    this.#view = new DataView(this.#memory);
    this.#values = new Float64Array(this.#memory);
    this.#view.setUint32(AT.version, VERSION, true);
    this.#view.setUint32(AT.magic, MAGIC, true);
    this.save();
  }

  /** The cell of a counter; undefined when there are as many as a file holds, or its name is too long. */
  cell(name: string): CounterCell | undefined {
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    const number = this.#cells.size;
    const encoded = Buffer.from(name, 'utf8');
    if (number >= MOST_COUNTERS || encoded.length >= NAME_BYTES) return undefined;
    const at = HEADER_BYTES + number * SLOT_BYTES;
    new Uint8Array(this.#memory).set(encoded, at);
    const cell = { values: this.#values, index: (at + NAME_BYTES) / 8 };
    this.#cells.set(name, cell);
    // The name is whole before a reader may look at it.
    Atomics.store(new Uint32Array(this.#memory), AT.count / 4, number + 1);
    return cell;
  }

  /** Writes the values out, where the file is not the memory itself. Throws what the file system throws. */
  save(): void {
    if (this.#isMapped) return;
    // In place: a reader, or the end of the program, may come at any time.
    const fd = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(fd, new Uint8Array(this.#memory), 0, FILE_BYTES, 0);
    } finally {
      closeSync(fd);
    }
  }

  /** Shows the file in another session's directory of the process too. Throws what the file system throws. */
  share(processPath: string): void {
    const folder = join(processPath, COUNTERS_FOLDER);
    if (folder === dirname(this.#path)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    linkSync(this.#path, join(folder, basename(this.#path)));
  }
}

/** Sums of a process's counters over its threads, those that ended too; files that make no sense are left out. */
export function readCounters(processPath: string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  const folder = join(processPath, COUNTERS_FOLDER);
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return sums;
  }
  for (const file of names) {
    if (!file.endsWith('.counters')) continue;
    for (const [name, value] of readFile(join(folder, file))) sums.set(name, (sums.get(name) ?? 0) + value);
  }
  return sums;
}

function readFile(path: string): readonly (readonly [string, number])[] {
  const bytes = readFileSync(path);
  if (bytes.length < FILE_BYTES || bytes.readUInt32LE(AT.magic) !== MAGIC) return [];
  if (bytes.readUInt32LE(AT.version) !== VERSION) return [];
  const count = Math.min(bytes.readUInt32LE(AT.count), MOST_COUNTERS);
  return Array.from({ length: count }, (_, number) => {
    const at = HEADER_BYTES + number * SLOT_BYTES;
    const name = bytes.subarray(at, at + NAME_BYTES);
    const end = name.indexOf(0);
    return [name.toString('utf8', 0, end < 0 ? NAME_BYTES : end), bytes.readDoubleLE(at + NAME_BYTES)];
  });
}
