/**
 * Messages cut to a time range, as babeltrace2's `filter.utils.trimmer` has them: streams and packets that are open
 * where the range begins are begun anew there, and those that are open where it ends are ended there.
 */
import type { EventBatch } from '@spoor/ctf';
import type { Message, MessageFlow, NextMessage } from '../event-flow.ts';
import { nanosecondsOfClock, ticksAtNanoseconds } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo, Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { TimeRange } from './trimmed-flow.ts';

/** What is open of a stream. */
interface StreamState {
  readonly stream: OpenStream;
  inPacket: boolean;
  /** Whether a time of it was seen: only then is it known to be alive where it is cut. */
  timed: boolean;
}

type LossMessage = Extract<Message, { readonly kind: 'loss' }>;

/** The clock value of a bound, for a stream that has a clock. */
function ticksAt({ decoder }: OpenStream, ns: bigint): { readonly ticks?: bigint } {
  const clock = decoder.streamClass.clockClass;
  return clock === undefined ? {} : { ticks: ticksAtNanoseconds(clock, ns) };
}

/** The time of a clock value in nanoseconds from the origin. */
function timeOf({ decoder }: OpenStream, ticks: bigint | undefined): bigint | undefined {
  const clock = decoder.streamClass.clockClass;
  return clock === undefined || ticks === undefined ? undefined : nanosecondsOfClock(clock, ticks);
}

/** Hands on the messages of a flow that lie in a range. */
export class TrimmedMessages implements MessageFlow {
  message: Message | undefined;
  readonly batch: EventBatch;
  readonly streams: readonly OpenStream[];
  readonly eventClasses: readonly EventClassInfo[];
  readonly baseNs: bigint;
  readonly losses: readonly Loss[];
  private readonly upstream: MessageFlow;
  private readonly range: TimeRange & { readonly signal?: AbortSignal };
  private readonly firstNs: number;
  private readonly lastNs: number;
  /** By the stream's index; of streams that have begun and not ended. */
  private readonly states = new Map<number, StreamState>();
  /** What is to be handed out before the upstream is asked again. */
  private readonly queue: (Message | 'events')[] = [];
  /** Losses that began before the range and reach into it. */
  private readonly early: LossMessage[] = [];
  private phase: 'seeking' | 'within' | 'ended';

  constructor(upstream: MessageFlow, range: TimeRange & { readonly signal?: AbortSignal }) {
    this.upstream = upstream;
    this.batch = upstream.batch;
    this.streams = upstream.streams;
    this.eventClasses = upstream.eventClasses;
    this.baseNs = upstream.baseNs;
    this.losses = upstream.losses;
    this.range = range;
    this.firstNs = range.beginNs === undefined ? -Infinity : Number(range.beginNs - upstream.baseNs);
    this.lastNs = range.endNs === undefined ? Infinity : Number(range.endNs - upstream.baseNs);
    this.phase = range.beginNs === undefined ? 'within' : 'seeking';
  }

  next(): NextMessage {
    for (;;) {
      const queued = this.queue.shift();
      if (queued === 'events') return 'events';
      if (queued !== undefined) {
        this.message = queued;
        return 'message';
      }
      if (this.phase === 'ended' || this.range.signal?.aborted === true) {
        this.batch.count = 0;
        return 'end';
      }
      this.advance();
    }
  }

  private advance(): void {
    const found = this.upstream.next();
    switch (found) {
      case 'end':
        this.enter();
        this.phase = 'ended';
        return;
      case 'events':
        this.takeEvents();
        return;
      case 'message':
        this.takeMessage(this.upstream.message!);
        return;
      default:
        found satisfies never;
    }
  }

  private takeEvents(): void {
    const { batch, firstNs, lastNs } = this;
    const { timeNs, streamIndex, classIndex, offsetBits, count } = batch;
    let from = 0;
    if (this.phase === 'seeking') while (from < count && timeNs[from]! < firstNs) from++;
    let to = from;
    while (to < count && timeNs[to]! <= lastNs) to++;
    for (let row = 0; row < from; row++) this.states.get(streamIndex[row]!)!.timed = true;
    if (from === count) return;
    this.enter();
    for (let row = from; row < to; row++) this.states.get(streamIndex[row]!)!.timed = true;
    for (const column of [timeNs, streamIndex, classIndex, offsetBits]) column.copyWithin(0, from, to);
    batch.count = to - from;
    if (batch.count > 0) this.queue.push('events');
    if (to < count) this.leave();
  }

  private takeMessage(message: Message): void {
    if (message.kind === 'loss') {
      this.takeLoss(message);
      return;
    }
    const { stream, ticks } = message;
    const time = timeOf(stream, ticks);
    const { beginNs, endNs } = this.range;
    if (this.phase === 'seeking' && time !== undefined && time >= beginNs!) this.enter();
    if (endNs !== undefined && time !== undefined && time > endNs) {
      this.leave();
      return;
    }
    this.note(message, time !== undefined);
    if (this.phase === 'within') this.queue.push(message);
  }

  private takeLoss({ stream, loss }: LossMessage): void {
    const { beginNs, endNs } = this.range;
    const lossBegin = timeOf(stream, loss.endTicks === undefined ? undefined : loss.beginTicks);
    const lossEnd = timeOf(stream, loss.endTicks);
    const state = this.states.get(stream.info.index)!;
    if (lossEnd !== undefined) state.timed = true;
    if (this.phase === 'seeking') {
      if (lossEnd === undefined || lossEnd < beginNs!) return;
      if (lossBegin === undefined || lossBegin < beginNs!) {
        this.early.push({ kind: 'loss', stream, loss: this.cut(stream, loss, true, lossEnd) });
        return;
      }
      this.enter();
    }
    if (endNs !== undefined && lossBegin !== undefined && lossBegin > endNs) {
      this.leave();
      return;
    }
    this.queue.push({ kind: 'loss', stream, loss: this.cut(stream, loss, false, lossEnd) });
  }

  /** A loss as far as it lies in the range; how many were lost is not known of a part. */
  private cut(stream: OpenStream, loss: Loss, begins: boolean, lossEnd: bigint | undefined): Loss {
    const { beginNs, endNs } = this.range;
    const ends = endNs !== undefined && lossEnd !== undefined && lossEnd > endNs;
    if (!begins && !ends) return loss;
    const { kind, stream: info, beginTicks, endTicks } = loss;
    const first = begins ? ticksAt(stream, beginNs!).ticks : beginTicks;
    const last = ends ? ticksAt(stream, endNs).ticks : endTicks;
    return {
      kind,
      stream: info,
      ...(first === undefined ? {} : { beginTicks: first }),
      ...(last === undefined ? {} : { endTicks: last }),
    };
  }

  private note({ kind, stream }: Exclude<Message, LossMessage>, timed: boolean): void {
    const { index } = stream.info;
    const state = this.states.get(index);
    switch (kind) {
      case 'stream-beginning':
        this.states.set(index, { stream, inPacket: false, timed });
        return;
      case 'stream-end':
        this.states.delete(index);
        return;
      case 'packet-beginning':
        state!.inPacket = true;
        break;
      case 'packet-end':
        state!.inPacket = false;
        break;
      case 'inactivity':
        return;
      default:
        kind satisfies never;
    }
    if (timed) state!.timed = true;
  }

  /** Begins the range: what is open is begun at its first moment. */
  private enter(): void {
    if (this.phase !== 'seeking') return;
    this.phase = 'within';
    for (const { stream, inPacket, timed } of this.states.values()) {
      // What was passed over unread had its times, too.
      const at = timed || stream.reader.hasPassedOver ? ticksAt(stream, this.range.beginNs!) : {};
      this.queue.push({ kind: 'stream-beginning', stream, ...at });
      if (inPacket) this.queue.push({ kind: 'packet-beginning', stream, ...at });
    }
    this.queue.push(...this.early);
  }

  /** Ends the range: what is open is ended at its last moment. */
  private leave(): void {
    this.enter();
    this.phase = 'ended';
    for (const { stream, inPacket, timed } of this.states.values()) {
      const at = timed || stream.reader.hasPassedOver ? ticksAt(stream, this.range.endNs!) : {};
      if (inPacket) this.queue.push({ kind: 'packet-end', stream, ...at });
      this.queue.push({ kind: 'stream-end', stream, ...at });
    }
  }
}
