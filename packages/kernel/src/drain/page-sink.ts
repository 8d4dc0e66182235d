/** Where the pages of rings go. */
import type { Settler } from '../contexts/task-table.ts';
import type { PageLayout } from '../formats/page-layout.ts';

/** Read before they are handed on: few enough to stay in the processor's cache. */
const batchBytes = 262_144;

/** Room for the pages that are handed on together. */
export function batchBytesOf({ subBufferBytes }: PageLayout): number {
  return Math.max(1, Math.floor(batchBytes / subBufferBytes)) * subBufferBytes;
}

/** The ring that a sink is made for. */
export interface RingPlace {
  readonly cpu: number;
  readonly layout: PageLayout;
  /** Name of the instance's clock, as in `trace_clock`. */
  readonly clock: string;
  /** Hears that something is lost while reading goes on. */
  readonly onTrouble?: (message: string) => void;
  /** Where rings are read beside each other. */
  readonly settle?: Settler;
}

/** Takes the pages of one ring, in their order. What it throws ends the reading of that ring. */
export interface PageSink {
  /**
   * Takes one page.
   * @param bytes memory that it lies in, the same for all pages; it is another page's when the call has returned.
   * @param at where it begins there.
   * @param lengthBytes of the whole sub-buffer, its header included: that tells what of it is used.
   */
  page(bytes: Uint8Array, at: number, lengthBytes: number): void;
  /** Memory for {@link batchBytesOf} that pages are best read into, if there is such. */
  readonly input?: Uint8Array<ArrayBuffer> | undefined;
  /** Whether what other rings tell is worth waiting for before {@link flush}. */
  readonly isWaiting: boolean;
  /**
   * The ring has been emptied for now.
   * @param mayHaveLost whether it may have been full since the last time, or the truth is asked for: only then is it worth
   * while to ask the kernel for events that found no room.
   */
  flush(mayHaveLost: boolean): void;
  /**
   * Nothing more comes.
   * @returns what {@link RingResult} hands out; it must be something that can be sent between threads.
   */
  close(): unknown;
}

/**
 * A sink that writes pages as they are, many at a time. Where it has no room for them what is left stays in the ring until there is
 * some.
 */
export interface BatchSink extends Pick<PageSink, 'flush' | 'close'> {
  /**
   * Descriptor of the file that the pages go to, each with all of its sub-buffer: full ones may then be moved into it
   * past the sink, and without passing through this process. Absent where the sink wants to see them all.
   */
  readonly file?: number | undefined;
  /** What is to be told where pages cannot be moved into {@link file}: of which file, and what to do. */
  refusal?(cause: unknown): Error;
  /**
   * Takes pages that lie one behind the other.
   * @param lengthBytes of all of them: all of their sub-buffers where there is a {@link file}; else what
   * {@link storedPageBytes} says of each, together.
   */
  batch(bytes: Uint8Array, lengthBytes: number, pageCount: number): void;
  /** Writes what {@link batch} could not, for there was no room; throws as it does. */
  writeRest?(): void;
}

/** What the module of a sink exports. */
export interface PageSinkModule {
  /** @param data what the sink was asked for with. */
  createPageSink(data: unknown, place: RingPlace): PageSink | BatchSink | Promise<PageSink | BatchSink>;
}

/** A sink, by its module: it runs in the thread that reads. */
export interface SinkReference {
  readonly module: URL;
  /** Anything that can be sent to a thread. */
  readonly data: unknown;
}

/** What became of a ring. */
export interface RingResult {
  readonly cpu: number;
  readonly pageCount: number;
  /** Bytes of pages, headers included. */
  readonly sizeBytes: number;
  /** What the sink's `close` said. */
  readonly result: unknown;
  /** Why reading ended early, if it did. */
  readonly failure: string | undefined;
}
