/** Flows that sources of plug-ins make. */
import { EventBatch } from '@spoor/ctf';
import type { EventFlow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import type { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { EventOutput } from './event-output.ts';
import { messageFlow, type StreamMessage } from './stream-message.ts';

/** Steps of a source between two batches: its events may be few. */
const mostSteps = 16_384;

/** Events of a source that waits are gathered for so long, or until they are so many, before they are handed on. */
const gatherMs = 10;
const gatherEvents = 4096;

/** What a source does, step by step: a promise says that there is nothing before it is settled. */
export type SourceSteps = Iterable<unknown>;

/** What a filter or a sink does with each event, and if it likes with all other messages. */
export interface EventHandler {
  event(event: EventView): void;
  /**
   * Takes what is no event: beginnings and ends of streams and packets, losses, inactivity. A filter without it lets all
   * of them pass.
   */
  message?(message: StreamMessage): void;
  /** Called after the last event. */
  end?(): void;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}

/** A flow of what a source makes. */
export class SourceFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly assembler = new RowAssembler(new EventBatch(1));
  private readonly steps: Iterator<unknown>;
  private readonly idle: (until: Promise<unknown>) => void;
  private ended = false;
  private waiting: Promise<unknown> | undefined;
  private failure: { readonly error: unknown } | undefined;
  private gatherUntil: number | undefined;
  /** Whether what was gathered is being handed on. */
  private handsOn = false;
  private message: Message | undefined;
  private readonly output: EventOutput;

  /** @param begin declares traces and streams; its steps append events. */
  constructor(begin: (output: EventOutput) => SourceSteps, idle: (until: Promise<unknown>) => void) {
    this.idle = idle;
    const output = new EventOutput({
      assembler: this.assembler,
      streamCount: 0,
      classCount: 0,
      baseNs: undefined,
    });
    this.output = output;
    this.steps = begin(output)[Symbol.iterator]();
    // Times are relative to the first event, so that they are exact.
    while (!this.ended && this.waiting === undefined && !output.hasTime) this.step();
    const { streams, classes } = output.open();
    this.batch = this.assembler.batch;
    this.streams = streams;
    this.eventClasses = classes;
    this.baseNs = output.baseNs;
    this.losses = output.losses;
  }

  private step(): void {
    const { done, value } = this.steps.next();
    if (done === true) {
      this.ended = true;
      this.output.close();
      return;
    }
    if (!isPromise(value)) return;
    this.waiting = value;
    value.then(
      () => {
        this.waiting = undefined;
      },
      (error: unknown) => {
        this.waiting = undefined;
        this.failure = { error };
      },
    );
  }

  next(): boolean {
    for (;;) {
      const found = this.advance();
      if (found !== 'message') return found === 'events';
    }
  }

  messages(): MessageFlow {
    return messageFlow(
      this,
      () => this.advance(),
      () => this.message,
    );
  }

  private advance(): NextMessage {
    const { assembler, batch } = this;
    batch.count = 0;
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      this.handsOn = !assembler.isEmpty && (this.handsOn || !this.gathers());
      if (this.handsOn) {
        this.message = assembler.takeMessage();
        if (this.message !== undefined) return 'message';
        assembler.fill();
        if (batch.count > 0) return 'events';
        continue;
      }
      if (this.ended) return 'end';
      for (let left = mostSteps; left > 0 && !this.ended && this.waiting === undefined; left--) this.step();
      if (this.waiting !== undefined && (assembler.isEmpty || this.gathers())) {
        this.idle(this.waiting);
        if (!assembler.isEmpty) this.idle(new Promise((resolve) => void setTimeout(resolve, gatherMs)));
        return 'events';
      }
    }
  }

  /** Whether more events may come soon, so that those at hand are not handed on yet. */
  private gathers(): boolean {
    if (this.ended || this.waiting === undefined || this.assembler.length >= gatherEvents) {
      this.gatherUntil = undefined;
      return false;
    }
    this.gatherUntil ??= performance.now() + gatherMs;
    if (performance.now() < this.gatherUntil) return true;
    this.gatherUntil = undefined;
    return false;
  }
}
