/**
 * The metadata of one process's trace: the header text of `process.json`, then the block of each event class in the
 * order of its id, appended as the classes appear. The text follows from the run directory alone, so a new consumer
 * goes on where the file ends, even in the middle of a block.
 */
import { closeSync, constants, existsSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type FileUser, asUser } from '@spoor/sys';
import { outputError, writeWhole } from './output-error.ts';
import { MOST_BYTES, readProgramFile } from './program-file.ts';

/** Name of the event that tells the text of an interned string. */
const INTERNED_STRING_EVENT = '"spoor:string"';

/** Whether the events of a process may have strings as numbers, which are told once in each packet. */
export function declaresInternedStrings(eventsDirectory: string): boolean {
  for (let id = 0; ; id += 1) {
    const path = join(eventsDirectory, String(id));
    if (!existsSync(path)) return false;
    if (readProgramFile(path, MOST_BYTES.eventClass).includes(INTERNED_STRING_EVENT)) return true;
  }
}

/** Users other than this process's. */
export interface MetadataRights {
  readonly user?: FileUser | undefined;
  readonly writer?: FileUser | undefined;
}

/** Writer of one `metadata` file. */
export class MetadataWriter implements Disposable {
  readonly #path: string;
  readonly #eventsDirectory: string;
  readonly #user: FileUser | undefined;
  readonly #pending: Uint8Array[];
  #fd: number;
  /** End of the text that was handed over so far, whether or not it is in the file already. */
  #textEndBytes = 0;
  #fileSizeBytes: number;
  #nextEventId = 0;
  #hasInternedStrings = false;

  /**
   * @param headerText TSDL up to the first event block.
   * @param eventsDirectory holds one file per event class, named by its id.
   * @param rights users other than this process's: whose event classes they are, and with whose rights the file is written.
   * @throws SpoorError `record/output`.
   */
  constructor(
    path: string,
    headerText: string,
    eventsDirectory: string,
    { user, writer }: MetadataRights = {},
  ) {
    this.#path = path;
    this.#user = user;
    this.#eventsDirectory = eventsDirectory;
    try {
      this.#fd = asUser(writer, () => openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666));
    } catch (error) {
      throw outputError(path, error);
    }
    this.#fileSizeBytes = fstatSync(this.#fd).size;
    const header = Buffer.from(headerText, 'utf8');
    this.#pending = [header];
    // Of a consumer that was killed before it wrote it anew, with another offset of the clock.
    if (!this.#beginsWith(header)) this.restart(headerText);
  }

  /**
   * Begins anew with another header; what follows it is as before.
   * @throws SpoorError `record/output`; {@link update} completes the file.
   */
  restart(headerText: string): void {
    try {
      ftruncateSync(this.#fd, 0);
    } catch (error) {
      throw outputError(this.#path, error);
    }
    this.#fileSizeBytes = 0;
    this.#textEndBytes = 0;
    this.#nextEventId = 0;
    this.#pending.splice(0, this.#pending.length, Buffer.from(headerText, 'utf8'));
  }

  /** Whether what is in the file may be the beginning of a text. */
  #beginsWith(text: Uint8Array): boolean {
    const found = Buffer.alloc(Math.min(this.#fileSizeBytes, text.length));
    readSync(this.#fd, found, 0, found.length, 0);
    return found.equals(text.subarray(0, found.length));
  }

  /** Number of event classes that were seen. */
  get eventClassCount(): number {
    return this.#nextEventId;
  }

  /** Whether events may have strings as numbers, which are told once in each packet. */
  get hasInternedStrings(): boolean {
    return this.#hasInternedStrings;
  }

  /** Whether somebody has removed the file. */
  get isRemoved(): boolean {
    return this.#fd >= 0 && fstatSync(this.#fd).nlink === 0;
  }

  /** Whether nothing is in the file. */
  get isEmpty(): boolean {
    return this.#fileSizeBytes === 0;
  }

  /**
   * Brings the file up to date with the event classes of this moment. Call it after reading how far a ring is
   * produced and before writing those packets: then the metadata describes every event in them.
   * @throws SpoorError `record/output`; the next call tries again. `process/malformed`.
   */
  update(): void {
    for (;;) {
      const path = join(this.#eventsDirectory, String(this.#nextEventId));
      if (!asUser(this.#user, () => existsSync(path))) break;
      const block = asUser(this.#user, () => readProgramFile(path, MOST_BYTES.eventClass));
      this.#hasInternedStrings ||= block.includes(INTERNED_STRING_EVENT);
      this.#pending.push(block);
      this.#nextEventId += 1;
    }
    for (let block = this.#pending[0]; block !== undefined; block = this.#pending[0]) {
      const textEndBytes = this.#textEndBytes + block.length;
      if (textEndBytes > this.#fileSizeBytes) {
        const missing = block.subarray(Math.max(0, this.#fileSizeBytes - this.#textEndBytes));
        writeWhole(this.#fd, this.#path, missing, this.#fileSizeBytes);
        this.#fileSizeBytes = textEndBytes;
      }
      this.#textEndBytes = textEndBytes;
      this.#pending.shift();
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
