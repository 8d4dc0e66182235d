/** Streams beside those of the processors, for events that other threads of the machine do not wait for. */
import type { EventValues, StreamWriter, WritableStructure } from '@spoor/ctf';

/** A stream that takes events in the order in which they are found, which may not quite be that of their times. */
export class SideStream {
  eventCount = 0;
  lostCount = 0;
  private readonly writer: StreamWriter;
  private lastNs = 0n;

  constructor(writer: StreamWriter) {
    this.writer = writer;
  }

  /** Adds an event; its time is at least that of the one before. */
  append(
    name: string,
    timeNs: bigint,
    payload: WritableStructure,
    more: Omit<EventValues, 'payload'> = {},
  ): void {
    if (timeNs > this.lastNs) this.lastNs = timeNs;
    this.writer.append(name, this.lastNs, payload, more);
    this.eventCount += 1;
  }

  /** Says that events were lost. */
  discard(count: number): void {
    this.lostCount += count;
    this.writer.discard(count);
  }

  /** Has what was added written: who kills the recorder loses no more than what came since. */
  endPacket(): void {
    this.writer.endPacket();
  }

  close(): void {
    this.writer.close();
  }
}
