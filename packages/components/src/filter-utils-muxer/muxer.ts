/**
 * Merges streams into one sequence ordered by time, in babeltrace2's order: on equal times the stream of lower
 * rank goes first. The merge costs nothing per event: the stream whose turn it is decodes until its events are
 * later than the next stream's.
 */
import { scanStatus, type EventBatch, type StreamDecoder, type StreamReader } from '@spoor/ctf';

/** One stream of a merge. */
export interface MuxerInput {
  readonly reader: StreamReader;
  readonly decoder: StreamDecoder;
}

/** Keeps a heap of streams by the time of their next event. */
export class Muxer {
  private readonly inputs: readonly MuxerInput[];
  /** Indexes of inputs, a binary heap by (time, index). */
  private readonly heap: number[] = [];
  private readonly times: Float64Array;
  /** The input at the heap's top that must move to its next packet before anything else. */
  private pending = false;
  /** Inputs that have been moved to their first packet. */
  private begun = 0;

  /** @param inputs in the order that breaks ties. */
  constructor(inputs: readonly MuxerInput[]) {
    this.inputs = inputs;
    this.times = new Float64Array(inputs.length);
  }

  /**
   * Fills the batch with the next events. Its rows refer to the packets that the readers hold until the next call.
   * @returns false when there are no more.
   * @throws BytesAwaited of remote sources; the next call then goes on where this one stopped.
   */
  next(batch: EventBatch): boolean {
    batch.count = 0;
    if (this.begun < this.inputs.length) this.start(batch);
    if (this.pending) this.advanceTop(batch);
    const { heap, inputs } = this;
    while (heap.length > 0) {
      const top = heap[0]!;
      const input = inputs[top]!;
      const { cursor } = input.reader;
      const status = input.decoder.scan(cursor, batch, this.limitOf(top));
      if (status === scanStatus.limit) {
        this.times[top] = cursor.nextTimeNs;
        this.sink();
        continue;
      }
      if (status === scanStatus.batchFull) return true;
      input.reader.reportScanEnd(status === scanStatus.broken ? cursor.problem : undefined);
      this.pending = true;
      if (batch.count > 0) return true;
      this.advanceTop(batch);
    }
    return batch.count > 0;
  }

  private start(batch: EventBatch): void {
    for (; this.begun < this.inputs.length; this.begun++) {
      if (this.moveToEvents(this.begun, batch)) this.heap.push(this.begun);
    }
    // Equal times keep the order of indexes, so sorting by both is a valid heap.
    this.heap.sort((left, right) => this.times[left]! - this.times[right]! || left - right);
  }

  private advanceTop(batch: EventBatch): void {
    const { heap } = this;
    const hasEvents = this.moveToEvents(heap[0]!, batch);
    this.pending = false;
    if (!hasEvents) {
      const last = heap.pop()!;
      if (heap.length === 0) return;
      heap[0] = last;
    }
    this.sink();
  }

  /** Moves an input to the next packet, or window of one, that has events, and notes the first one's time. */
  private moveToEvents(index: number, batch: EventBatch): boolean {
    const { reader, decoder } = this.inputs[index]!;
    while (reader.nextPacket()) {
      const status = decoder.scan(reader.cursor, batch, -Infinity);
      if (status === scanStatus.limit) {
        if (reader.isContinued) {
          this.times[index] = reader.cursor.nextTimeNs;
          return true;
        }
        reader.noteFirstEvent(reader.cursor.nextTimeNs);
        // As babeltrace2 merges messages, of which a packet's end and beginning are two, an event that is earlier
        // than them waits for their turn.
        this.times[index] = Math.max(reader.cursor.nextTimeNs, reader.boundaryNs);
        return true;
      }
      reader.reportScanEnd(status === scanStatus.broken ? reader.cursor.problem : undefined);
    }
    return false;
  }

  /** The last time at which the heap's top goes before all others. Times are whole nanoseconds. */
  private limitOf(top: number): number {
    const { heap, times } = this;
    if (heap.length === 1) return Infinity;
    let next = heap[1]!;
    if (heap.length > 2 && this.before(heap[2]!, next)) next = heap[2]!;
    const time = times[next]!;
    return top < next ? time : time - 1;
  }

  private before(left: number, right: number): boolean {
    const difference = this.times[left]! - this.times[right]!;
    return difference < 0 || (difference === 0 && left < right);
  }

  /** Restores the heap after its top's time grew. */
  private sink(): void {
    const { heap } = this;
    const moving = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child += 1;
      if (this.before(moving, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moving;
  }
}
