// Ids of event classes within a process. Its threads share no memory, so they meet in the `events` folder: a class
// gets the number under which its file could be linked first.
import { formatEventTsdl } from '@spoor/ctf/encode';
import { publishFile } from '@spoor/ringbuffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Declaration } from './declaration.ts';
import { STREAM_CLASS_ID, makeEventClass } from './trace-class.ts';

/** One thread's view of the process's event classes. */
export class EventRegistry {
  readonly #folder: string;
  /** Distinguishes this thread's drafts from those of others. */
  readonly #tag: string;
  readonly #ids = new Map<string, number>();
  /** All lower ids are known. */
  #next = 0;

  constructor(folder: string, tag: string) {
    this.#folder = folder;
    this.#tag = tag;
  }

  /** The id of a class; equal declarations share one, in whichever threads. Throws what the file system throws. */
  idOf(declaration: Declaration): number {
    const key = blockText(declaration, 0);
    for (;;) {
      const known = this.#ids.get(key);
      if (known !== undefined) return known;
      const id = this.#next;
      const path = join(this.#folder, String(id));
      const theirs =
        readIfThere(path) ??
        (publishFile(path, blockText(declaration, id), this.#tag) ? undefined : readFileSync(path, 'utf8'));
      const block = theirs ?? blockText(declaration, id);
      this.#ids.set(block.replace(/\bid = \d+;/, 'id = 0;'), id);
      this.#next = id + 1;
    }
  }
}

function blockText(declaration: Declaration, id: number): string {
  return formatEventTsdl(makeEventClass(declaration, id), BigInt(STREAM_CLASS_ID));
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
