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
  writeSync,
} from '@spoor/sys';
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  COUNTERS_FOLDER,
  COUNTER_BYTES,
  COUNTER_FILE_BYTES,
  COUNTER_HEADER,
  COUNTER_HEADER_BYTES,
  COUNTER_MAGIC,
  COUNTER_NAME_BYTES,
  COUNTER_VERSION,
  MOST_COUNTERS,
} from './counter-layout.ts';
import { mappedFileName, unmapEndedNowAndThen } from './ended-mappings.ts';

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
    this.#path = join(folder, mappedFileName(currentThreadId(), 'counters'));
    this.#isMapped = isAvailable().available;
    this.#memory = this.#isMapped
      ? createMappedFile(this.#path, COUNTER_FILE_BYTES).memory
      : new ArrayBuffer(COUNTER_FILE_BYTES);
    this.#view = new DataView(this.#memory);
    this.#values = new Float64Array(this.#memory);
    this.#view.setUint32(COUNTER_HEADER.version, COUNTER_VERSION, true);
    this.#view.setUint32(COUNTER_HEADER.magic, COUNTER_MAGIC, true);
    this.save();
    if (this.#isMapped) unmapEndedNowAndThen(processPath);
  }

  /** Whether others see the values without {@link save}. */
  get isMapped(): boolean {
    return this.#isMapped;
  }

  /** Whether a name is short enough. */
  static takesName(name: string): boolean {
    return Buffer.byteLength(name) < COUNTER_NAME_BYTES;
  }

  /** The cell of a counter; undefined when there are as many as a file holds, or its name is too long. */
  cell(name: string): CounterCell | undefined {
    const known = this.#cells.get(name);
    if (known !== undefined) return known;
    const number = this.#cells.size;
    const encoded = Buffer.from(name, 'utf8');
    if (number >= MOST_COUNTERS || encoded.length >= COUNTER_NAME_BYTES) return undefined;
    const at = COUNTER_HEADER_BYTES + number * COUNTER_BYTES;
    new Uint8Array(this.#memory).set(encoded, at);
    const cell = { values: this.#values, index: (at + COUNTER_NAME_BYTES) / 8 };
    this.#cells.set(name, cell);
    // The name is whole before a reader may look at it.
    Atomics.store(new Uint32Array(this.#memory), COUNTER_HEADER.count / 4, number + 1);
    return cell;
  }

  /** Writes the values out, where the file is not the memory itself. Throws what the file system throws. */
  save(): void {
    if (this.#isMapped) return;
    // In place: a reader, or the end of the program, may come at any time.
    const fd = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    try {
      writeSync(fd, new Uint8Array(this.#memory), 0, COUNTER_FILE_BYTES, 0);
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
