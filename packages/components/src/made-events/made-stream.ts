/**
 * A stream whose events are made here, by a filter: they are encoded into packets in memory, which a reader reads like
 * those of a file. So every sink takes them.
 */
import {
  PacketHeaderDecoder,
  PacketWriter,
  StreamReader,
  type ByteSource,
  type DecoderOptions,
  type EventBatch,
  type StreamDecoder,
  type StreamEncoder,
} from '@spoor/ctf';
import { SpoorError } from '@spoor/base';
import { cursorOrigin } from '../source-ctf-fs/clock.ts';
import type { EventClassInfo, StreamInfo } from '../source-ctf-fs/trace-info.ts';
import { OpenStream, TraceSet } from '../source-ctf-fs/trace-set.ts';

/** Packets are ended before they grow beyond this, unless one event alone does. */
const packetBytes = 1 << 18;

/** The packets that were made and not yet read, as a file that grows. */
class PacketQueue implements ByteSource {
  readonly name: string;
  /** Up to the end of the first packet in the queue. */
  sizeBytes = 0;
  private startByte = 0;
  private readonly packets: Uint8Array[] = [];
  private current: Uint8Array = new Uint8Array(0);

  constructor(name: string) {
    this.name = name;
  }

  get length(): number {
    return this.packets.length;
  }

  push(bytes: Uint8Array): void {
    this.packets.push(bytes);
  }

  /** Makes the first packet of the queue the end of the file. */
  advance(): void {
    this.startByte += this.current.length;
    this.current = this.packets.shift()!;
    this.sizeBytes = this.startByte + this.current.length;
  }

  read(into: Uint8Array, length: number, position: number): number {
    const from = position - this.startByte;
    const part = this.current.subarray(from, from + length);
    into.set(part);
    return part.length;
  }
}

/** Where a made stream has its place in a flow. */
export interface MadeStreamPlace {
  readonly info: StreamInfo;
  /** Time of the flow's base. */
  readonly baseNs: bigint;
  /** Index of the first event class in the flow. */
  readonly classBase: number;
  /** Shared by the streams of a class, with `encoder`. */
  readonly decoder: StreamDecoder;
  readonly encoder: StreamEncoder;
}

/** Makes events of one stream. */
export class MadeStream {
  readonly open: OpenStream;
  readonly packets: PacketWriter;
  private readonly queue: PacketQueue;

  constructor({ info, baseNs, classBase, decoder, encoder }: MadeStreamPlace, options: DecoderOptions = {}) {
    const { trace, streamClass } = info;
    this.queue = new PacketQueue(info.path);
    const headerDecoder = new PacketHeaderDecoder(trace.traceClass, options);
    const reader = new StreamReader([this.queue], headerDecoder, decoder, { damaged: refuse, lost() {} }, 0);
    const { cursor } = reader;
    cursor.streamIndex = info.index;
    cursor.classBase = classBase;
    if (streamClass.clockClass !== undefined) {
      const origin = cursorOrigin(streamClass.clockClass, baseNs);
      cursor.originHi = origin.hi;
      cursor.originLo = origin.lo;
    }
    this.open = new OpenStream(new TraceSet([trace], [], [], baseNs, []), info, reader, decoder);
    this.packets = new PacketWriter(
      encoder,
      {
        write: (bytes, length) => this.queue.push(bytes.slice(0, length)),
        close() {},
      },
      BigInt(info.id),
      packetBytes,
    );
  }

  /** Whether packets were made that have yet to be read. */
  get isReady(): boolean {
    return this.queue.length > 0;
  }

  /** Makes the reader hold the next packet. @param rows takes its events. */
  load(rows: EventBatch): void {
    const { reader, decoder } = this.open;
    this.queue.advance();
    if (!reader.nextPacket()) refuse('it cannot be read back');
    rows.count = 0;
    decoder.scan(reader.cursor, rows, Infinity);
  }
}

function refuse(problem: string): void {
  throw new SpoorError('graph/made-packet', `a packet that a filter made is wrong: ${problem}`);
}

/** The classes of events of a stream class, as a flow has them. */
export function eventClassInfos(
  info: Pick<StreamInfo, 'trace' | 'streamClass'>,
  decoder: StreamDecoder,
): readonly EventClassInfo[] {
  const { trace, streamClass } = info;
  return streamClass.eventClasses.map((eventClass, localIndex) => ({
    eventClass,
    trace,
    streamClass,
    decoder,
    localIndex,
  }));
}
