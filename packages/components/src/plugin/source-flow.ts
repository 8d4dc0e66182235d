/** Flows that sources of plug-ins make. */
import { EventBatch } from '@spoor/ctf';
import type { EventFlow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { EventOutput } from './event-output.ts';
import { checkSteps, type SourceSteps } from './handler.ts';
import { StepRunner } from './step-runner.ts';
import { messageFlow } from './stream-message.ts';
import { mostGathered } from './through-flow.ts';

/** Events of a source that waits are gathered for so long, or until they are so many, before they are handed on. */
const gatherMs = 10;
const gatherEvents = 4096;

/** A flow of what a source makes. */
export class SourceFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly assembler = new RowAssembler(new EventBatch(1));
  private readonly runner: StepRunner;
  private readonly idle: (until: Promise<unknown>) => void;
  private closed = false;
  private gatherUntil: number | undefined;
  /** Whether what was gathered is being handed on. */
  private handsOn = false;
  private message: Message | undefined;
  private readonly output: EventOutput;

  /**
   * @param begin declares traces and streams; its steps append events.
   * @param baseNs from which times are counted: the time of the first event where it is not known.
   */
  constructor(
    begin: (output: EventOutput) => SourceSteps,
    idle: (until: Promise<unknown>) => void,
    baseNs?: bigint,
  ) {
    this.idle = idle;
    const output = new EventOutput({ assembler: this.assembler, streamCount: 0, classCount: 0, baseNs });
    this.output = output;
    this.runner = new StepRunner(checkSteps(begin(output)), idle);
    // Times are relative to the first event, so that they are exact.
    const needsTime = (): boolean => baseNs === undefined && !output.hasTime;
    while (needsTime() && !this.runner.ended && !this.runner.waits) this.runner.run(needsTime);
    const { streams, classes } = output.open();
    this.batch = this.assembler.batch;
    this.streams = streams;
    this.eventClasses = classes;
    this.baseNs = output.baseNs;
    this.losses = output.losses;
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
    const { assembler, batch, runner } = this;
    batch.count = 0;
    for (;;) {
      this.handsOn = !assembler.isEmpty && (this.handsOn || !this.gathers());
      if (this.handsOn) {
        this.message = assembler.takeMessage();
        if (this.message !== undefined) return 'message';
        assembler.fill();
        if (batch.count > 0) return 'events';
        continue;
      }
      if (this.closed) return 'end';
      if (runner.ended) {
        this.closed = true;
        this.output.close();
        continue;
      }
      runner.run(() => assembler.length < mostGathered);
      if (runner.ended || (!runner.waits && !assembler.isEmpty)) continue;
      // It waits, or has had its turn without a result: others have theirs.
      if (!runner.waits) return 'events';
      if (!assembler.isEmpty) {
        if (!this.gathers()) continue;
        this.idle(new Promise((resolve) => void setTimeout(resolve, gatherMs)));
      }
      return 'events';
    }
  }

  /** Whether more events may come soon, so that those at hand are not handed on yet. */
  private gathers(): boolean {
    if (this.runner.ended || !this.runner.waits || this.assembler.length >= gatherEvents) {
      this.gatherUntil = undefined;
      return false;
    }
    this.gatherUntil ??= performance.now() + gatherMs;
    if (performance.now() < this.gatherUntil) return true;
    this.gatherUntil = undefined;
    return false;
  }
}
