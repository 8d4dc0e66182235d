/**
 * Merges streams into one sequence ordered by time, in babeltrace2's order: on equal times the stream of lower
 * rank goes first. The merge costs nothing per event: the stream whose turn it is decodes until its events are
 * later than the next stream's.
 */
import { scanStatus, type EventBatch, type StreamDecoder, type StreamReader } from '@spoor/ctf';
import { TimeHeap } from './time-heap.ts';

/** One stream of a merge. */
export interface MuxerInput {
  readonly reader: StreamReader;
  readonly decoder: StreamDecoder;
}

/** Keeps a heap of streams by the time of their next event. */
export class Muxer {
  private readonly inputs: readonly MuxerInput[];
  /** Inputs that have events, by the time of their next one in whole nanoseconds. */
  private readonly heap: TimeHeap;
  /** The input at the heap's top that must move to its next packet before anything else. */
  private pending = false;
  /** Inputs that have been moved to their first packet. */
  private begun = 0;
  /** Those of them that have events. */
  private readonly withEvents: number[] = [];

  /** @param inputs in the order that breaks ties. */
  constructor(inputs: readonly MuxerInput[]) {
    this.inputs = inputs;
    this.heap = new TimeHeap(inputs.length);
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
    while (heap.size > 0) {
      const { top } = heap;
      const input = inputs[top]!;
      const { cursor } = input.reader;
      const status = input.decoder.scan(cursor, batch, heap.limit());
      if (status === scanStatus.limit) {
        heap.times[top] = cursor.nextTimeNs;
        heap.sink();
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
      if (this.moveToEvents(this.begun, batch)) this.withEvents.push(this.begun);
    }
    this.heap.fill(this.withEvents);
  }

  private advanceTop(batch: EventBatch): void {
    const { heap } = this;
    const hasEvents = this.moveToEvents(heap.top, batch);
    this.pending = false;
    if (hasEvents) heap.sink();
    else heap.pop();
  }

  /** Moves an input to the next packet, or window of one, that has events, and notes the first one's time. */
  private moveToEvents(index: number, batch: EventBatch): boolean {
    const { reader, decoder } = this.inputs[index]!;
    while (reader.nextPacket()) {
      const status = decoder.scan(reader.cursor, batch, -Infinity);
      if (status === scanStatus.limit) {
        if (reader.isContinued) {
          this.heap.times[index] = reader.cursor.nextTimeNs;
          return true;
        }
        reader.noteFirstEvent(reader.cursor.nextTimeNs);
        // As babeltrace2 merges messages, of which a packet's end and beginning are two, an event that is earlier
        // than them waits for their turn.
        this.heap.times[index] = Math.max(reader.cursor.nextTimeNs, reader.boundaryNs);
        return true;
      }
      reader.reportScanEnd(status === scanStatus.broken ? reader.cursor.problem : undefined);
    }
    return false;
  }
}
