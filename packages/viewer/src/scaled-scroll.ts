// A scrollbar for more rows than a browser can lay out. Elements may be some tens of millions of pixels high; beyond
// a limit far below that, one pixel of the scrollbar stands for several rows, and the wheel moves by rows itself.

/** Height of a row. */
export const rowPx = 22;
/** Height of the scrolled element at most. */
const mostPx = 8_000_000;

/** How rows and the scrollbar correspond, for a number of rows and a height of the view. */
export class ScaledScroll {
  readonly rowCount: number;
  readonly viewPx: number;

  constructor(rowCount: number, viewPx: number) {
    this.rowCount = rowCount;
    this.viewPx = viewPx;
  }

  /** Height of the element that gives the scrollbar its size. */
  get contentPx(): number {
    return Math.min(mostPx, this.rowCount * rowPx);
  }

  get scaled(): boolean {
    return this.rowCount * rowPx > mostPx;
  }

  /** The greatest first row: with it, the last row is at the bottom. */
  get lastTop(): number {
    return Math.max(0, this.rowCount - this.viewPx / rowPx);
  }

  /** First row (with a fraction) at a position of the scrollbar. */
  topOf(scrollPx: number): number {
    if (!this.scaled) return Math.min(this.lastTop, scrollPx / rowPx);
    const reach = this.contentPx - this.viewPx;
    return reach <= 0 ? 0 : Math.min(1, scrollPx / reach) * this.lastTop;
  }

  /** Position of the scrollbar for a first row. */
  scrollOf(top: number): number {
    if (!this.scaled) return top * rowPx;
    return this.lastTop === 0 ? 0 : (top / this.lastTop) * (this.contentPx - this.viewPx);
  }
}
