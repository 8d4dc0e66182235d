/**
 * How a thread wakes the reader of its ring: it writes to a file of the folder `wakes` beside its process's directory, which the
 * reader watches (docs/design/triggers.md). The reader says by a byte in the control page that it wants to be woken, so
 * that a burst of events costs one system call.
 */
import { closeSync, openSync, unlinkSync, writeSync } from '@spoor/sys';
import { join } from 'node:path';
import { exchange, load } from './built-ins.ts';
import { CONTROL } from './layout.ts';
import { makePrivateFolder } from './run-directory.ts';

/** Folder beside directories of processes; a file in it is named after the process's directory and the ring: `7-12345.0`. */
export const WAKES_FOLDER = 'wakes';

/** File in a session's directory that its consumer watches, if it sleeps while no sub-buffer is finished. */
export const WAKE_FILE = 'wake';

const oneByte: Uint8Array = Uint8Array.of(1);

/** The producer's end. */
export class ReaderWaker {
  readonly #path: string;
  readonly #fd: number;
  /** The word `woken` of the ring; undefined where the ring is not the file itself. */
  readonly #woken: Uint8Array | undefined;
  readonly #save: () => void;
  #isClosed = false;

  /**
   * Makes the file, which the reader hears of.
   * @param place in which the process has its directory: that of the session, or the folder of its user there.
   * @param memory of a mapped ring; undefined where `save` copies it to its file, which then comes before each wake.
   * @throws what the file system throws.
   */
  constructor(
    place: string,
    name: string,
    memory: ArrayBuffer | SharedArrayBuffer | undefined,
    save: () => void,
  ) {
    const folder = join(place, WAKES_FOLDER);
    makePrivateFolder(folder);
    this.#path = join(folder, name);
    this.#fd = openSync(this.#path, 'w', 0o600);
    this.#woken = memory === undefined ? undefined : new Uint8Array(memory, CONTROL.woken, 1);
    this.#save = save;
  }

  /** Wakes the reader if it sleeps, after an event was committed. Never throws. */
  wake(): void {
    if (this.#isClosed) return;
    try {
      // An exchange, not a test: the event must be there for others before the byte is looked at.
      if (this.#woken !== undefined && exchange(this.#woken, 0, 1) !== 0) return;
      this.#save();
      writeSync(this.#fd, oneByte, 0, 1, 0);
    } catch {
      // The reader looks at all rings now and then, woken or not.
    }
  }

  /** Wakes the reader for the last time and takes the file away. Never throws. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      closeSync(this.#fd);
      unlinkSync(this.#path);
    } catch {
      // The session is gone, with the folder.
    }
  }
}

/**
 * Has the consumer of a session look at the rings at once.
 * @throws what the file system throws.
 */
export function callConsumer(sessionPath: string): void {
  const fd = openSync(join(sessionPath, WAKE_FILE), 'r+');
  try {
    writeSync(fd, oneByte, 0, 1, 0);
  } finally {
    closeSync(fd);
  }
}

/** Wakes a consumer that sleeps until a sub-buffer is finished: most of the time a look at one byte. */
export class SwitchWaker {
  readonly #sessionPath: string;
  readonly #woken: Uint8Array;
  readonly #wakes: Uint8Array;

  /** @param memory of a mapped ring, which says from now on that its reader is woken. */
  constructor(sessionPath: string, memory: ArrayBuffer | SharedArrayBuffer) {
    this.#sessionPath = sessionPath;
    this.#woken = new Uint8Array(memory, CONTROL.woken, 1);
    this.#wakes = new Uint8Array(memory, CONTROL.wakes, 1);
    this.#wakes[0] = 1;
  }

  /** Wakes the consumer if it sleeps, after a sub-buffer was finished. Never throws. */
  wake(): void {
    if (load(this.#woken, 0) !== 0 || exchange(this.#woken, 0, 1) !== 0) return;
    try {
      callConsumer(this.#sessionPath);
    } catch {
      // The program may open no more files, or has changed its root: a consumer that looks now and then learns that it
      // must not sleep.
      this.#wakes[0] = 0;
    }
  }
}
