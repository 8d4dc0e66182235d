// Numbers of event classes and stream classes within a process's trace. Its threads share no memory, so they meet in
// the `events` folder: a class gets the number under which its file could be linked first.
import { formatEventTsdl, formatStreamTsdl } from '@spoor/ctf/encode';
import type { StructureMember } from '@spoor/ctf';
import { publishFile } from '@spoor/ringbuffer';
import { readFileSync } from '@spoor/sys';
import { join } from 'node:path';
import type { Declaration } from './declaration.ts';
import { makeEventClass, makeStreamClass, makeTraceClass } from './trace-class.ts';

/** One thread's view of the classes of its process's trace. Methods throw what the file system throws. */
export class ClassRegistry {
  readonly #folder: string;
  /** Distinguishes this thread's drafts from those of others. */
  readonly #tag: string;
  readonly #ids = new Map<string, number>();
  /** All lower numbers are known. */
  #next = 0;

  constructor(folder: string, tag: string) {
    this.#folder = folder;
    this.#tag = tag;
  }

  /** The id of an event class in a stream class; equal declarations share one, in whichever threads. */
  eventId(declaration: Declaration, streamClassId: number): number {
    return this.#numberOf((id) => formatEventTsdl(makeEventClass(declaration, id), BigInt(streamClassId)));
  }

  /** The id of a channel's stream class; channels whose events have the same contexts are told apart by name. */
  streamClassId(channelName: string, contexts: readonly StructureMember[]): number {
    const traceClass = skeleton();
    return this.#numberOf(
      (id) => `\n/* channel ${channelName} */${formatStreamTsdl(traceClass, makeStreamClass(id, contexts))}`,
    );
  }

  #numberOf(blockText: (id: number) => string): number {
    const key = blockText(0);
    for (;;) {
      const known = this.#ids.get(key);
      if (known !== undefined) return known;
      const id = this.#next;
      const path = join(this.#folder, String(id));
      const theirs =
        readIfThere(path) ??
        (publishFile(path, blockText(id), this.#tag) ? undefined : readFileSync(path, 'utf8'));
      const block = theirs ?? blockText(id);
      this.#ids.set(block.replace(/\bid = \d+;/, 'id = 0;'), id);
      this.#next = id + 1;
    }
  }
}

/** A trace class with the names that all of them have for their integers. */
function skeleton(): ReturnType<typeof makeTraceClass> {
  return makeTraceClass({
    uuid: '00000000-0000-0000-0000-000000000000',
    environment: new Map(),
    clockUuid: undefined,
    clockOffsetNs: 0n,
  });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
