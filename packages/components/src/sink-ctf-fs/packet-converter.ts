/** Copies streams packet by packet where events are other bits in what is written: each is written anew, or its body copied. */
import { scanStatus, type EventBatch } from '@spoor/ctf';
import type { Loss } from '../source-ctf-fs/trace-info.ts';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import { EventCopier } from './event-copier.ts';
import type { CtfSinkOptions } from './parameters.ts';
import type { WrittenStream } from './written-stream.ts';

/** Converts one stream. */
export class PacketConverter {
  private readonly stream: OpenStream;
  private readonly written: WrittenStream;
  private readonly options: CtfSinkOptions;
  private readonly baseNs: bigint;
  private readonly batch: EventBatch;
  private readonly losses: Loss[] = [];
  private copier: EventCopier | undefined;

  /**
   * @param baseNs that the times of the stream's events count from.
   * @param batch that converters and copiers may share.
   */
  constructor(
    stream: OpenStream,
    written: WrittenStream,
    options: CtfSinkOptions,
    baseNs: bigint,
    batch: EventBatch,
  ) {
    this.stream = stream;
    this.written = written;
    this.options = options;
    this.baseNs = baseNs;
    this.batch = batch;
    stream.lossLists.push(this.losses);
  }

  /** Converts one packet; false when there are no more. */
  copyPacket(): boolean {
    const { stream, batch } = this;
    const { reader, decoder } = stream;
    if (!reader.nextPacket()) return false;
    this.copier ??= new EventCopier(stream, this.written, this.options, this.baseNs, this.losses);
    const { copier } = this;
    copier.beginWholePacket();
    const { classBase } = reader.cursor;
    for (;;) {
      batch.count = 0;
      const status = decoder.scan(reader.cursor, batch, Infinity);
      for (let row = 0; row < batch.count; row++) {
        copier.copy(batch.classIndex[row]! - classBase, batch.timeNs[row]!, batch.offsetBits[row]!);
      }
      if (status === scanStatus.batchFull) continue;
      reader.reportScanEnd(status === scanStatus.broken ? reader.cursor.problem : undefined);
      break;
    }
    copier.endPacket();
    return true;
  }

  /** Ends the stream's file. */
  close(): void {
    if (this.copier === undefined) this.written.sink.close();
    else this.copier.close();
  }
}
