// Rows of the table that were fetched, in pages; pages that scrolled away before they came are cancelled.
import { signal, type Signal } from '@preact/signals';
import type { TableRow } from '@spoor/server/protocol';
import { api, isAbort, type Patterns } from './api.ts';

/** Rows of a page. */
const pageRows = 128;
/** Pages kept. */
const keptPages = 60;

/** See the head of this file. One of these belongs to one set of patterns. */
export class TableRowCache {
  /** Rows of the table as far as known. */
  readonly total: Signal<number> = signal(0);
  /** Whether `total` is final. */
  readonly complete: Signal<boolean> = signal(false);
  /** Share of the trace that the patterns have been applied to. */
  readonly progress: Signal<number> = signal(0);
  /** Changes when rows arrived. */
  readonly version: Signal<number> = signal(0);
  readonly #patterns: Patterns;
  readonly #failed: (error: unknown) => void;
  readonly #pages = new Map<number, readonly TableRow[]>();
  readonly #pending = new Map<number, AbortController>();
  #closed = false;

  constructor(patterns: Patterns, failed: (error: unknown) => void) {
    this.#patterns = patterns;
    this.#failed = failed;
  }

  /** The row, if it is here. */
  row(index: number): TableRow | undefined {
    return this.#pages.get(Math.floor(index / pageRows))?.[index % pageRows];
  }

  /** Asks for the pages of the given rows, and cancels what is under way for others. */
  want(first: number, count: number): void {
    const from = Math.floor(first / pageRows);
    const to = Math.floor(Math.max(first, first + count - 1) / pageRows);
    for (const [page, stop] of this.#pending) {
      if (page >= from && page <= to) continue;
      stop.abort();
      this.#pending.delete(page);
    }
    for (let page = from; page <= to; page++) {
      const held = this.#pages.get(page);
      if (this.#pending.has(page)) continue;
      const expected = Math.min(pageRows, this.total.peek() - page * pageRows);
      if (held !== undefined && held.length >= expected) continue;
      void this.#load(page);
    }
  }

  /** Asks again how many rows there are, while that is not final. */
  async poll(): Promise<void> {
    try {
      const answer = await api.rows(0, 0, this.#patterns);
      if (this.#closed) return;
      this.total.value = answer.total;
      this.complete.value = answer.complete;
      this.progress.value = answer.progress;
    } catch (error) {
      this.#failed(error);
    }
  }

  close(): void {
    this.#closed = true;
    for (const stop of this.#pending.values()) stop.abort();
  }

  async #load(page: number): Promise<void> {
    const stop = new AbortController();
    this.#pending.set(page, stop);
    try {
      const answer = await api.rows(page * pageRows, pageRows, this.#patterns, stop.signal);
      this.#pages.delete(page);
      this.#pages.set(page, answer.rows);
      for (const oldest of this.#pages.keys()) {
        if (this.#pages.size <= keptPages) break;
        this.#pages.delete(oldest);
      }
      this.total.value = answer.total;
      this.complete.value = answer.complete;
      this.progress.value = answer.progress;
      this.version.value += 1;
    } catch (error) {
      if (!isAbort(error)) this.#failed(error);
    } finally {
      if (this.#pending.get(page) === stop) this.#pending.delete(page);
    }
  }
}
