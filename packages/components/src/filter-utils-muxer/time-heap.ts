/** Indexes in the order of their times: a binary heap by (time, index), so that on equal times the lower index is first. */
export class TimeHeap {
  /** Time of every index; the owner sets those that are out of the heap or at its top. */
  readonly times: Float64Array;
  private readonly heap: number[] = [];

  constructor(count: number) {
    this.times = new Float64Array(count);
  }

  get size(): number {
    return this.heap.length;
  }

  /** The index with the earliest time; there must be one. */
  get top(): number {
    return this.heap[0]!;
  }

  /** Puts the heap together of all of `indexes`, whose times are set. */
  fill(indexes: readonly number[]): void {
    const { heap, times } = this;
    heap.push(...indexes);
    // Sorted by both is a valid heap. Equal infinities differ by NaN.
    heap.sort((left, right) => times[left]! - times[right]! || left - right);
  }

  /** The last whole nanosecond at which the top goes before all others. */
  limit(): number {
    const { heap, times } = this;
    if (heap.length === 1) return Infinity;
    let next = heap[1]!;
    if (heap.length > 2 && this.before(heap[2]!, next)) next = heap[2]!;
    const time = times[next]!;
    return heap[0]! < next ? time : time - 1;
  }

  /** Restores the order after the top's time grew. */
  sink(): void {
    const { heap } = this;
    const moving = heap[0]!;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child += 1;
      if (this.before(moving, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moving;
  }

  /** Takes the top away. */
  pop(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    this.sink();
  }

  private before(left: number, right: number): boolean {
    const difference = this.times[left]! - this.times[right]!;
    // The difference of two infinities is not a number: they are equal.
    return difference < 0 || (!(difference > 0) && left < right);
  }
}
