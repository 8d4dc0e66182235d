/** Keeps the `limit` items of greatest weight out of any number: a heap whose root is the least one kept. */
export class Largest<Item> {
  private readonly limit: number;
  private readonly heap: { readonly weight: number; readonly item: Item }[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether an item of this weight would be kept now. */
  admits(weight: number): boolean {
    return this.heap.length < this.limit || (this.limit > 0 && weight > this.heap[0]!.weight);
  }

  /** Offers an item. Of equal weights the first offered stays. */
  offer(weight: number, item: Item): void {
    if (!this.admits(weight)) return;
    const { heap } = this;
    let at: number;
    if (heap.length < this.limit) {
      at = heap.length;
      heap.push({ weight, item });
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (heap[parent]!.weight <= heap[at]!.weight) break;
        [heap[parent], heap[at]] = [heap[at]!, heap[parent]!];
        at = parent;
      }
      return;
    }
    heap[0] = { weight, item };
    at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && heap[left]!.weight < heap[least]!.weight) least = left;
      if (right < heap.length && heap[right]!.weight < heap[least]!.weight) least = right;
      if (least === at) return;
      [heap[least], heap[at]] = [heap[at]!, heap[least]!];
      at = least;
    }
  }

  /** The items kept, greatest weight first. */
  sorted(): Item[] {
    return this.heap.toSorted((a, b) => b.weight - a.weight).map((entry) => entry.item);
  }
}
