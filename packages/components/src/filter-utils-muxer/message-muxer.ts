/**
 * Merges streams into one sequence of messages: events, and the beginnings and ends of streams and packets and what
 * was lost, in babeltrace2's order. Events come by the batch as from the plain muxer; every other message comes alone.
 */
import { scanStatus, type EventBatch } from '@spoor/ctf';
import { TimeHeap } from './time-heap.ts';
import { nanosecondsOfClock, ticksOfNanoseconds } from '../source-ctf-fs/clock.ts';
import type { Message, MessageFlow, NextMessage } from '../event-flow.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream, TraceSet } from '../source-ctf-fs/trace-set.ts';

type Head = 'stream-beginning' | 'loss' | 'packet-beginning' | 'events' | 'packet-end' | 'stream-end';

interface Input {
  readonly stream: OpenStream;
  head: Head;
  /** Time of the head; what has none goes at the time of the message handed out last. */
  time: number;
  losses: Loss[];
  /** Set when the first event is earlier than its packet. */
  firstEventTicks: bigint | undefined;
}

function ticksOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo);
}

/** Keeps a heap of streams by the time of their next message. */
export class MessageMuxer implements MessageFlow {
  message: Message | undefined;
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly inputs: readonly Input[];
  private readonly heap: TimeHeap;
  private last = -Infinity;

  /**
   * @param streams of one trace set, in the order that breaks ties.
   * @param losses to which the streams add what they lose.
   */
  constructor(set: TraceSet, streams: readonly OpenStream[], batch: EventBatch, losses: readonly Loss[]) {
    this.batch = batch;
    this.eventClasses = set.eventClasses;
    this.baseNs = set.baseNs;
    this.losses = losses;
    // Rows name streams by their index in the set, so streams that are not read leave holes.
    const slots: OpenStream[] = [];
    for (const stream of streams) slots[stream.info.index] = stream;
    this.streams = slots;
    this.inputs = streams.map((stream) => ({
      stream,
      head: 'stream-beginning',
      time: -Infinity,
      losses: [],
      firstEventTicks: undefined,
    }));
    this.heap = new TimeHeap(streams.length);
    this.heap.times.fill(-Infinity);
    this.heap.fill(streams.map((_, index) => index));
  }

  next(): NextMessage {
    const { batch, heap, inputs } = this;
    batch.count = 0;
    while (heap.size > 0) {
      const { top } = heap;
      const input = inputs[top]!;
      if (input.head !== 'events') {
        if (batch.count > 0) return 'events';
        this.takeMessage(input);
        return 'message';
      }
      const { reader, decoder } = input.stream;
      const before = batch.count;
      const status = decoder.scan(reader.cursor, batch, heap.limit());
      if (batch.count > before) this.last = batch.timeNs[batch.count - 1]!;
      if (status === scanStatus.batchFull) return 'events';
      if (status === scanStatus.limit) {
        input.time = reader.cursor.nextTimeNs;
      } else {
        reader.reportScanEnd(status === scanStatus.broken ? reader.cursor.problem : undefined);
        this.endPacket(input);
      }
      heap.times[top] = input.time;
      heap.sink();
    }
    this.message = undefined;
    return batch.count > 0 ? 'events' : 'end';
  }

  /** Sets `message` to an input's head and finds its next one. */
  private takeMessage(input: Input): void {
    const { stream } = input;
    if (input.time > this.last) this.last = input.time;
    switch (input.head) {
      case 'stream-beginning':
        this.message = { kind: 'stream-beginning', stream };
        this.enterPacket(input);
        break;
      case 'loss':
        this.message = { kind: 'loss', stream, loss: input.losses.shift()! };
        this.afterLoss(input);
        break;
      case 'packet-beginning': {
        const ticks = this.packetBegin(input);
        this.message = {
          kind: 'packet-beginning',
          stream,
          ...(ticks === undefined ? {} : { ticks }),
          ...(input.firstEventTicks === undefined ? {} : { ofEvent: true }),
        };
        this.enterEvents(input);
        break;
      }
      case 'packet-end': {
        const ticks = this.packetEnd(input);
        this.message = { kind: 'packet-end', stream, ...(ticks === undefined ? {} : { ticks }) };
        this.enterPacket(input);
        break;
      }
      case 'stream-end': {
        this.message = { kind: 'stream-end', stream };
        this.heap.pop();
        return;
      }
      case 'events':
        break;
      default: {
        const never: never = input.head;
        throw new TypeError(String(never));
      }
    }
    this.heap.times[this.heap.top] = input.time;
    this.heap.sink();
  }

  private timeOf(input: Input, ticks: bigint | undefined): number {
    const clock = input.stream.decoder.streamClass.clockClass;
    if (ticks === undefined || clock === undefined) return this.last;
    return Number(nanosecondsOfClock(clock, ticks) - this.baseNs);
  }

  private enterPacket(input: Input): void {
    const known = this.losses.length;
    const { reader } = input.stream;
    if (!reader.nextPacket()) {
      input.head = 'stream-end';
      input.time = this.last;
      return;
    }
    input.losses = this.losses.slice(known).filter(({ stream }) => stream === input.stream.info);
    input.firstEventTicks = undefined;
    this.afterLoss(input);
  }

  private afterLoss(input: Input): void {
    const loss = input.losses[0];
    if (loss !== undefined) {
      input.head = 'loss';
      input.time = loss.endTicks === undefined ? this.last : this.timeOf(input, loss.beginTicks);
      return;
    }
    input.head = 'packet-beginning';
    this.probe(input);
    input.time = this.timeOf(input, this.packetBegin(input));
  }

  /** Looks at the first event: some tracers wrote events that are earlier than their packet. */
  private probe(input: Input): void {
    const { reader, decoder } = input.stream;
    const { cursor } = reader;
    if (!reader.properties.hasBegin || decoder.time.kind === 'none') return;
    const begin = ticksOf(cursor.clockHi, cursor.clockLo);
    if (decoder.scan(cursor, this.batch, -Infinity) !== scanStatus.limit) return;
    const first = cursor.nextTimeNs;
    const beginNs = this.timeOf(input, begin);
    if (first >= beginNs) return;
    input.firstEventTicks = ticksOfNanoseconds(decoder.streamClass.clockClass!, this.baseNs + BigInt(first));
  }

  private packetBegin(input: Input): bigint | undefined {
    const { reader, decoder } = input.stream;
    if (!reader.properties.hasBegin || decoder.streamClass.clockClass === undefined) return undefined;
    if (input.firstEventTicks !== undefined) return input.firstEventTicks;
    return ticksOf(reader.properties.beginHi, reader.properties.beginLo);
  }

  /** The end that the packet says; that of its last event where the end was never written or is too early. */
  private packetEnd(input: Input): bigint | undefined {
    const { reader, decoder } = input.stream;
    const { properties, cursor } = reader;
    if (!properties.hasEnd || decoder.streamClass.clockClass === undefined) return undefined;
    const end = ticksOf(properties.endHi, properties.endLo);
    const lastEvent = ticksOf(cursor.clockHi, cursor.clockLo);
    return end < lastEvent ? lastEvent : end;
  }

  private enterEvents(input: Input): void {
    const { reader, decoder } = input.stream;
    const status = decoder.scan(reader.cursor, this.batch, -Infinity);
    if (status === scanStatus.limit) {
      reader.noteFirstEvent(reader.cursor.nextTimeNs);
      input.head = 'events';
      input.time = reader.cursor.nextTimeNs;
      return;
    }
    reader.reportScanEnd(status === scanStatus.broken ? reader.cursor.problem : undefined);
    this.endPacket(input);
  }

  private endPacket(input: Input): void {
    input.head = 'packet-end';
    input.time = this.timeOf(input, this.packetEnd(input));
  }
}
