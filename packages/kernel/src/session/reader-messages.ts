/** What threads that read the rings of sessions and the one that started them say to each other. */
import type { FileUser } from '@spoor/sys';
import type { RingTasks } from '../contexts/task-births.ts';
import type { PeerPlace } from '../drain/reader-peers.node.ts';
import type { PageLayout } from '../formats/page-layout.ts';
import type { SessionSinkData } from './session-transcoder.node.ts';
import type { SpoolPlace } from './spool-files.node.ts';

/** A ring: that of a processor in the instance of a channel. */
export interface RingRequest {
  readonly cpu: number;
  readonly path: string;
  readonly layout: PageLayout;
  readonly ringBytes: number;
  /** Whether its pages stay where they are until they are asked for. */
  readonly isInMemory: boolean;
  /** Longest time between two looks; 0 leaves that to the thread. */
  readonly readIntervalMs: number;
  readonly data: SessionSinkData;
  readonly place: TracePlace | undefined;
  /** Losses that an earlier reader has told of. */
  readonly toldLost: number;
  /** Where its pages wait until they are converted; undefined where they are converted as they come. */
  readonly spool: SpoolRequest | undefined;
}

/** Where pages wait, and how far the conversion of all rings of the session has come. */
export interface SpoolRequest {
  readonly place: SpoolPlace;
  readonly times: SharedArrayBuffer;
  /** Of the ring, there. */
  readonly index: number;
}

/** Where packets go. */
export interface TracePlace {
  readonly directory: string;
  /** A word a class: which are in the metadata there. */
  readonly declared: SharedArrayBuffer;
  /** With whose rights the files are made; undefined for those of this process. */
  readonly writer: FileUser | undefined;
}

/** What is asked of a thread. Each but `add` and `remove` is for the rings of the channel `key`. */
export type ReaderCommand =
  | { readonly kind: 'add'; readonly key: string; readonly rings: readonly RingRequest[] }
  /** Reads what is left, and closes. */
  | { readonly kind: 'remove'; readonly key: string }
  /** Whether rings are looked at by themselves. */
  | { readonly kind: 'activate'; readonly key: string; readonly isActive: boolean }
  /** Reads what there is, and goes on with another description. */
  | {
      readonly kind: 'configure';
      readonly key: string;
      readonly data: SessionSinkData;
      readonly place: TracePlace | undefined;
    }
  /** Reads what there is, and closes the files. */
  | { readonly kind: 'suspend'; readonly key: string }
  | { readonly kind: 'resume'; readonly key: string; readonly place: TracePlace | undefined }
  | { readonly kind: 'flush'; readonly key: string }
  /** What waits now is what is converted next; who was made is told. Nothing, where pages are converted as they come. */
  | { readonly kind: 'seal'; readonly key: string }
  /**
   * Converts it, while the rings are emptied on. Packets that find no room wait; the `last` time they are lost, and what is
   * converted to be `cleared` goes nowhere.
   */
  | { readonly kind: 'convert'; readonly key: string; readonly how: ConversionKind }
  /** Reads what there is of rings that are in memory, for the snapshot that comes next: who was made is told. */
  | { readonly kind: 'collect'; readonly key: string }
  | {
      readonly kind: 'snapshot';
      readonly key: string;
      readonly place: TracePlace;
      readonly mostBytes: number;
    }
  /** Forgets what is in the rings. */
  | { readonly kind: 'clear'; readonly key: string }
  | { readonly kind: 'count'; readonly key: string };

export type ConversionKind = 'kept' | 'last' | 'cleared';

/** What a ring has come to. */
export interface RingTotals {
  readonly cpu: number;
  readonly eventCount: number;
  readonly lostCount: number;
  /** Events that were read and could not be written. */
  readonly unwrittenCount: number;
  readonly writtenBytes: number;
  /** Why it is not read any more, or what of it is not written, if so. */
  readonly failure: string | undefined;
  /** Tasks that it tells of, if they were asked for. */
  readonly tasks?: RingTasks;
  /** What waits to be converted, where pages do. */
  readonly waiting?: WaitingPages;
}

/** Pages of a ring that wait to be converted. */
export interface WaitingPages {
  readonly bytes: number;
  /** As the kernel counts them. */
  readonly eventCount: number;
  /** Why it cannot be converted now, if so. */
  readonly stuck: string | undefined;
}

export interface ReaderRequest {
  readonly id: number;
  readonly command: ReaderCommand;
}

export type ReaderMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly rings: readonly RingTotals[] }
  | { readonly kind: 'refused'; readonly id: number; readonly message: string; readonly code: string }
  /** What is read on, but cannot be written. */
  | { readonly kind: 'trouble'; readonly key: string; readonly cpu: number; readonly message: string }
  | { readonly kind: 'failed'; readonly key: string; readonly cpu: number; readonly message: string };

/** What a thread is started with. */
export interface ReaderThreadData {
  /** Of {@link readerWords}. */
  readonly words: Int32Array;
  /** Descriptor of the bell that is rung when they change; undefined where the thread looks at the words alone. */
  readonly bell: number | undefined;
  /** Its place among all of them. */
  readonly peers: PeerPlace;
}

/** Indexes of shared words. */
export const readerWords = {
  /** Changed, and the thread woken, whenever something is asked for. */
  sequence: 0,
  count: 1,
} as const;
