/**
 * Columns of numbers that grow by doubling. The array behind a column is replaced when it grows: a reader takes
 * `values` anew for each query and reads only below `length`.
 */
export class Uint32Column {
  values: Uint32Array;
  length = 0;

  constructor(capacity = 16) {
    this.values = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  /** Makes room for `more` further values, so that they can be stored without a check each. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.values.length) return;
    const grown = new Uint32Array(Math.max(needed, this.values.length * 2));
    grown.set(this.values.subarray(0, this.length));
    this.values = grown;
  }

  /** Gives unused room back; for a column that is complete. */
  trim(): void {
    if (this.length < this.values.length) this.values = this.values.slice(0, this.length);
  }

  /** Memory taken, unused room included. */
  get sizeBytes(): number {
    return this.values.byteLength;
  }
}

/** A column of doubles; see {@link Uint32Column}. */
export class Float64Column {
  values: Float64Array;
  length = 0;

  constructor(capacity = 16) {
    this.values = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  /** Makes room for `more` further values, so that they can be stored without a check each. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.values.length) return;
    const grown = new Float64Array(Math.max(needed, this.values.length * 2));
    grown.set(this.values.subarray(0, this.length));
    this.values = grown;
  }

  /** Gives unused room back; for a column that is complete. */
  trim(): void {
    if (this.length < this.values.length) this.values = this.values.slice(0, this.length);
  }

  /** Memory taken, unused room included. */
  get sizeBytes(): number {
    return this.values.byteLength;
  }
}

/** A sorted run of numbers, as far as `length`. */
type Sorted = Uint32Array | Float64Array;

/** Index of the first of the sorted `values[from..length)` that is not below `bound`; `length` when there is none. */
export function lowerBound(values: Sorted, bound: number, from: number, length: number): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * As {@link lowerBound}, for a bound that lies near `from`: looks 1, 2, 4 … further first, so that a walk over
 * ascending bounds costs the logarithm of each step and not of the whole column.
 */
export function gallop(values: Sorted, bound: number, from: number, length: number): number {
  let step = 1;
  let low = from;
  let high = from;
  while (high < length && values[high]! < bound) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  return lowerBound(values, bound, low, Math.min(high, length));
}
