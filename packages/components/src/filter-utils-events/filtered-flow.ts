/** Hands on the rows of a flow that a selection wants. */
import type { EventFlow, Flow, MessageFlow, NextMessage } from '../event-flow.ts';
import type { EventSelection, Verdict } from './event-selection.ts';

/** Takes rows out of batches. */
class RowFilter {
  private readonly flow: Flow;
  private readonly selection: EventSelection;
  /** By class; made at the first event of each. */
  private readonly verdicts: (Verdict | undefined)[];

  constructor(flow: Flow, selection: EventSelection) {
    this.flow = flow;
    this.selection = selection;
    this.verdicts = flow.eventClasses.map(() => undefined);
  }

  /** Keeps the wanted rows of the flow's batch; false when none are left. */
  select(): boolean {
    const { verdicts } = this;
    const { batch, streams } = this.flow;
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
    return kept > 0;
  }

  private decide(eventClass: number): Verdict {
    const verdict = this.selection.verdictOf(this.flow.eventClasses[eventClass]!);
    this.verdicts[eventClass] = verdict;
    return verdict;
  }
}

/**
 * Filters batch by batch, in place. Fields are read only of events whose class is wanted, and only those that the
 * expression needs; losses and all other messages pass as they are.
 */
export function filteredFlow(upstream: EventFlow, selection: EventSelection): EventFlow {
  const filter = new RowFilter(upstream, selection);
  const { batch, streams, eventClasses, baseNs, losses } = upstream;
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    losses,
    next(): boolean {
      // An empty batch says that there is nothing now.
      while (upstream.next()) if (batch.count === 0 || filter.select()) return true;
      return false;
    },
    ...(upstream.messages === undefined
      ? {}
      : { messages: () => filteredMessages(upstream.messages!(), filter) }),
  };
}

function filteredMessages(upstream: MessageFlow, filter: RowFilter): MessageFlow {
  const { batch, streams, eventClasses, baseNs, losses } = upstream;
  return {
    batch,
    streams,
    eventClasses,
    baseNs,
    losses,
    get message() {
      return upstream.message;
    },
    next(): NextMessage {
      for (;;) {
        const found = upstream.next();
        if (found !== 'events' || batch.count === 0 || filter.select()) return found;
      }
    },
  };
}
