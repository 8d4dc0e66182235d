/**
 * Clock values of a stream's events, one after the other. Where a clock ticks more than once a nanosecond they cannot
 * be got back from times, so the stream is read a second time with ticks as time.
 */
import { EventBatch, scanStatus } from '@spoor/ctf';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';

export class TickReader {
  private readonly stream: OpenStream;
  private readonly batch = new EventBatch(1024);
  private row = 0;
  private within = false;

  /** @param stream of a trace set that was opened with ticks as time. */
  constructor(stream: OpenStream) {
    this.stream = stream;
  }

  /** Clock value of the next event; undefined when there are no more. */
  peek(): bigint | undefined {
    if (this.row === this.batch.count && !this.fill()) return undefined;
    return this.stream.set.baseNs + BigInt(this.batch.timeNs[this.row]!);
  }

  /** Like `peek`, and moves on. */
  next(): bigint | undefined {
    const ticks = this.peek();
    this.row += 1;
    return ticks;
  }

  private fill(): boolean {
    const { reader, decoder } = this.stream;
    const { batch } = this;
    batch.count = 0;
    this.row = 0;
    for (;;) {
      if (this.within) {
        this.within = decoder.scan(reader.cursor, batch, Infinity) === scanStatus.batchFull;
        if (batch.count > 0) return true;
      }
      if (!this.within && !reader.nextPacket()) return false;
      this.within = true;
    }
  }
}
