/**
 * Merges flows of different trace sets by time: rows are copied from the batches of all into one, whose streams, event
 * classes and times are those of all. What comes from one set is merged before, without a copy (muxer.ts).
 */
import { EventBatch } from '@spoor/ctf';
import type { EventFlow, Flow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { compareStreamInfos } from '../source-ctf-fs/build-trace-set.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo, Loss, StreamInfo } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';

/** One flow of a merge, and where its rows' numbers begin in the merged ones. */
interface Part<F extends Flow> {
  readonly flow: F;
  readonly streamBase: number;
  readonly classBase: number;
  /** Added to its times. */
  readonly shiftNs: number;
  /** Losses of the flow that were handed on. */
  lossesTaken: number;
  /** The next row of its batch. */
  row: number;
  state: 'events' | 'message' | 'empty' | 'nothing-now' | 'end';
  /** Time of its next row or message. */
  timeNs: number;
}

/** The stream of a part's next row or message. */
function infoOf({ flow, state, row }: Part<Flow>): StreamInfo | undefined {
  if (state === 'events') return flow.streams[flow.batch.streamIndex[row]!]!.info;
  return state === 'message' && 'message' in flow ? (flow as MessageFlow).message?.stream.info : undefined;
}

class Merge<F extends Flow> {
  readonly batch = new EventBatch();
  readonly streams: OpenStream[] = [];
  readonly eventClasses: EventClassInfo[] = [];
  readonly baseNs: bigint;
  readonly losses: Loss[] = [];
  readonly parts: readonly Part<F>[];

  constructor(flows: readonly F[]) {
    this.baseNs = flows.reduce((least, { baseNs }) => (baseNs < least ? baseNs : least), flows[0]!.baseNs);
    this.parts = flows.map((flow) => {
      const part: Part<F> = {
        flow,
        streamBase: this.streams.length,
        classBase: this.eventClasses.length,
        shiftNs: Number(flow.baseNs - this.baseNs),
        lossesTaken: 0,
        row: 0,
        state: 'empty',
        timeNs: -Infinity,
      };
      // A flow may leave holes where it does not read a stream.
      for (const [index, stream] of flow.streams.entries()) {
        if (stream !== undefined) this.streams[part.streamBase + index] = stream;
      }
      this.streams.length = part.streamBase + flow.streams.length;
      this.eventClasses.push(...flow.eventClasses);
      return part;
    });
  }

  takeLosses(part: Part<F>): void {
    const { losses } = part.flow;
    while (part.lossesTaken < losses.length) this.losses.push(losses[part.lossesTaken++]!);
  }

  /** The part whose next row or message is the earliest; undefined when one has to be filled first, or all ended. */
  earliest(): Part<F> | undefined {
    let best: Part<F> | undefined;
    for (const part of this.parts) {
      if (part.state === 'end') continue;
      if (best === undefined || part.timeNs < best.timeNs) best = part;
      else if (part.timeNs === best.timeNs && this.before(part, best)) best = part;
    }
    return best;
  }

  private before(left: Part<F>, right: Part<F>): boolean {
    const leftInfo = infoOf(left);
    const rightInfo = infoOf(right);
    if (leftInfo === undefined || rightInfo === undefined) return false;
    return compareStreamInfos(leftInfo, rightInfo) < 0;
  }

  /** Time up to which a part may go before another has its turn. */
  limitOf(part: Part<F>): number {
    let limit = Infinity;
    for (const other of this.parts) {
      if (other !== part && other.state !== 'end' && other.timeNs < limit) limit = other.timeNs;
    }
    return limit;
  }

  /** Copies rows of a part up to a limit; at the limit one row at a time, for ties are looked at anew. */
  copyRows(part: Part<F>, limit: number): void {
    const { batch } = this;
    const from = part.flow.batch;
    const room = batch.timeNs.length;
    let row = part.row;
    let count = batch.count;
    for (;;) {
      const time = from.timeNs[row]! + part.shiftNs;
      if (row > part.row && time >= limit) break;
      batch.streamIndex[count] = from.streamIndex[row]! + part.streamBase;
      batch.classIndex[count] = from.classIndex[row]! + part.classBase;
      batch.timeNs[count] = time;
      batch.offsetBits[count] = from.offsetBits[row]!;
      count++;
      row++;
      if (row === from.count || count === room) break;
    }
    batch.count = count;
    part.row = row;
    if (row === from.count) part.state = 'empty';
    // A step back in a part does not hold up the others.
    else part.timeNs = Math.max(part.timeNs, from.timeNs[row]! + part.shiftNs);
  }

  /** Makes the first row of a freshly filled batch the part's next. */
  filled(part: Part<F>): void {
    this.takeLosses(part);
    part.row = 0;
    if (part.flow.batch.count === 0) {
      part.state = 'nothing-now';
      return;
    }
    part.state = 'events';
    part.timeNs = Math.max(part.timeNs, part.flow.batch.timeNs[0]! + part.shiftNs);
  }
}

class MergedFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  readonly messages?: () => MessageFlow;
  private readonly merge: Merge<EventFlow>;

  constructor(flows: readonly EventFlow[]) {
    this.merge = new Merge(flows);
    this.batch = this.merge.batch;
    this.streams = this.merge.streams;
    this.eventClasses = this.merge.eventClasses;
    this.baseNs = this.merge.baseNs;
    this.losses = this.merge.losses;
    if (flows.every(({ messages }) => messages !== undefined)) {
      this.messages = () => new MergedMessages(flows.map((flow) => flow.messages!()));
    }
  }

  next(): boolean {
    const { merge, batch } = this;
    batch.count = 0;
    for (;;) {
      for (const part of merge.parts) {
        if (part.state !== 'empty' && part.state !== 'nothing-now') continue;
        // Its next batch would take the place of rows that are in ours.
        if (part.state === 'empty' && batch.count > 0) return true;
        if (part.flow.next()) {
          merge.filled(part);
          if (part.state === 'nothing-now') return true;
        } else {
          merge.takeLosses(part);
          part.state = 'end';
        }
      }
      const part = merge.earliest();
      if (part === undefined) return batch.count > 0;
      merge.copyRows(part, merge.limitOf(part));
      if (batch.count === batch.timeNs.length) return true;
    }
  }
}

class MergedMessages implements MessageFlow {
  message: Message | undefined;
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly merge: Merge<MessageFlow>;

  constructor(flows: readonly MessageFlow[]) {
    this.merge = new Merge(flows);
    this.batch = this.merge.batch;
    this.streams = this.merge.streams;
    this.eventClasses = this.merge.eventClasses;
    this.baseNs = this.merge.baseNs;
    this.losses = this.merge.losses;
  }

  next(): NextMessage {
    const { merge, batch } = this;
    batch.count = 0;
    for (;;) {
      for (const part of merge.parts) {
        if (part.state !== 'empty' && part.state !== 'nothing-now') continue;
        if (part.state === 'empty' && batch.count > 0) return 'events';
        this.fill(part);
        if (part.state === 'nothing-now') return 'events';
      }
      const part = merge.earliest();
      if (part === undefined) return batch.count > 0 ? 'events' : 'end';
      if (part.state === 'message') {
        if (batch.count > 0) return 'events';
        part.state = 'empty';
        this.message = part.flow.message!;
        return 'message';
      }
      merge.copyRows(part, merge.limitOf(part));
      if (batch.count === batch.timeNs.length) return 'events';
    }
  }

  private fill(part: Part<MessageFlow>): void {
    const found = part.flow.next();
    this.merge.takeLosses(part);
    if (found === 'end') {
      part.state = 'end';
    } else if (found === 'events') {
      this.merge.filled(part);
    } else {
      part.state = 'message';
      part.timeNs = Math.max(part.timeNs, this.timeOf(part.flow.message!) + part.shiftNs);
    }
  }

  /** Time of a message after the base of its own flow; what has none goes at the time of what was before it. */
  private timeOf(message: Message): number {
    const ticks = message.kind === 'loss' ? message.loss.beginTicks : message.ticks;
    const { set, decoder } = message.stream;
    const clock = decoder.streamClass.clockClass;
    if (ticks === undefined || clock === undefined) return -Infinity;
    return Number(nanosecondsOfClock(clock, ticks) - set.baseNs);
  }
}

/** One flow of several; equal times are ordered as babeltrace2 orders streams. */
export function mergeFlows(flows: readonly EventFlow[]): EventFlow {
  return flows.length === 1 ? flows[0]! : new MergedFlow(flows);
}
