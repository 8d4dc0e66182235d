/** Copies streams packet by packet: bytes as they are, headers rewritten only where they must say something else. */
import {
  absent,
  EventBatch,
  scanStatus,
  StreamEncoder,
  type ByteSink,
  type Halves,
  type RoleValues,
} from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import type { OpenStream } from '../source-ctf-fs/trace-set.ts';
import type { CtfSinkOptions } from './parameters.ts';
import type { WrittenStream } from './written-stream.ts';

type Role = RoleValues extends ReadonlyMap<infer Key, Halves> ? Key : never;

function halvesOf(value: number): Halves {
  return { hi: Math.floor(value / 0x1_0000_0000), lo: value >>> 0 };
}

/** Copies one stream. */
export class PacketCopier {
  private readonly stream: OpenStream;
  private readonly encoder: StreamEncoder;
  private readonly sink: ByteSink;
  private readonly options: CtfSinkOptions;
  /** Of the events that are only looked at. */
  private readonly batch: EventBatch;
  private packetCount = 0;

  constructor(stream: OpenStream, written: WrittenStream, options: CtfSinkOptions, batch: EventBatch) {
    this.stream = stream;
    this.encoder = new StreamEncoder(written.traceClass, written.conversion.streamClass);
    this.sink = written.sink;
    this.options = options;
    this.batch = batch;
  }

  /** A batch that copiers may share. */
  static makeBatch(): EventBatch {
    return new EventBatch();
  }

  /** Copies one packet; false when there are no more. */
  copyPacket(): boolean {
    const { reader } = this.stream;
    if (!reader.nextPacket()) return false;
    const { cursor, properties, packetPlace } = reader;
    const saysSizes = properties.totalBits !== absent || properties.contentBits !== absent;
    const wholeBits = saysSizes ? Math.max(properties.totalBits, properties.contentBits) : -1;
    const cut = wholeBits > packetPlace.sizeBytes * 8;
    const contentBits = this.checkEvents();
    const changes = new Map<Role, Halves>();
    if (contentBits !== undefined || cut) {
      // What is damaged is left out: content up to the last whole event, and no padding.
      this.shorten(contentBits ?? cursor.endBit, changes);
    }
    if (this.options.ignoreDiscardedEvents && properties.hasDiscarded) {
      changes.set('discarded-event-record-counter-snapshot', { hi: 0, lo: 0 });
    }
    if (this.options.ignoreDiscardedPackets && properties.sequenceNumber !== absent) {
      changes.set('packet-sequence-number', halvesOf(this.packetCount));
    }
    if (changes.size > 0) this.rewriteHead(changes);
    const total = changes.get('packet-total-length');
    const sizeBytes = total === undefined ? packetPlace.sizeBytes : (total.hi * 0x1_0000_0000 + total.lo) / 8;
    this.sink.write(cursor.bytes, sizeBytes);
    this.packetCount += 1;
    return true;
  }

  /** Looks at the headers of all events; returns where the sound ones end when that is before the content does. */
  private checkEvents(): number | undefined {
    const { batch } = this;
    const { reader, decoder } = this.stream;
    for (;;) {
      batch.count = 0;
      const status = decoder.scan(reader.cursor, batch, Infinity);
      if (status === scanStatus.batchFull) continue;
      if (status !== scanStatus.broken) {
        reader.reportScanEnd(undefined);
        return undefined;
      }
      reader.reportScanEnd(reader.cursor.problem);
      return reader.cursor.bit;
    }
  }

  private shorten(contentBits: number, changes: Map<Role, Halves>): void {
    const { encoder } = this;
    const totalBits = Math.ceil(contentBits / 8) * 8;
    if (totalBits !== contentBits && !encoder.hasRole('packet-content-length')) {
      throw new SpoorError(
        'ctf/not-expressible',
        'a damaged packet, which ends inside a byte and does not say where its content ends',
        { where: this.stream.info.path },
      );
    }
    changes.set('packet-content-length', halvesOf(contentBits));
    changes.set('packet-total-length', halvesOf(totalBits));
  }

  /** Writes the packet's header and context anew, all members as they are but those of the given roles. */
  private rewriteHead(changes: ReadonlyMap<Role, Halves>): void {
    const { reader, decoder } = this.stream;
    const { bytes } = reader.cursor;
    const scopes = decoder.packetValues(bytes, reader.contextEndBit);
    // Where a role has no value here, the member's own value is taken.
    const end = this.encoder.encodePacket(bytes, reader.contextEndBit, changes, {
      ...(scopes['packet-header'] === undefined ? {} : { header: scopes['packet-header'] }),
      ...(scopes['packet-context'] === undefined ? {} : { context: scopes['packet-context'] }),
    });
    if (end !== reader.contextEndBit) {
      throw new SpoorError('ctf/not-expressible', 'a packet context whose size depends on the packet', {
        where: this.stream.info.path,
      });
    }
  }

  /** Ends the stream's file. */
  close(): void {
    this.sink.close();
  }
}
