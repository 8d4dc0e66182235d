/** One pass over a trace, which a program goes through with `for` or `for await`. */
import { BytesAwaited } from '@spoor/ctf';

/** Goes through values one by one. */
export interface Steps<Value> {
  /**
   * Moves on to the next value; false when there are no more.
   * @throws BytesAwaited when bytes have yet to come; then it is called again.
   */
  next(): boolean;
  /** The value that it is at. */
  current(): Value;
  /** Whether `next` has work to do, rather than hand out what is decoded already. */
  isAtBatchEnd(): boolean;
}

/** `for await` lets others have their turn after this time. */
const turnMs = 12;

/**
 * Values of one kind: events, columns or text. Every `for` goes through them from the beginning. `for` reads whatever is
 * at hand (files); `for await` also what must be fetched first, and lets timers and input have their turn.
 */
export class Reading<Value> implements Iterable<Value>, AsyncIterable<Value> {
  private readonly begin: () => Steps<Value>;

  /** @param begin may throw BytesAwaited; then it is called again. */
  constructor(begin: () => Steps<Value>) {
    this.begin = begin;
  }

  *[Symbol.iterator](): Generator<Value, void, undefined> {
    const steps = this.begin();
    while (steps.next()) yield steps.current();
  }

  [Symbol.asyncIterator](): AsyncIterator<Value, undefined, undefined> {
    let steps: Steps<Value> | undefined;
    let turnEnds = performance.now() + turnMs;
    const slow = async (): Promise<IteratorResult<Value, undefined>> => {
      for (;;) {
        try {
          if (performance.now() > turnEnds) {
            await new Promise<void>((resolve) => void setTimeout(resolve, 0));
            turnEnds = performance.now() + turnMs;
          }
          steps ??= this.begin();
          if (!steps.next()) return { done: true, value: undefined };
          return { done: false, value: steps.current() };
        } catch (error) {
          if (!(error instanceof BytesAwaited)) throw error;
          await error.arrival;
        }
      }
    };
    return {
      next: () => {
        if (steps === undefined || steps.isAtBatchEnd()) return slow();
        steps.next();
        return Promise.resolve({ done: false, value: steps.current() });
      },
    };
  }

  /** All values in an array; of events, clones. */
  async toArray(): Promise<(Value extends { clone(): infer Kept } ? Kept : Value)[]> {
    const all: unknown[] = [];
    for await (const value of this) all.push(hasClone(value) ? value.clone() : value);
    return all as (Value extends { clone(): infer Kept } ? Kept : Value)[];
  }
}

function hasClone(value: unknown): value is { clone(): unknown } {
  return typeof value === 'object' && value !== null && 'clone' in value && typeof value.clone === 'function';
}
