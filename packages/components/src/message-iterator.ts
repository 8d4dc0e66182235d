/** A pass over messages that can be moved to another time while it is read. */
import type { Pass } from '@spoor/graph';
import type { EventBatch } from '@spoor/ctf';
import {
  messagesOf,
  type EventFlow,
  type Message,
  type MessageFlow,
  type NextMessage,
} from './event-flow.ts';
import { TrimmedMessages } from './filter-utils-trimmer/trimmed-messages.ts';
import type { EventClassInfo, Loss } from './source-ctf-fs/trace-info.ts';
import type { OpenStream } from './source-ctf-fs/trace-set.ts';

/** What begins a pass: an output port, or anything that opens as one does. */
export interface FlowOpener {
  /** @param pass `fromNs` says that nothing before is wanted; what comes before it is left out all the same. */
  readonly open: (pass?: Pass) => EventFlow;
}

/**
 * Messages of an output port, as a message iterator of babeltrace2 with its two ways to seek. A source of traces finds
 * a time by the index of its packets or by bisection; what has no such means is gone through from its beginning.
 *
 * Each seek begins a new pass: `batch`, `streams` and `losses` are others afterwards.
 */
export class MessageIterator implements MessageFlow {
  private readonly opener: FlowOpener;
  private readonly pass: Pass;
  private flow: MessageFlow;

  /**
   * Stands before the first message.
   * @param pass what every pass is to be like; `fromNs` is where {@link seekBeginning} leads.
   * @throws whatever the port throws that cannot be opened.
   */
  constructor(opener: FlowOpener, pass: Pass = {}) {
    this.opener = opener;
    this.pass = pass;
    this.flow = this.begin(pass);
  }

  get message(): Message | undefined {
    return this.flow.message;
  }

  get batch(): EventBatch {
    return this.flow.batch;
  }

  get streams(): readonly OpenStream[] {
    return this.flow.streams;
  }

  get eventClasses(): readonly EventClassInfo[] {
    return this.flow.eventClasses;
  }

  get baseNs(): bigint {
    return this.flow.baseNs;
  }

  get losses(): readonly Loss[] {
    return this.flow.losses;
  }

  /** The next message, or batch of events. @throws BytesAwaited when bytes have yet to come; then it is called again. */
  next(): NextMessage {
    return this.flow.next();
  }

  /** Moves before the first message (`bt_message_iterator_seek_beginning`). Also after the end, or an error. */
  seekBeginning(): void {
    this.flow = this.begin(this.pass);
  }

  /**
   * Moves before the first message at or after a time (`bt_message_iterator_seek_ns_from_origin`). Streams and packets
   * that are open then are begun anew at that time, so that every message stands in what it belongs to.
   * @param timeNs in nanoseconds from the clocks' origin (of wall clocks: the Unix epoch).
   */
  seekNs(timeNs: bigint): void {
    const { fromNs } = this.pass;
    const laterNs = fromNs !== undefined && fromNs > timeNs ? fromNs : timeNs;
    this.flow = this.begin({ ...this.pass, fromNs: laterNs });
  }

  private begin(pass: Pass): MessageFlow {
    const { fromNs } = pass;
    const messages = messagesOf(this.opener.open(pass));
    return fromNs === undefined ? messages : new TrimmedMessages(messages, { beginNs: fromNs });
  }
}
