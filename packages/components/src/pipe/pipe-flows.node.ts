/** Flows of components that are programs. */
import type { EventBatch, TraceDescription, WritableStructure } from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import type { ComponentContext } from '@spoor/graph';
import type { EventFlow, Flow, Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { RowAssembler } from '../made-events/row-assembler.ts';
import { EventOutput } from '../plugin/event-output.ts';
import { readingOf, type Reading } from '../plugin/filter-flow.ts';
import type { OutputStream } from '../plugin/output-stream.ts';
import { messageFlow } from '../plugin/stream-message.ts';
import { jsonOf } from '../sink-text-json/json-value.ts';
import { EventView } from '../source-ctf-fs/event-view.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { PipeChild } from './pipe-child.node.ts';
import { integerOf, objectOf, objectsOf, textOf, type PipeMessage } from './pipe-messages.ts';

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

/** What is known of the events to come, as a line. */
export function beginLine(flow: Flow): string {
  const streams = flow.streams.flatMap((stream, index) => {
    if (stream === undefined) return [];
    const { trace, id, path } = stream.info;
    return { stream: index, trace: trace.name, id, path };
  });
  return `${JSON.stringify({ type: 'begin', streams })}\n`;
}

/** The rows of a batch as lines. */
export class EventLines {
  private readonly view: EventView;
  private readonly batch: EventBatch;
  private readonly baseNs: bigint;

  constructor({ batch, streams, eventClasses, baseNs }: Flow) {
    this.batch = batch;
    this.baseNs = baseNs;
    this.view = new EventView(batch, streams, eventClasses);
  }

  /** Lines of rows from `from` on, up to about a megabyte, and the row after them. */
  lines(from: number): { readonly text: string; readonly next: number } {
    const { batch, view, baseNs } = this;
    const parts: string[] = [];
    let length = 0;
    let row = from;
    for (; row < batch.count && length < 1_000_000; row++) {
      const event = view.moveTo(row);
      const line =
        `{"type":"event","event":${row},"stream":${batch.streamIndex[row]},"name":${JSON.stringify(event.name)}` +
        `,"time":${baseNs + BigInt(event.timeNs)},"payload":${jsonOf(event.payload())}` +
        `,"context":${jsonOf(event.commonContext())},"packet":${jsonOf(event.packetContext())}}\n`;
      parts.push(line);
      length += line.length;
    }
    return { text: parts.join(''), next: row };
  }
}

/** A flow through a program: batch by batch, so that what is on its way is bounded. */
export class PipeFilterFlow implements EventFlow {
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  private readonly upstream: EventFlow;
  private readonly child: PipeChild;
  private readonly context: ComponentContext;
  private readonly assembler: RowAssembler;
  private readonly output: EventOutput;
  private readonly own: readonly OutputStream[];
  private lines: EventLines | undefined;
  private reading: Reading | undefined;
  private message: Message | undefined;
  private state: 'free' | 'writing' | 'asked' | 'ending' | 'ended' = 'free';
  private row = 0;
  private lossesTaken = 0;
  private readonly allLosses: Loss[] = [];

  constructor(upstream: EventFlow, child: PipeChild, ready: PipeMessage, context: ComponentContext) {
    this.upstream = upstream;
    this.child = child;
    this.context = context;
    this.assembler = new RowAssembler(upstream.batch);
    this.output = new EventOutput({
      assembler: this.assembler,
      streamCount: upstream.streams.length,
      classCount: upstream.eventClasses.length,
      baseNs: upstream.baseNs,
    });
    this.own = declare(ready, this.output);
    const { streams, classes } = this.output.open();
    const all = [...upstream.streams];
    all.push(...streams);
    this.streams = all;
    this.eventClasses = [...upstream.eventClasses, ...classes];
    this.baseNs = upstream.baseNs;
    this.batch = this.assembler.batch;
    child.send(beginLine(upstream));
  }

  get losses(): readonly Loss[] {
    const { losses } = this.reading?.flow ?? this.upstream;
    while (this.lossesTaken < losses.length) this.allLosses.push(losses[this.lossesTaken++]!);
    this.allLosses.push(...this.output.losses.splice(0));
    return this.allLosses;
  }

  next(): boolean {
    const reading = this.read(false);
    for (;;) {
      const found = this.found(reading);
      if (found !== 'message') return found === 'events';
    }
  }

  /** All messages: those that are no events pass by the program. */
  messages(): MessageFlow {
    const reading = this.read(true);
    return messageFlow(
      this,
      () => this.found(reading),
      () => this.message,
    );
  }

  private read(all: boolean): Reading {
    if (this.reading === undefined) {
      this.reading = readingOf(this.upstream, all);
      this.assembler.readFrom(this.reading.flow.batch);
      this.lines = new EventLines(this.reading.flow);
    }
    return this.reading;
  }

  private found(reading: Reading): NextMessage {
    const { assembler, batch } = this;
    batch.count = 0;
    for (;;) {
      if (!assembler.isEmpty && (this.state === 'free' || this.state === 'ended')) {
        this.message = assembler.takeMessage();
        if (this.message !== undefined) return 'message';
        assembler.fill();
        if (batch.count > 0) return 'events';
        continue;
      }
      if (this.state === 'ended') return 'end';
      if (!this.advance(reading)) return 'events';
    }
  }

  /** Does one thing; false when there is nothing now. */
  private advance(reading: Reading): boolean {
    const { child } = this;
    switch (this.state) {
      case 'free':
        switch (reading.next()) {
          case 'end':
            child.send('{"type":"end"}\n');
            this.state = 'ending';
            return true;
          case 'message':
            this.assembler.tell({ message: reading.message()! });
            return true;
          case 'events':
            break;
        }
        if (reading.flow.batch.count === 0) return false;
        this.row = 0;
        this.state = 'writing';
        return true;
      case 'writing':
        return this.write(reading.flow.batch);
      case 'asked':
      case 'ending':
        return this.answer(reading.flow.batch);
      case 'ended':
        return true;
      default:
        return this.state satisfies never;
    }
  }

  private pause(): false {
    this.context.idle(this.child.activity());
    return false;
  }

  private write({ count }: EventBatch): boolean {
    const { child } = this;
    if (this.row < count) {
      if (!child.isWritable) return this.pause();
      const { text, next } = this.lines!.lines(this.row);
      this.row = next;
      child.send(text);
      return true;
    }
    child.send('{"type":"flush"}\n');
    this.state = 'asked';
    return true;
  }

  private answer({ count }: EventBatch): boolean {
    const message = this.child.receive();
    if (message === undefined) return this.pause();
    const { type } = message;
    switch (typeof type === 'string' ? type : '') {
      case 'forward': {
        const event = Number(integerOf(message, 'event'));
        if (this.state !== 'asked' || !(event >= 0 && event < count)) {
          throw new SpoorError('pipe/message', `\`forward\` names the event ${event}, which is not at hand`);
        }
        this.assembler.keep(event);
        return true;
      }
      case 'flushed':
        if (this.state !== 'asked') throw unexpected(message);
        this.state = 'free';
        return true;
      case 'end':
        if (this.state !== 'ending') throw unexpected(message);
        this.output.close();
        this.state = 'ended';
        return true;
      default:
        takeMessage(message, this.own);
        return true;
    }
  }
}
