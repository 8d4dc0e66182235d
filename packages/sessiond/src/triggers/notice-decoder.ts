// Events of one process as values: its metadata is what its threads declared so far, read anew when a class is missing.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  MemorySource,
  EventBatch,
  PacketHeaderDecoder,
  StreamDecoder,
  StreamReader,
  parseTsdl,
  scanStatus,
  type EventClass,
  type TraceClass,
} from '@spoor/ctf';
import {
  EVENTS_FOLDER,
  PACKET,
  PROCESS_FILE,
  type ProcessDescription,
  parseProcess,
} from '@spoor/ringbuffer';
import { MOST_BYTES, readProgramFile } from '../program-file.ts';

/** An event with all its values. */
export interface DecodedEvent {
  readonly name: string;
  /** Of the monotonic clock. */
  readonly monotonicNs: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly contexts: Readonly<Record<string, unknown>>;
}

/** Most text that declares the classes of a process's notices: it is parsed while all else in the daemon waits. */
const MOST_CLASS_BYTES = 8 * 1024 * 1024;
/** Rows of a batch: notices are few. */
const BATCH_EVENTS = 256;
/** Tells the texts of interned strings; nobody's event. */
const STRING_EVENT = 'spoor:string';

interface StreamDecoders {
  readonly header: PacketHeaderDecoder;
  readonly stream: StreamDecoder;
  readonly classes: readonly EventClass[];
}

/**
 * What a process says of itself.
 * @throws SpoorError `process/malformed`, and what the file system throws.
 */
export function describedProcess(processPath: string): ProcessDescription {
  const path = join(processPath, PROCESS_FILE);
  return parseProcess(readProgramFile(path, MOST_BYTES.process).toString('utf8'), path);
}

/** Decodes packets of the rings of one process. */
export class NoticeDecoder {
  readonly #processPath: string;
  readonly #batch = new EventBatch(BATCH_EVENTS);
  #header: string | undefined;
  /** By id of the stream class, for the classes that were declared when `#classCount` files were there. */
  #decoders = new Map<bigint, StreamDecoders>();
  #classCount = -1;

  constructor(processPath: string) {
    this.#processPath = processPath;
  }

  /**
   * The last `count` events of a packet. Throws what the file system and @spoor/ctf throw: the process wrote something
   * that is no trace.
   */
  decode(bytes: Uint8Array, count: number): readonly DecodedEvent[] {
    // All classes of a packet's events were declared before these were written.
    const blocks = this.#blocks();
    if (blocks.length !== this.#classCount) this.#load(blocks);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decoders = this.#decoders.get(BigInt(view.getUint32(PACKET.streamClassId, true)));
    if (decoders === undefined) return [];
    const events = this.#read(bytes, decoders);
    return events.slice(events.length - count).filter(({ name }) => name !== STRING_EVENT);
  }

  /** Names of the files that declare classes. */
  #blocks(): readonly string[] {
    return readdirSync(join(this.#processPath, EVENTS_FOLDER)).filter((name) => /^\d+$/.test(name));
  }

  #load(blocks: readonly string[]): void {
    this.#header ??= describedProcess(this.#processPath).header;
    let leftBytes = MOST_CLASS_BYTES;
    const texts = [...blocks]
      .sort((a, b) => Number(a) - Number(b))
      .map((name) => {
        const path = join(this.#processPath, EVENTS_FOLDER, name);
        const bytes = readProgramFile(path, Math.max(0, leftBytes));
        leftBytes -= bytes.length;
        return bytes.toString('utf8');
      });
    const traceClass: TraceClass = parseTsdl([this.#header, ...texts].join('\n'));
    const header = new PacketHeaderDecoder(traceClass);
    this.#decoders = new Map(
      traceClass.streamClasses.map((streamClass) => [
        streamClass.id,
        { header, stream: new StreamDecoder(traceClass, streamClass), classes: streamClass.eventClasses },
      ]),
    );
    this.#classCount = blocks.length;
  }

  #read(bytes: Uint8Array, { header, stream, classes }: StreamDecoders): readonly DecodedEvent[] {
    const events: DecodedEvent[] = [];
    const reader = new StreamReader(
      [new MemorySource('notices', bytes)],
      header,
      stream,
      { damaged() {}, lost() {} },
      0,
    );
    if (!reader.nextPacket()) return events;
    const { cursor } = reader;
    const batch = this.#batch;
    for (;;) {
      batch.count = 0;
      const status = stream.scan(cursor, batch, Infinity);
      for (let row = 0; row < batch.count; row += 1) {
        const classIndex = batch.classIndex[row]!;
        const read = (scope: 'event-payload' | 'event-common-context'): Record<string, unknown> => {
          const access = stream.accessor(classIndex, scope);
          const values = access(cursor.bytes, cursor.view, batch.offsetBits[row]!, cursor.externals);
          return (values ?? {}) as Record<string, unknown>;
        };
        events.push({
          name: classes[classIndex]?.name ?? '',
          monotonicNs: batch.timeNs[row]!,
          fields: read('event-payload'),
          contexts: read('event-common-context'),
        });
      }
      if (status !== scanStatus.batchFull) return events;
    }
  }
}
