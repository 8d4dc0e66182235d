/** Hands on the rows of a flow that a selection wants. */
import type { EventBatch } from '@spoor/ctf';
import type { EventFlow } from '../event-flow.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { EventSelection, Verdict } from './event-selection.ts';

/**
 * Filters batch by batch, in place. Fields are read only of events whose class is wanted, and only those that the
 * expression needs; losses pass as they are.
 */
export class FilteredFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly upstream: EventFlow;
  private readonly selection: EventSelection;
  /** By class; made at the first event of each. */
  private readonly verdicts: (Verdict | undefined)[];

  constructor(upstream: EventFlow, selection: EventSelection) {
    this.upstream = upstream;
    this.selection = selection;
    this.batch = upstream.batch;
    this.streams = upstream.streams;
    this.eventClasses = upstream.eventClasses;
    this.baseNs = upstream.baseNs;
    this.losses = upstream.losses;
    this.verdicts = upstream.eventClasses.map(() => undefined);
  }

  next(): boolean {
    while (this.upstream.next()) {
      this.select();
      if (this.batch.count > 0) return true;
    }
    return false;
  }

  private select(): void {
    const { batch, verdicts, streams } = this;
    const { streamIndex, classIndex, timeNs, offsetBits, count } = batch;
    let kept = 0;
    for (let row = 0; row < count; row++) {
      const eventClass = classIndex[row]!;
      const verdict = verdicts[eventClass] ?? this.decide(eventClass);
      if (verdict === false) continue;
      const stream = streamIndex[row]!;
      const offset = offsetBits[row]!;
      if (verdict !== true) {
        const open = streams[stream]!;
        const { cursor } = open.reader;
        if (!verdict(cursor.bytes, cursor.view, offset, cursor.externals, open)) continue;
      }
      if (kept !== row) {
        streamIndex[kept] = stream;
        classIndex[kept] = eventClass;
        timeNs[kept] = timeNs[row]!;
        offsetBits[kept] = offset;
      }
      kept++;
    }
    batch.count = kept;
  }

  private decide(eventClass: number): Verdict {
    const verdict = this.selection.verdictOf(this.eventClasses[eventClass]!);
    this.verdicts[eventClass] = verdict;
    return verdict;
  }
}
