/** Merged events on their way from sources to sinks. */
import type { EventBatch } from '@spoor/ctf';
import type { EventClassInfo, Loss } from './source-ctf-fs/trace-info.ts';
import type { OpenStream, TraceSet } from './source-ctf-fs/trace-set.ts';

/** One pass over merged events, batch by batch. */
export interface EventFlow {
  /** The one batch, filled anew by each `next`. */
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  /** Grows while the flow is read. */
  readonly losses: readonly Loss[];
  /**
   * The set whose events these are, all of them and unchanged; absent once a filter had its hands on them. Who has no
   * need of their order may go through the set's streams instead, packet by packet.
   */
  readonly whole?: TraceSet;
  /** Fills the batch; false when there are no more events. */
  next(): boolean;
}
