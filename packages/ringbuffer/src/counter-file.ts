/**
 * Counter files, version 1: `counters/TID-N.counters` of a process's directory, one a thread that counts
 * (docs/design/formats.md). Each counter is a name and a 64-bit float that its thread alone adds to, in memory that it
 * maps; readers add up the files. A reader sees each value whole: eight aligned bytes are stored at once. A program that
 * has no file descriptor left, or no shared memory, makes a link instead, to the names and values as text.
 */
import {
  closeSync,
  createMappedFile,
  currentThreadId,
  isAvailable,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
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
import { formatCounters } from './counter-text.ts';
import { mappedFileName, unmapEndedNowAndThen } from './ended-mappings.ts';
import { fitsLink, isOutOfDescriptors, isOutOfSpace, writeLinkText } from './link-text.ts';
import { makePrivateFolder } from './run-directory.ts';

/** Where one counter of a thread lies: add to `values[index]`, reading both anew each time. */
export interface CounterCell {
  /** Another array once {@link ThreadCounters.share} has moved the counters. */
  values: Float64Array;
  readonly index: number;
}

/** The calling thread's counters. */
export class ThreadCounters {
  /** Where the file lies, the newest last; some may be gone, with their sessions. */
  #paths: string[] = [];
  #memory: ArrayBuffer;
  #values: Float64Array;
  readonly #cells = new Map<string, CounterCell>();
  #isMapped = false;
  /** What is at the paths where no file could be made for want of descriptors or memory: {@link formatCounters}. */
  #text: string | undefined;

  /**
   * Makes the file in a process's directory; without one the counters are this thread's alone, until {@link share}.
   * Where files cannot be mapped, or made, values are written by {@link save}. Throws what the file system and @spoor/sys throw.
   */
  constructor(processPath?: string) {
    this.#memory = new ArrayBuffer(processPath === undefined ? COUNTER_FILE_BYTES : 0);
    this.#values = new Float64Array(this.#memory);
    if (processPath !== undefined) this.#moveTo(processPath);
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
    if (this.#text !== undefined) this.#saveText();
    else this.#firstThere((path) => writeBytes(path, this.#memory, constants.O_WRONLY));
  }

  /**
   * Shows the file in another session's directory of the process too. Where no session has it any more, the counters
   * move: they go on from what they are. Throws what the file system and @spoor/sys throw.
   */
  share(processPath: string): void {
    const folder = join(processPath, COUNTERS_FOLDER);
    if (this.#paths.some((path) => dirname(path) === folder)) return;
    makePrivateFolder(folder);
    const isLinked = this.#firstThere((path) => {
      const link = join(folder, basename(path));
      linkSync(path, link);
      this.#paths.push(link);
    });
    if (!isLinked) this.#moveTo(processPath);
  }

  /** Does something with the first name of the file that there still is, forgetting others; whether there was one. */
  #firstThere(work: (path: string) => void): boolean {
    for (let path = this.#paths[0]; path !== undefined; path = this.#paths[0]) {
      try {
        work(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        this.#paths = this.#paths.filter((other) => other !== path);
      }
    }
    return false;
  }

  #moveTo(processPath: string): void {
    const folder = join(processPath, COUNTERS_FOLDER);
    makePrivateFolder(folder);
    const path = join(folder, mappedFileName(currentThreadId(), 'counters'));
    try {
      this.#makeFile(path);
      this.#text = undefined;
    } catch (error) {
      if (!isOutOfDescriptors(error) && !isOutOfSpace(error)) throw error;
      this.#moveInto(new ArrayBuffer(COUNTER_FILE_BYTES), false);
      this.#text = formatCounters([]);
      writeLinkText(path, this.#text);
    }
    this.#paths = [path];
    if (this.#isMapped) unmapEndedNowAndThen(processPath);
  }

  #makeFile(path: string): void {
    const isMapped = isAvailable().available;
    const memory = isMapped
      ? createMappedFile(path, COUNTER_FILE_BYTES).memory
      : new ArrayBuffer(COUNTER_FILE_BYTES);
    this.#moveInto(memory, isMapped);
    if (!isMapped) writeBytes(path, memory, constants.O_WRONLY | constants.O_CREAT);
  }

  #moveInto(memory: ArrayBuffer, isMapped: boolean): void {
    new Uint8Array(memory).set(new Uint8Array(this.#memory));
    const view = new DataView(memory);
    view.setUint32(COUNTER_HEADER.version, COUNTER_VERSION, true);
    view.setUint32(COUNTER_HEADER.magic, COUNTER_MAGIC, true);
    this.#memory = memory;
    this.#values = new Float64Array(memory);
    this.#isMapped = isMapped;
    for (const cell of this.#cells.values()) cell.values = this.#values;
  }

  /** Renews the text under all its names; in place of one that is too long there will be a file. */
  #saveText(): void {
    const text = formatCounters([...this.#cells].map(([name, { index }]) => [name, this.#values[index]!]));
    if (text === this.#text) return;
    for (const path of this.#paths) {
      try {
        // Not a link anew in the directory of a session that is over.
        lstatSync(path);
        if (fitsLink(text)) writeLinkText(path, text);
        else this.#replaceText(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        this.#paths = this.#paths.filter((other) => other !== path);
      }
    }
    this.#text = text;
  }

  #replaceText(path: string): void {
    const draft = `${path}.draft`;
    writeBytes(draft, this.#memory, constants.O_WRONLY | constants.O_CREAT);
    renameSync(draft, path);
  }
}

/** In place: a reader, or the end of the program, may come at any time. */
function writeBytes(path: string, memory: ArrayBuffer, flags: number): void {
  const fd = openSync(path, flags, 0o600);
  try {
    writeSync(fd, new Uint8Array(memory), 0, memory.byteLength, 0);
  } finally {
    closeSync(fd);
  }
}
