/** Puts rows of a flow and made events together into batches, in the order in which they come. */
import { EventBatch } from '@spoor/ctf';
import type { Message } from '../event-flow.ts';
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

/** A message between the events. */
export interface PlacedMessage {
  readonly message: Message;
  /** Makes the stream hold what belongs to the message, when its turn has come. */
  enter?(): void;
}

/**
 * Fills batches. Rows that are kept refer to packets of the upstream, so the upstream must not be read on while
 * anything is pending.
 */
export class RowAssembler {
  /** Filled by {@link fill}. */
  readonly batch: EventBatch = new EventBatch();
  /** Rows of `upstream` (their number), events and messages, in order. */
  private readonly pending: (number | MadeEvent | PlacedMessage)[] = [];
  private next = 0;
  /** Whether the first pending event is in its stream's packets already. */
  private written = false;
  private upstream: EventBatch;
  /** The events of the packet that a stream loaded last. */
  private readonly loaded = new EventBatch();

  constructor(upstream: EventBatch) {
    this.upstream = upstream;
  }

  /** Takes rows of another batch from now on. */
  readFrom(upstream: EventBatch): void {
    this.upstream = upstream;
  }

  /** Rows, events and messages that wait. */
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

  /** Adds a message. */
  tell(message: PlacedMessage): void {
    this.pending.push(message);
  }

  /** Takes the message whose turn it is; undefined where a row or an event is next, or nothing. */
  takeMessage(): Message | undefined {
    const item = this.pending[this.next];
    if (typeof item !== 'object' || !('message' in item)) return undefined;
    this.next++;
    this.clearTaken();
    item.enter?.();
    return item.message;
  }

  /** Moves as much of what is pending before the next message into the batch as goes with one packet of each made stream. */
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
      if ('message' in item) break;
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
    this.clearTaken();
  }

  private clearTaken(): void {
    if (!this.isEmpty) return;
    this.pending.length = 0;
    this.next = 0;
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
