/** A flow of what a filter hands on and makes. */
import type { EventBatch } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import {
  messagesOf,
  type EventFlow,
  type Flow,
  type Message,
  type MessageFlow,
  type NextMessage,
} from '../event-flow.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { EventOutput } from './event-output.ts';
import type { EventHandler } from './made-flows.ts';
import { messageFlow, StreamMessage } from './stream-message.ts';

/** What comes in: all messages, or events alone. */
export interface Reading {
  readonly flow: Flow;
  readonly view: EventView;
  next(): NextMessage;
  message(): Message | undefined;
}

/** Begins the one pass over what comes in. */
export function readingOf(upstream: EventFlow, all: boolean): Reading {
  const flow = all ? messagesOf(upstream) : upstream;
  const view = new EventView(flow.batch, flow.streams, flow.eventClasses);
  return 'message' in flow
    ? { flow, view, next: () => flow.next(), message: () => flow.message }
    : { flow, view, next: () => (upstream.next() ? 'events' : 'end'), message: () => undefined };
}

/** A filter's flow. It is read either by `next` or by its messages. */
export class FilterFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  private readonly upstream: EventFlow;
  private readonly assembler: RowAssembler;
  private readonly output: EventOutput;
  private readonly handler: EventHandler;
  private reading: Reading | undefined;
  private row = 0;
  /** What is at hand, and not forwarded yet. */
  private atHand: 'row' | Message | undefined;
  private ended = false;
  private lossesTaken = 0;
  private readonly allLosses: Loss[] = [];
  private message: Message | undefined;
  /** Streams of which a beginning and no end was handed on; kept where the filter decides on that. */
  private readonly begun: Set<OpenStream> | undefined;

  /** @param begin declares traces and streams, and says what to do with each event. */
  constructor(upstream: EventFlow, begin: (output: EventOutput, forward: () => void) => EventHandler) {
    this.upstream = upstream;
    this.assembler = new RowAssembler(upstream.batch);
    this.output = new EventOutput({
      assembler: this.assembler,
      streamCount: upstream.streams.length,
      classCount: upstream.eventClasses.length,
      baseNs: upstream.baseNs,
    });
    this.handler = begin(this.output, () => this.forward());
    this.begun = this.handler.message === undefined ? undefined : new Set();
    const { streams, classes } = this.output.open();
    // What streams of a set are not read leaves holes, which stay.
    const all = [...upstream.streams];
    all.push(...streams);
    this.streams = all;
    this.eventClasses = [...upstream.eventClasses, ...classes];
    this.baseNs = upstream.baseNs;
    this.batch = this.assembler.batch;
  }

  get losses(): readonly Loss[] {
    // A filter that takes messages hands on those losses that it wants to.
    if (this.begun === undefined) {
      const { losses } = this.reading?.flow ?? this.upstream;
      while (this.lossesTaken < losses.length) this.allLosses.push(losses[this.lossesTaken++]!);
    }
    this.allLosses.push(...this.output.losses.splice(0));
    return this.allLosses;
  }

  private forward(): void {
    const { atHand, begun } = this;
    this.atHand = undefined;
    if (atHand === undefined) return;
    if (atHand === 'row') {
      if (begun !== undefined) {
        const { batch, streams } = this.reading!.flow;
        this.needBeginning(streams[batch.streamIndex[this.row]!]!, begun);
      }
      this.assembler.keep(this.row);
      return;
    }
    if (begun !== undefined) {
      if (atHand.kind === 'stream-beginning') begun.add(atHand.stream);
      else if (atHand.kind !== 'inactivity') this.needBeginning(atHand.stream, begun);
      if (atHand.kind === 'stream-end') begun.delete(atHand.stream);
      if (atHand.kind === 'loss') this.allLosses.push(atHand.loss);
    }
    this.assembler.tell({ message: atHand });
  }

  private needBeginning(stream: OpenStream, begun: ReadonlySet<OpenStream>): void {
    if (begun.has(stream)) return;
    throw new SpoorError(
      'plugin/message-order',
      'what is forwarded of a stream comes between its beginning and its end, which were not',
      { where: stream.info.path },
    );
  }

  next(): boolean {
    const reading = this.read(this.begun !== undefined);
    for (;;) {
      const found = this.advance(reading);
      if (found !== 'message') return found === 'events';
    }
  }

  messages(): MessageFlow {
    const reading = this.read(true);
    return messageFlow(
      this,
      () => this.advance(reading),
      () => this.message,
    );
  }

  private read(all: boolean): Reading {
    if (this.reading === undefined) {
      this.reading = readingOf(this.upstream, all);
      this.assembler.readFrom(this.reading.flow.batch);
    }
    return this.reading;
  }

  private advance(reading: Reading): NextMessage {
    const { assembler, batch, handler } = this;
    batch.count = 0;
    for (;;) {
      if (!assembler.isEmpty) {
        this.message = assembler.takeMessage();
        if (this.message !== undefined) return 'message';
        assembler.fill();
        if (batch.count > 0) return 'events';
        continue;
      }
      if (this.ended) return 'end';
      const found = reading.next();
      if (found === 'end') {
        handler.end?.();
        this.output.close();
        this.ended = true;
      } else if (found === 'message') {
        this.atHand = reading.message()!;
        if (handler.message === undefined) this.forward();
        else handler.message(new StreamMessage(this.atHand));
      } else {
        const { flow, view } = reading;
        if (flow.batch.count === 0) return 'events';
        for (this.row = 0; this.row < flow.batch.count; this.row++) {
          this.atHand = 'row';
          handler.event(view.moveTo(this.row));
        }
      }
      this.atHand = undefined;
    }
  }
}
