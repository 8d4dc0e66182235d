/**
 * Columns of numbers that grow by doubling. The array behind a column is replaced when it grows: a reader takes
 * `values` anew for each query and reads only below `length`.
 */
abstract class GrowingColumn<Values extends Uint32Array | Float64Array> {
  values: Values;
  length = 0;

  constructor(values: Values) {
    this.values = values;
  }

  /** An empty array of the column's kind. */
  protected abstract make(capacity: number): Values;

  /** Makes room for `more` further values, so that they can be stored without a check each. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.values.length) return;
    const grown = this.make(Math.max(needed, this.values.length * 2));
    grown.set(this.values.subarray(0, this.length));
    this.values = grown;
  }

  /** Gives unused room back; for a column that is complete. */
  trim(): void {
    if (this.length === this.values.length) return;
    const fitting = this.make(this.length);
    fitting.set(this.values.subarray(0, this.length));
    this.values = fitting;
  }

  /** Memory taken, unused room included. */
  get sizeBytes(): number {
    return this.values.byteLength;
  }
}

// Each has a `push` of its own, which sees one kind of array only: that is what makes it quick.

/** A column of unsigned integers of 32 bits. */
export class Uint32Column extends GrowingColumn<Uint32Array> {
  constructor(capacity = 16) {
    super(new Uint32Array(capacity));
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  protected override make(capacity: number): Uint32Array {
    return new Uint32Array(capacity);
  }
}

/** A column of doubles. */
export class Float64Column extends GrowingColumn<Float64Array> {
  constructor(capacity = 16) {
    super(new Float64Array(capacity));
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(1);
    this.values[this.length++] = value;
  }

  protected override make(capacity: number): Float64Array {
    return new Float64Array(capacity);
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
