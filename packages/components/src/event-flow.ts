/** Merged events on their way from sources to sinks. */
import type { EventBatch } from '@spoor/ctf';
import type { EventClassInfo, Loss } from './source-ctf-fs/trace-info.ts';
import type { OpenStream, TraceSet } from './source-ctf-fs/trace-set.ts';

/** What all passes over merged events have. */
export interface Flow {
  /** The one batch, filled anew by each `next`. */
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  /** Grows while the flow is read. */
  readonly losses: readonly Loss[];
}

/** One pass over merged events, batch by batch. */
export interface EventFlow extends Flow {
  /**
   * The set whose events these are, all of them and unchanged; absent once a filter had its hands on them. Who has no
   * need of their order may go through the set's streams instead, packet by packet.
   */
  readonly whole?: TraceSet;
  /** The one stream whose events these are, all of them and unchanged: who merges several may do so at the root. */
  readonly stream?: OpenStream;
  /** Fills the batch; false when there are no more events. An empty batch: there is nothing now, ask again later. */
  next(): boolean;
  /**
   * Goes over the same with all other messages: what begins and ends, and what was lost. It is the one pass of this
   * flow: after it `next` is not called any more. Absent where only events are known.
   */
  messages?(): MessageFlow;
}

/** A message that is no event. Times are clock values in ticks, absent where the trace does not say one. */
export type Message =
  | {
      readonly kind: 'stream-beginning' | 'stream-end';
      readonly stream: OpenStream;
      /** Where a time range cuts the stream. */
      readonly ticks?: bigint;
    }
  | {
      readonly kind: 'packet-beginning' | 'packet-end';
      readonly stream: OpenStream;
      readonly ticks?: bigint;
      /** Set where the time is that of the packet's first event. */
      readonly ofEvent?: true;
    }
  | { readonly kind: 'loss'; readonly stream: OpenStream; readonly loss: Loss }
  /** Nothing earlier than this clock value of a stream will come, of any stream. */
  | { readonly kind: 'inactivity'; readonly stream: OpenStream; readonly ticks: bigint };

/** What `MessageFlow.next` found. */
export type NextMessage = 'events' | 'message' | 'end';

/** One pass over all messages: events by the batch, every other message alone, in babeltrace2's order. */
export interface MessageFlow extends Flow {
  /** The message found last, when that was no batch of events. */
  readonly message: Message | undefined;
  /** Fills the batch with events (none: there is nothing now, ask again later), or sets `message`. The batch's rows hold until the next call. */
  next(): NextMessage;
}

/** All messages of a flow. Where events alone are known, they are all in between the beginnings and ends of streams. */
export function messagesOf(flow: EventFlow): MessageFlow {
  return flow.messages?.() ?? new EventMessages(flow);
}

/** The messages of a flow of which events alone are known. */
class EventMessages implements MessageFlow {
  message: Message | undefined;
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly flow: EventFlow;
  private readonly toBegin: OpenStream[];
  private readonly toEnd: OpenStream[];
  private lossesTold = 0;

  constructor(flow: EventFlow) {
    this.flow = flow;
    this.batch = flow.batch;
    this.streams = flow.streams;
    this.eventClasses = flow.eventClasses;
    this.baseNs = flow.baseNs;
    this.losses = flow.losses;
    this.toBegin = flow.streams.filter((stream) => stream !== undefined).reverse();
    this.toEnd = [...this.toBegin];
  }

  next(): NextMessage {
    const beginning = this.toBegin.pop();
    if (beginning !== undefined) {
      this.message = { kind: 'stream-beginning', stream: beginning };
      return 'message';
    }
    if (this.takeLoss()) return 'message';
    if (this.flow.next()) return 'events';
    if (this.takeLoss()) return 'message';
    const end = this.toEnd.pop();
    if (end === undefined) return 'end';
    this.message = { kind: 'stream-end', stream: end };
    return 'message';
  }

  /** Sets `message` to a loss of one of the streams that came up meanwhile. */
  private takeLoss(): boolean {
    while (this.lossesTold < this.losses.length) {
      const loss = this.losses[this.lossesTold++]!;
      const stream = this.streams[loss.stream.index];
      if (stream === undefined) continue;
      this.message = { kind: 'loss', stream, loss };
      return true;
    }
    return false;
  }
}
