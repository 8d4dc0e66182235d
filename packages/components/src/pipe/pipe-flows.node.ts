/** What programs that are sources and filters do. */
import type { TraceDescription, WritableStructure } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import type { ComponentContext } from '@spoor/graph';
import type { Message, NextMessage } from '../event-flow.ts';
import type { RowAssembler } from '../made-events/row-assembler.ts';
import type { EventOutput } from '../plugin/event-output.ts';
import type { OutputStream } from '../plugin/output-stream.ts';
import type { FilterWork, Reading } from '../plugin/through-flow.ts';
import { nanosecondsOfClock } from '../source-ctf-fs/clock.ts';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import { EventLines, messageLine } from './event-lines.ts';
import type { PipeChild } from './pipe-child.node.ts';
import {
  integerOf,
  integersOf,
  objectOf,
  objectsOf,
  textOf,
  type PipeMessage,
  type WantedKinds,
} from './pipe-messages.ts';

/** Declares the traces and streams of a `ready` message; its streams, in their order. */
export function declare(ready: PipeMessage, output: EventOutput): readonly OutputStream[] {
  return objectsOf(ready, 'traces').flatMap((trace) => {
    const clock = trace['clock'] === undefined ? undefined : objectOf(trace, 'clock');
    const big = (name: string): Record<string, bigint> =>
      clock?.[name] === undefined ? {} : { [name]: integerOf(clock, name) };
    const description = {
      environment: objectOf(trace, 'environment'),
      streams: objectsOf(trace, 'streamClasses'),
      ...(clock === undefined
        ? {}
        : { clock: { ...clock, ...big('frequencyHz'), ...big('offsetSeconds'), ...big('offsetTicks') } }),
    };
    // What is wrong inside it, the encoder's own checks tell.
    const made = output.trace(description as unknown as TraceDescription, textOf(trace, 'name'));
    const streams = trace['streams'] === undefined ? [{}] : objectsOf(trace, 'streams');
    return streams.map((stream: PipeMessage) =>
      made.stream({
        ...(stream['class'] === undefined ? {} : { classId: integerOf(stream, 'class') }),
        ...(stream['id'] === undefined ? {} : { id: Number(integerOf(stream, 'id')) }),
        ...(stream['name'] === undefined ? {} : { name: textOf(stream, 'name') }),
      }),
    );
  });
}

/** Where the events of a program begin that says so, in nanoseconds from the origin. */
function firstTimeNs(ready: PipeMessage, streams: readonly OutputStream[]): bigint | undefined {
  if (ready['firstTime'] === undefined) return undefined;
  const clock = streams[0]?.info.streamClass.clockClass;
  const ticks = integerOf(ready, 'firstTime');
  return clock === undefined ? undefined : nanosecondsOfClock(clock, ticks);
}

/** Takes an event, or another message, of the program. */
function takeMessage(message: PipeMessage, streams: readonly OutputStream[]): void {
  const index = message['stream'] === undefined ? 0 : Number(integerOf(message, 'stream'));
  const stream = streams[index];
  if (stream === undefined) {
    throw new SpoorError('pipe/message', `there is no stream ${index}: ${streams.length} were declared`);
  }
  const optional = (name: string): bigint | undefined =>
    message[name] === undefined ? undefined : integerOf(message, name);
  const { type } = message;
  switch (typeof type === 'string' ? type : '') {
    case 'event': {
      const contexts =
        message['context'] === undefined
          ? {}
          : { commonContext: objectOf(message, 'context') as WritableStructure };
      const payload = objectOf(message, 'payload') as WritableStructure;
      stream.event(textOf(message, 'name'), integerOf(message, 'time'), payload, contexts);
      return;
    }
    case 'discarded-events':
      stream.discarded(optional('count'), optional('begin'), optional('end'));
      return;
    case 'discarded-packets':
      stream.discardedPackets(optional('count'), optional('begin'), optional('end'));
      return;
    case 'stream-beginning':
      stream.begin(optional('time'));
      return;
    case 'stream-end':
      stream.end(optional('time'));
      return;
    case 'packet-beginning':
      stream.beginPacket(optional('time'));
      return;
    case 'packet-end':
      stream.endPacket(optional('time'));
      return;
    case 'inactivity':
      stream.inactivity(integerOf(message, 'time'));
      return;
    default:
      throw unexpected(message);
  }
}

function unexpected(message: PipeMessage): SpoorError {
  return new SpoorError('pipe/message', `the message ${JSON.stringify(message['type'])} has no place here`);
}

/** The steps of a source that is a program. */
export function* sourceSteps(
  child: PipeChild,
  ready: PipeMessage,
  output: EventOutput,
): Generator<Promise<unknown> | undefined, void, undefined> {
  const streams = declare(ready, output);
  output.expectFrom(firstTimeNs(ready, streams));
  for (;;) {
    // A source may be silent for as long as it likes.
    const message = child.receive(false);
    if (message === undefined) {
      yield child.activity();
      continue;
    }
    if (message['type'] === 'end') return;
    takeMessage(message, streams);
    yield undefined;
  }
}

/** What goes through a program: batch by batch, so that what is on its way is bounded. */
export class ProgramWork implements FilterWork {
  readonly takesMessages: boolean;
  readonly losses: Loss[] = [];
  state: FilterWork['state'] = 'reads';
  private readonly child: PipeChild;
  private readonly context: ComponentContext;
  private readonly assembler: RowAssembler;
  private readonly own: readonly OutputStream[];
  private readonly wanted: WantedKinds;
  private lines: EventLines | undefined;
  private phase: 'writing' | 'asked' | 'ending' = 'writing';
  /** The message that is at hand, and not forwarded yet. */
  private atHand: Message | undefined;
  private row = 0;
  /** Rows of the batch at hand. */
  private count = 0;

  constructor(
    child: PipeChild,
    own: readonly OutputStream[],
    wanted: WantedKinds,
    assembler: RowAssembler,
    context: ComponentContext,
  ) {
    this.child = child;
    this.own = own;
    this.wanted = wanted;
    this.takesMessages = wanted.size > 0;
    this.assembler = assembler;
    this.context = context;
  }

  get handsOn(): boolean {
    return this.state !== 'works';
  }

  take(found: NextMessage, reading: Reading): void {
    this.lines ??= new EventLines(reading.flow);
    if (found === 'message') {
      this.takeMessage(reading.message()!);
      return;
    }
    this.state = 'works';
    this.row = 0;
    if (found === 'events') {
      this.phase = 'writing';
      this.count = reading.flow.batch.count;
      return;
    }
    this.count = 0;
    this.child.send('{"type":"end"}\n');
    this.phase = 'ending';
  }

  private takeMessage(message: Message): void {
    const line = messageLine(message, this.wanted, 0);
    if (line === undefined) {
      if (message.kind === 'loss') this.losses.push(message.loss);
      this.assembler.tell({ message });
      return;
    }
    this.atHand = message;
    this.child.send(`${line}{"type":"flush"}\n`);
    this.count = 0;
    this.state = 'works';
    this.phase = 'asked';
  }

  work(): boolean {
    switch (this.phase) {
      case 'writing':
        return this.write();
      case 'asked':
      case 'ending':
        return this.takeAnswers();
      default:
        return this.phase satisfies never;
    }
  }

  private pause(): false {
    this.context.idle(this.child.activity());
    return false;
  }

  private write(): boolean {
    const { child } = this;
    if (this.row < this.count) {
      if (!child.isWritable) return this.pause();
      const { text, next } = this.lines!.lines(this.row);
      this.row = next;
      child.send(text);
      return true;
    }
    child.send('{"type":"flush"}\n');
    this.phase = 'asked';
    return true;
  }

  /** Takes one answer after the other, as many as are there and can be handed on soon. */
  private takeAnswers(): boolean {
    for (let left = 1024; left > 0; left--) {
      const message = this.child.receive();
      if (message === undefined) return this.pause();
      this.takeAnswer(message);
      if (this.state !== 'works') break;
    }
    return true;
  }

  private takeAnswer(message: PipeMessage): void {
    const { type } = message;
    switch (typeof type === 'string' ? type : '') {
      case 'forward':
        this.forward(message);
        return;
      case 'flushed':
        if (this.phase !== 'asked') throw unexpected(message);
        this.atHand = undefined;
        this.state = 'reads';
        return;
      case 'end':
        if (this.phase !== 'ending') throw unexpected(message);
        this.state = 'ended';
        return;
      default:
        takeMessage(message, this.own);
    }
  }

  private forward(message: PipeMessage): void {
    if (message['message'] !== undefined) {
      const { atHand } = this;
      this.atHand = undefined;
      if (atHand === undefined || integerOf(message, 'message') !== 0n) {
        throw new SpoorError('pipe/message', '`forward` names a message that is not at hand');
      }
      if (atHand.kind === 'loss') this.losses.push(atHand.loss);
      this.assembler.tell({ message: atHand });
      return;
    }
    const events =
      message['events'] === undefined ? [Number(integerOf(message, 'event'))] : integersOf(message, 'events');
    for (const event of events) {
      if (this.phase !== 'asked' || !(event >= 0 && event < this.count)) {
        throw new SpoorError('pipe/message', `\`forward\` names the event ${event}, which is not at hand`);
      }
      this.assembler.keep(event);
    }
  }
}
