/** A flow of what a filter hands on and makes, whatever the filter is: functions of a plug-in, or a program. */
import type { EventBatch } from '@spoor/ctf';
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
import type { Guard } from './guard.ts';
import { messageFlow } from './stream-message.ts';

/** So many rows, events and messages that wait are handed on before the filter goes on. */
export const mostGathered = 16_384;

/** What comes in: all messages, or events alone. */
export interface Reading {
  readonly flow: Flow;
  readonly view: EventView;
  next(): NextMessage;
  message(): Message | undefined;
}

/** Begins the one pass over what comes in. */
export function readingOf(upstream: EventFlow, all: boolean): Reading {
  if (all) {
    const flow = messagesOf(upstream);
    return { flow, view: viewOf(flow), next: () => flow.next(), message: () => flow.message };
  }
  const next = (): NextMessage => (upstream.next() ? 'events' : 'end');
  return { flow: upstream, view: viewOf(upstream), next, message: () => undefined };
}

function viewOf({ batch, streams, eventClasses }: Flow): EventView {
  return new EventView(batch, streams, eventClasses);
}

/** What a filter does. */
export interface FilterWork {
  /** Whether it decides on messages that are no events; they and all losses pass by it otherwise. */
  readonly takesMessages: boolean;
  /** `reads`: it is done with what it was given; `works`: it goes on; `ended`: it was given the end and is done. */
  readonly state: 'reads' | 'works' | 'ended';
  /** Whether what has gathered may be handed on now, however little it is. */
  readonly handsOn: boolean;
  /** Losses that it hands on beside those that pass by it; taken out of the list. */
  readonly losses: Loss[];
  /** Takes what was read, and may do part of the work. */
  take(found: NextMessage, reading: Reading): void;
  /** Goes on; false when there is nothing to be done now, or others should have their turn. */
  work(reading: Reading): boolean;
}

/** A filter's flow. It is read either by `next` or by its messages. */
export class ThroughFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  private readonly upstream: EventFlow;
  private readonly guard: Guard;
  private readonly assembler: RowAssembler;
  private readonly output: EventOutput;
  private readonly work: FilterWork;
  private reading: Reading | undefined;
  private message: Message | undefined;
  private closed = false;
  private lossesTaken = 0;
  private readonly allLosses: Loss[] = [];

  /**
   * @param begin declares traces and streams, and says what is to be done.
   * @param guard in which the filter's own code runs: what the upstream throws is not its fault.
   */
  constructor(
    upstream: EventFlow,
    begin: (output: EventOutput, assembler: RowAssembler) => FilterWork,
    guard: Guard,
  ) {
    this.upstream = upstream;
    this.guard = guard;
    this.assembler = new RowAssembler(upstream.batch);
    this.output = new EventOutput({
      assembler: this.assembler,
      streamCount: upstream.streams.length,
      classCount: upstream.eventClasses.length,
      baseNs: upstream.baseNs,
    });
    this.work = guard(() => begin(this.output, this.assembler));
    const { streams, classes } = guard(() => this.output.open());
    // What streams of a set are not read leaves holes, which stay.
    const all = [...upstream.streams];
    all.push(...streams);
    this.streams = all;
    this.eventClasses = [...upstream.eventClasses, ...classes];
    this.baseNs = upstream.baseNs;
    this.batch = this.assembler.batch;
  }

  get losses(): readonly Loss[] {
    if (!this.work.takesMessages) {
      const { losses } = this.reading?.flow ?? this.upstream;
      while (this.lossesTaken < losses.length) this.allLosses.push(losses[this.lossesTaken++]!);
    }
    this.allLosses.push(...this.work.losses.splice(0), ...this.output.losses.splice(0));
    return this.allLosses;
  }

  next(): boolean {
    const reading = this.read(this.work.takesMessages);
    for (;;) {
      const found = this.find(reading);
      if (found !== 'message') return found === 'events';
    }
  }

  messages(): MessageFlow {
    const reading = this.read(true);
    return messageFlow(
      this,
      () => this.find(reading),
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

  private find(reading: Reading): NextMessage {
    const { assembler, batch, guard, work } = this;
    batch.count = 0;
    for (;;) {
      if (!assembler.isEmpty && (work.handsOn || assembler.length >= mostGathered)) {
        this.message = guard(() => this.handOn());
        if (this.message !== undefined) return 'message';
        if (batch.count > 0) return 'events';
        continue;
      }
      if (work.state === 'ended') {
        if (this.closed) return 'end';
        this.closed = true;
        guard(() => this.output.close());
      } else if (work.state === 'works') {
        if (!guard(() => work.work(reading))) return 'events';
      } else {
        const found = reading.next();
        if (found === 'events' && reading.flow.batch.count === 0) return 'events';
        guard(() => {
          if (found === 'message' && !work.takesMessages) assembler.tell({ message: reading.message()! });
          else work.take(found, reading);
        });
      }
    }
  }

  private handOn(): Message | undefined {
    const message = this.assembler.takeMessage();
    if (message === undefined) this.assembler.fill();
    return message;
  }
}
