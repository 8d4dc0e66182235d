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
  /** Of the stream asked for last. */
  private packetNumber = 0;
  private within = false;

  /** @param stream of a trace set that was opened with ticks as time. */
  constructor(stream: OpenStream) {
    this.stream = stream;
  }

  /**
   * Clock value of the event at a bit of the packet that a stream is in; undefined when there is none.
   * @param stream of the same files. Asked for in the order of its events, of which some may be left out.
   */
  ticksAt(stream: OpenStream, offsetBits: number): bigint | undefined {
    this.moveTo(stream);
    while (this.isIn(stream)) {
      while (this.row < this.batch.count) {
        const row = this.row++;
        if (this.batch.offsetBits[row] === offsetBits) return this.ticksOf(row);
      }
      if (!this.fill()) return undefined;
    }
    return undefined;
  }

  /** Clock value of the first event of the packet that a stream is in. */
  firstTicks(stream: OpenStream): bigint | undefined {
    this.moveTo(stream);
    return this.isIn(stream) && this.row === 0 && this.batch.count > 0 ? this.ticksOf(0) : undefined;
  }

  private ticksOf(row: number): bigint {
    return this.stream.set.baseNs + BigInt(this.batch.timeNs[row]!);
  }

  /** Reads up to the packet that a stream of the same files is in. */
  private moveTo(stream: OpenStream): void {
    if (this.packetNumber === stream.reader.packetNumber) return;
    this.packetNumber = stream.reader.packetNumber;
    while (!this.isIn(stream) && this.fill());
  }

  private isIn({ reader }: OpenStream): boolean {
    const own = this.stream.reader;
    if (own.packetNumber === 0) return false;
    const { source, startByte } = own.packetPlace;
    const wanted = reader.packetPlace;
    return startByte === wanted.startByte && source.name === wanted.source.name;
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
