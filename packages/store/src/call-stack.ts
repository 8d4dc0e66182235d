/**
 * The calls of one thread, as they lie in each other. `Call` is what is kept of each. Calls whose end is not in the trace
 * (events were lost, or the stack was full) are cut when an outer one ends.
 */
export class CallStack<Call> {
  readonly #functions: number[] = [];
  readonly #calls: Call[] = [];
  /** By function: its calls that are open. */
  readonly #openOf: number[] = [];
  readonly #cut: (call: Call, depth: number) => void;

  /** @param cut takes a call whose end is not in the trace, the innermost first. */
  constructor(cut: (call: Call, depth: number) => void) {
    this.#cut = cut;
  }

  /** Calls that are open. */
  get depth(): number {
    return this.#calls.length;
  }

  /** What is called now. */
  get top(): Call | undefined {
    return this.#calls.at(-1);
  }

  /** Calls of a function that are open. @param fn from 0, dense. */
  openOf(fn: number): number {
    return this.#openOf[fn] ?? 0;
  }

  enter(fn: number, call: Call): void {
    this.#functions.push(fn);
    this.#calls.push(call);
    this.#openOf[fn] = this.openOf(fn) + 1;
  }

  /**
   * Ends the innermost call of a function, or the innermost of all; undefined when there is none, its beginning is not in
   * the trace then. `depth` is that of the call, from 0.
   */
  leave(fn: number | undefined): { readonly call: Call; readonly depth: number } | undefined {
    const left = fn ?? this.#functions.at(-1);
    if (left === undefined || this.openOf(left) === 0) return undefined;
    while (this.#functions.at(-1) !== left) this.#cut(this.#pop(), this.depth);
    return { call: this.#pop(), depth: this.depth };
  }

  /** Cuts all calls: which of them go on behind a gap is not known. */
  clear(): void {
    while (this.depth > 0) this.#cut(this.#pop(), this.depth);
  }

  #pop(): Call {
    const fn = this.#functions.pop()!;
    this.#openOf[fn] = this.openOf(fn) - 1;
    return this.#calls.pop()!;
  }
}
