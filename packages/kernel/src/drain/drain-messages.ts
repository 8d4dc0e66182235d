/** What a thread that reads rings and the one that started it say to each other. */
import type { PageLayout } from '../formats/page-layout.ts';
import type { PeerPlace } from './reader-peers.node.ts';
import type { RingResult } from './page-sink.ts';

/** What a thread is started with. */
export interface DrainRequest {
  readonly rings: readonly { readonly cpu: number; readonly path: string }[];
  readonly layout: PageLayout;
  readonly clock: string;
  readonly sinkModule: string;
  readonly sinkData: unknown;
  /** Words of {@link controlWords}, shared by all threads of a drain. */
  readonly control: Int32Array;
  /** Descriptor of the bell that is rung when a word changes; undefined where the thread looks at the words alone. */
  readonly bell: number | undefined;
  /** Its place among the threads of the drain. */
  readonly peers: PeerPlace;
  readonly intervalMs: number;
  readonly ringBytes: number;
}

/** Indexes of shared words. */
export const controlWords = {
  /** Changed, and waiters woken, whenever something is asked for. */
  sequence: 0,
  /** 1: read all that is there, and end. */
  stopping: 1,
  count: 2,
} as const;

/** What a thread tells. */
export type DrainMessage =
  | { readonly kind: 'ready' }
  /** All that was in the rings when the sequence became this has been handed on. */
  | { readonly kind: 'flushed'; readonly sequence: number }
  /** A ring is read on, but what becomes of it is not whole. */
  | { readonly kind: 'trouble'; readonly cpu: number; readonly message: string }
  | { readonly kind: 'failed'; readonly cpu: number; readonly message: string }
  | { readonly kind: 'done'; readonly results: readonly RingResult[] };
