/** Puts rows of a flow and made events together into batches, in the order in which they come. */
import { EventBatch } from '@spoor/ctf';
import type { MadeStream } from './made-stream.ts';

/** An event to be made. */
export interface MadeEvent {
  readonly made: MadeStream;
  /** Index of the event class in the flow. */
  readonly classIndex: number;
  /** Nanoseconds after the flow's base. */
  readonly timeNs: number;
  /** Appends the event to the stream's packets. */
  write(): void;
}

/**
 * Fills batches. Rows that are kept refer to packets of the upstream, so the upstream must not be read on while
 * anything is pending.
 */
export class RowAssembler {
  /** Filled by {@link fill}. */
  readonly batch: EventBatch = new EventBatch();
  /** Rows of `upstream` (their number) and events, in order. */
  private readonly pending: (number | MadeEvent)[] = [];
  private next = 0;
  /** Whether the first pending event is in its stream's packets already. */
  private written = false;
  private readonly upstream: EventBatch;
  /** The events of the packet that a stream loaded last. */
  private readonly loaded = new EventBatch();

  constructor(upstream: EventBatch) {
    this.upstream = upstream;
  }

  /** Rows and events that wait for {@link fill}. */
  get length(): number {
    return this.pending.length - this.next;
  }

  get isEmpty(): boolean {
    return this.next === this.pending.length;
  }

  /** Adds a row of the upstream's batch. */
  keep(row: number): void {
    this.pending.push(row);
  }

  /** Adds an event. */
  make(event: MadeEvent): void {
    this.pending.push(event);
  }

  /** Moves as much of what is pending into the batch as goes with one packet of each made stream. */
  fill(): void {
    const { batch, upstream, pending } = this;
    const capacity = batch.timeNs.length;
    /** Rows of the batch whose events are in the packets that the streams' writers hold. */
    const held = new Map<MadeStream, number[]>();
    let count = 0;
    while (count < capacity && this.next < pending.length) {
      const item = pending[this.next]!;
      if (typeof item === 'number') {
        batch.streamIndex[count] = upstream.streamIndex[item]!;
        batch.classIndex[count] = upstream.classIndex[item]!;
        batch.timeNs[count] = upstream.timeNs[item]!;
        batch.offsetBits[count] = upstream.offsetBits[item]!;
        count++;
        this.next++;
        continue;
      }
      const { made, classIndex, timeNs } = item;
      if (!this.written) item.write();
      this.written = false;
      let rows = held.get(made);
      if (rows === undefined) held.set(made, (rows = []));
      batch.streamIndex[count] = made.open.info.index;
      batch.classIndex[count] = classIndex;
      batch.timeNs[count] = timeNs;
      rows.push(count);
      if (!made.isReady) {
        count++;
        this.next++;
        continue;
      }
      // A packet went out: with this event in it, if that alone fills it, or before it. Rows hold one packet a stream.
      made.load(this.loaded);
      held.delete(made);
      this.place(rows);
      if (this.loaded.count < rows.length) {
        this.written = true;
      } else {
        count++;
        this.next++;
      }
      break;
    }
    for (const [made, rows] of held) {
      made.packets.end();
      made.load(this.loaded);
      this.place(rows);
    }
    batch.count = count;
    if (this.isEmpty) {
      pending.length = 0;
      this.next = 0;
    }
  }

  /** Makes a stream hold a packet without events, which `begin` begins. */
  loadEmpty(made: MadeStream, begin: () => void): void {
    begin();
    made.packets.end();
    made.load(this.loaded);
  }

  private place(rows: readonly number[]): void {
    const { batch, loaded } = this;
    for (let index = 0; index < loaded.count; index++) {
      batch.offsetBits[rows[index]!] = loaded.offsetBits[index]!;
    }
  }
}
