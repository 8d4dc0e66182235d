/** Flows that components of plug-ins make. */
import { EventBatch } from '@spoor/ctf';
import type { EventFlow } from '../event-flow.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { EventOutput } from './event-output.ts';

/** Steps of a source between two batches: its events may be few. */
const mostSteps = 16_384;

/** Events of a source that waits are gathered for so long, or until they are so many, before they are handed on. */
const gatherMs = 10;
const gatherEvents = 4096;

/** What a source does, step by step: a promise says that there is nothing before it is settled. */
export type SourceSteps = Iterable<unknown>;

/** What a filter does with each event. */
export interface EventHandler {
  event(event: EventView): void;
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

  /** @param begin declares traces and streams; its steps append events. */
  constructor(begin: (output: EventOutput) => SourceSteps, idle: (until: Promise<unknown>) => void) {
    this.idle = idle;
    const output = new EventOutput({
      assembler: this.assembler,
      streamCount: 0,
      classCount: 0,
      baseNs: undefined,
    });
    this.steps = begin(output)[Symbol.iterator]();
    // Times are relative to the first event, so that they are exact.
    while (!this.ended && this.waiting === undefined && !output.hasEvents) this.step();
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
    const { assembler, batch } = this;
    batch.count = 0;
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (!assembler.isEmpty && !this.gathers()) {
        assembler.fill();
        if (batch.count > 0) return true;
        continue;
      }
      if (this.ended) return false;
      for (let left = mostSteps; left > 0 && !this.ended && this.waiting === undefined; left--) this.step();
      if (this.waiting !== undefined && (assembler.isEmpty || this.gathers())) {
        this.idle(this.waiting);
        if (!assembler.isEmpty) this.idle(new Promise((resolve) => void setTimeout(resolve, gatherMs)));
        return true;
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

/** A flow of what a filter hands on and makes. */
export class FilterFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  private readonly upstream: EventFlow;
  private readonly assembler: RowAssembler;
  private readonly output: EventOutput;
  private readonly handler: EventHandler;
  private readonly view: EventView;
  private row = 0;
  private forwarded = -1;
  private ended = false;
  private lossesTaken = 0;
  private readonly allLosses: Loss[] = [];

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
    const { streams, classes } = this.output.open();
    // What streams of a set are not read leaves holes, which stay.
    const all = [...upstream.streams];
    all.push(...streams);
    this.streams = all;
    this.eventClasses = [...upstream.eventClasses, ...classes];
    this.baseNs = upstream.baseNs;
    this.batch = this.assembler.batch;
    this.view = new EventView(upstream.batch, upstream.streams, upstream.eventClasses);
  }

  get losses(): readonly Loss[] {
    const { losses } = this.upstream;
    while (this.lossesTaken < losses.length) this.allLosses.push(losses[this.lossesTaken++]!);
    this.allLosses.push(...this.output.losses.splice(0));
    return this.allLosses;
  }

  private forward(): void {
    if (this.forwarded === this.row || this.ended) return;
    this.forwarded = this.row;
    this.assembler.keep(this.row);
  }

  next(): boolean {
    const { assembler, batch, upstream } = this;
    batch.count = 0;
    for (;;) {
      if (!assembler.isEmpty) {
        assembler.fill();
        if (batch.count > 0) return true;
        continue;
      }
      if (this.ended) return false;
      if (!upstream.next()) {
        this.ended = true;
        this.handler.end?.();
        continue;
      }
      if (upstream.batch.count === 0) return true;
      this.forwarded = -1;
      for (this.row = 0; this.row < upstream.batch.count; this.row++) {
        this.handler.event(this.view.moveTo(this.row));
      }
    }
  }
}
