/** What a filter of a plug-in does: its functions are called with what comes in. */
import { SpoorError } from '@spoor/base';
import type { Message, NextMessage } from '../event-flow.ts';
import type { RowAssembler } from '../made-events/row-assembler.ts';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { checkSteps, Stretch, type EventHandler } from './handler.ts';
import { StepRunner } from './step-runner.ts';
import { StreamMessage } from './stream-message.ts';
import { mostGathered, type FilterWork, type Reading } from './through-flow.ts';

/** Calls a handler row by row, and no more at a time than can be handed on soon. */
export class HandlerWork implements FilterWork {
  readonly handsOn = true;
  readonly losses: Loss[] = [];
  readonly takesMessages: boolean;
  state: FilterWork['state'] = 'reads';
  private readonly handler: EventHandler;
  private readonly assembler: RowAssembler;
  private readonly idle: (until: Promise<unknown>) => void;
  private readonly stretch = new Stretch();
  /** What is at hand, and not forwarded yet. */
  private atHand: 'row' | Message | undefined;
  private reading: Reading | undefined;
  private row = 0;
  private ending: StepRunner | undefined;
  /** Streams of which a beginning and no end was handed on; kept where the filter decides on that. */
  private readonly begun: Set<OpenStream> | undefined;

  /** @param begin is given `forward`. */
  constructor(
    begin: (forward: () => void) => EventHandler,
    assembler: RowAssembler,
    idle: (until: Promise<unknown>) => void,
  ) {
    this.assembler = assembler;
    this.idle = idle;
    this.handler = begin(() => this.forward());
    this.takesMessages = this.handler.message !== undefined;
    this.begun = this.takesMessages ? new Set() : undefined;
  }

  take(found: NextMessage, reading: Reading): void {
    this.reading = reading;
    if (found === 'message') {
      this.atHand = reading.message()!;
      this.handler.message!(new StreamMessage(this.atHand));
      this.atHand = undefined;
      return;
    }
    if (found === 'events') {
      this.row = 0;
      this.state = 'works';
      return;
    }
    const steps = this.handler.end?.();
    if (steps === undefined) {
      this.state = 'ended';
      return;
    }
    this.ending = new StepRunner(checkSteps(steps, 'end'), this.idle);
    this.state = 'works';
  }

  work({ flow, view }: Reading): boolean {
    const { assembler, handler, ending, stretch } = this;
    if (ending !== undefined) {
      ending.run(() => assembler.length < mostGathered);
      if (ending.ended) this.state = 'ended';
      return ending.ended || !assembler.isEmpty;
    }
    const { count } = flow.batch;
    stretch.begin();
    while (this.row < count && assembler.length < mostGathered) {
      this.atHand = 'row';
      handler.event(view.moveTo(this.row));
      this.atHand = undefined;
      this.row++;
      if (stretch.isOver) break;
    }
    if (this.row < count) return !assembler.isEmpty;
    this.state = 'reads';
    return true;
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
      if (atHand.kind === 'loss') this.losses.push(atHand.loss);
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
}
