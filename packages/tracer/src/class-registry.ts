// Numbers of event classes and stream classes within a process's trace. Its threads share no memory, so they meet in
// the `events` folder: a class gets the number under which its file could be linked first.
import { formatEventTsdl } from '@spoor/ctf/encode';
import type { StructureMember } from '@spoor/ctf';
import { publishFile } from '@spoor/ringbuffer';
import { existsSync, readFileSync } from '@spoor/sys';
import { join } from 'node:path';
import type { Declaration } from './declaration.ts';
import { makeEventClass } from './trace-class.ts';
import { streamBlock } from './trace-header.ts';

/** The line of a block that says its number, before it has one. */
const DRAFT_ID = '\n\tid = 0;\n';

/** One thread's view of the classes of its process's trace. Methods throw what the file system throws. */
export class ClassRegistry {
  readonly #folder: string;
  /** Distinguishes this thread's drafts from those of others. */
  readonly #tag: string;
  readonly #ids = new Map<string, number>();
  /** By stream class, what was found out before: every change of a session has all classes asked for again. */
  readonly #known = new Map<number, WeakMap<Declaration, number>>();
  /** All lower numbers are known. */
  #next = 0;
  #hasLearnt = false;

  constructor(folder: string, tag: string) {
    this.#folder = folder;
    this.#tag = tag;
  }

  /** The id of an event class in a stream class; equal declarations share one, in whichever threads. */
  eventId(declaration: Declaration, streamClassId: number): number {
    let known = this.#known.get(streamClassId);
    if (known === undefined) this.#known.set(streamClassId, (known = new WeakMap()));
    let id = known.get(declaration);
    if (id === undefined) {
      id = this.#numberOf(formatEventTsdl(makeEventClass(declaration, 0), BigInt(streamClassId)));
      known.set(declaration, id);
    }
    return id;
  }

  /** The id of a channel's stream class; channels whose events have the same contexts are told apart by name. */
  streamClassId(channelName: string, contexts: readonly StructureMember[]): number {
    return this.#numberOf(`\n/* channel ${channelName} */${streamBlock(contexts)}`);
  }

  /** @param draft the block as it would be with the id 0. */
  #numberOf(draft: string): number {
    const known = this.#ids.get(draft) ?? this.#learn(draft);
    if (known !== undefined) return known;
    for (;;) {
      const id = this.#next;
      // Only if another thread has taken the number meanwhile there is anything to read.
      if (publishFile(this.#pathOf(id), draft.replace(DRAFT_ID, `\n\tid = ${id};\n`), this.#tag)) {
        this.#note(draft, id);
        return id;
      }
      const theirs = this.#learn(draft);
      if (theirs !== undefined) return theirs;
    }
  }

  /**
   * Reads what other threads have declared since: at the first class, for these are mostly all that there are, and
   * whenever a number turns out to be taken. Answers the id of `draft`, if it is among them.
   */
  #learn(draft: string): number | undefined {
    if (this.#hasLearnt && !existsSync(this.#pathOf(this.#next))) return undefined;
    this.#hasLearnt = true;
    for (;;) {
      const block = readIfThere(this.#pathOf(this.#next));
      if (block === undefined) return this.#ids.get(draft);
      this.#note(block.replace(/\n\tid = \d+;\n/, DRAFT_ID), this.#next);
    }
  }

  #note(draft: string, id: number): void {
    this.#ids.set(draft, id);
    this.#next = id + 1;
  }

  #pathOf(id: number): string {
    return join(this.#folder, String(id));
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
