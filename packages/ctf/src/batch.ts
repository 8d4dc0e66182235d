/** Columns of decoded events: what readers, mergers and sinks hand on. */

/** Rows of a batch: 16 Ki rows of 24 bytes stay in a core's second-level cache. */
export const batchCapacity = 16_384;

/**
 * Up to `capacity` events in merged order, one row each. Rows refer to the packets that the streams hold now: a
 * batch is spent before any stream moves to its next packet, and is filled anew afterwards. So use the rows at
 * once, or copy what you need.
 */
export class EventBatch {
  /** Rows that count. */
  count = 0;
  /** Rows that are filled at most: no more than the columns have, and fewer where the first rows are awaited. */
  room: number;
  /** Index of the stream in its trace set. */
  readonly streamIndex: Int32Array;
  /** Index of the event class in its trace set. */
  readonly classIndex: Int32Array;
  /** Nanoseconds after the trace set's base. */
  readonly timeNs: Float64Array;
  /** Position of the event's contexts and payload in the stream's packet, in bits. */
  readonly offsetBits: Int32Array;

  constructor(capacity: number = batchCapacity) {
    this.room = capacity;
    this.streamIndex = new Int32Array(capacity);
    this.classIndex = new Int32Array(capacity);
    this.timeNs = new Float64Array(capacity);
    this.offsetBits = new Int32Array(capacity);
  }
}
