/** A flow cut to a time range, as babeltrace2's `filter.utils.trimmer`: both bounds are included. */
import type { EventBatch } from '@spoor/ctf';
import type { EventFlow, MessageFlow } from '../event-flow.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { TrimmedMessages } from './trimmed-messages.ts';

/** A range of time in nanoseconds from the clock's origin (of wall clocks: the Unix epoch). */
export interface TimeRange {
  /** Leave out events before this time. */
  readonly beginNs?: bigint;
  /** Leave out events after this time. */
  readonly endNs?: bigint;
}

/** Hands on the rows of a flow that lie in a range; ends where the range ends or a signal says so. */
export class TrimmedFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  readonly messages?: () => MessageFlow;
  private readonly upstream: EventFlow;
  private readonly firstNs: number;
  private readonly lastNs: number;
  private readonly signal: AbortSignal | undefined;

  constructor(upstream: EventFlow, range: TimeRange & { readonly signal?: AbortSignal }) {
    this.upstream = upstream;
    this.batch = upstream.batch;
    this.streams = upstream.streams;
    this.eventClasses = upstream.eventClasses;
    this.baseNs = upstream.baseNs;
    this.losses = upstream.losses;
    this.firstNs = range.beginNs === undefined ? -Infinity : Number(range.beginNs - upstream.baseNs);
    this.lastNs = range.endNs === undefined ? Infinity : Number(range.endNs - upstream.baseNs);
    this.signal = range.signal;
    if (upstream.messages !== undefined) {
      this.messages = () => new TrimmedMessages(upstream.messages!(), range);
    }
  }

  next(): boolean {
    const { batch, firstNs, lastNs } = this;
    for (;;) {
      if (this.signal?.aborted === true || !this.upstream.next()) break;
      // An empty batch says that there is nothing now.
      if (batch.count === 0) return true;
      if (batch.timeNs[0]! > lastNs) break;
      if (batch.timeNs[0]! >= firstNs && batch.timeNs[batch.count - 1]! <= lastNs) return true;
      this.trim();
      if (batch.count > 0) return true;
    }
    batch.count = 0;
    return false;
  }

  /** Drops the rows outside the range. */
  private trim(): void {
    const { batch, firstNs, lastNs } = this;
    let kept = 0;
    for (let row = 0; row < batch.count; row++) {
      const time = batch.timeNs[row]!;
      if (time < firstNs || time > lastNs) continue;
      batch.streamIndex[kept] = batch.streamIndex[row]!;
      batch.classIndex[kept] = batch.classIndex[row]!;
      batch.timeNs[kept] = time;
      batch.offsetBits[kept] = batch.offsetBits[row]!;
      kept++;
    }
    batch.count = kept;
  }
}
