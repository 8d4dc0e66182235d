/** What the threads of a process say of how tracing fares, out of their status files. */
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { FilterStatus, ThreadStatus } from '@spoor/ringbuffer';
import { MOST_BYTES, readProgramFile } from './program-file.ts';

/** Takes what threads say. */
export interface StatusListener {
  /** One line, once for the process: threads say the same, and a thread repeats it when there is more to say. */
  readonly onReason: (reason: string, isFault: boolean) => void;
  readonly onFilter: (filter: FilterStatus) => void;
}

/** Reads the status files of one process. */
export class ThreadStatuses {
  readonly #folder: string;
  readonly #listener: StatusListener;
  /** What each file said last. */
  readonly #seen: Map<string, string> = new Map();
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
        this.#take(file, readProgramFile(path, MOST_BYTES.status).toString('utf8'));
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

  #take(file: string, text: string): void {
    if (this.#seen.get(file) === text) return;
    const status = parseStatus(text);
    if (status === undefined) return; // Half written: the next look finds it whole.
    this.#seen.set(file, text);
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
