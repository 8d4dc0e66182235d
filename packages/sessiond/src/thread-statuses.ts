/** What the threads of a process say of how tracing fares, out of their status files. */
import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { readLinkText, type FilterStatus, type ThreadStatus } from '@spoor/ringbuffer';
import { MOST_BYTES, readProgramFile } from './program-file.ts';

/** Takes what threads say. */
export interface StatusListener {
  /** One line, once for the process: threads say the same, and a thread repeats it when there is more to say. */
  readonly onReason: (reason: string, isFault: boolean) => void;
  readonly onFilter: (filter: FilterStatus) => void;
}

/** Files are written in place, and two changes may have one time: what was changed more recently is read again. */
const SETTLED_MS = 100;

/** What a file said last. */
interface Seen {
  readonly text: string;
  /** When it was changed last; undefined where that was so recently that it may have changed again since. */
  readonly settledMs: number | undefined;
}

/** Reads the status files of one process. */
export class ThreadStatuses {
  readonly #folder: string;
  readonly #listener: StatusListener;
  readonly #seen: Map<string, Seen> = new Map();
  readonly #said: Set<string> = new Set();

  constructor(folder: string, listener: StatusListener) {
    this.#folder = folder;
    this.#listener = listener;
  }

  /** Passes on what is new. Files of threads that are over are removed: each takes a page of memory. */
  read(isOver: (tid: number) => boolean): void {
    for (const file of listed(this.#folder)) {
      if (!file.endsWith('.json')) continue;
      const path = join(this.#folder, file);
      const tid = /^(\d+)-/.exec(file)?.[1];
      // Before it is read: a thread that is over writes no more.
      const isLast = tid !== undefined && isOver(Number(tid));
      try {
        const changedMs = lstatSync(path).mtimeMs;
        if (!isLast && this.#seen.get(file)?.settledMs === changedMs) continue;
        const settledMs = Date.now() - changedMs >= SETTLED_MS ? changedMs : undefined;
        // A program without descriptors makes no file.
        const text = readLinkText(path) ?? readProgramFile(path, MOST_BYTES.status).toString('utf8');
        this.#take(file, text, settledMs);
        if (!isLast) continue;
        unlinkSync(path);
        this.#seen.delete(file);
      } catch {
        // The process's directory is on its way out, or it is no file of a thread.
      }
    }
  }

  /** Passes one line on, once. */
  say(reason: string, isFault: boolean): void {
    const said = `${isFault}: ${reason}`;
    if (this.#said.has(said)) return;
    this.#said.add(said);
    this.#listener.onReason(reason, isFault);
  }

  #take(file: string, text: string, settledMs: number | undefined): void {
    const seen = this.#seen.get(file);
    if (seen?.text === text) {
      this.#seen.set(file, { text, settledMs });
      return;
    }
    const status = parseStatus(text);
    if (status === undefined) return; // Half written: the next look finds it whole.
    this.#seen.set(file, { text, settledMs });
    for (const reason of status.reasons) this.say(reason, status.state === 'off');
    for (const reason of status.missing ?? []) this.say(reason, true);
    for (const filter of status.filters ?? []) this.#listener.onFilter(filter);
  }
}

function parseStatus(text: string): ThreadStatus | undefined {
  try {
    return JSON.parse(text) as ThreadStatus;
  } catch {
    return undefined;
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
