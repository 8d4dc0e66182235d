/** Runs the steps of a plug-in, and waits where they say so. */
import { Stretch, type SourceSteps } from './handler.ts';

/** Goes through steps, some at a time. */
export class StepRunner {
  ended = false;
  private readonly steps: Iterator<unknown>;
  private readonly idle: (until: Promise<unknown>) => void;
  private readonly stretch = new Stretch();
  private waitingFor: Promise<unknown> | undefined;
  private failure: { readonly error: unknown } | undefined;

  /** @param idle is told what steps wait for, when they are asked to go on meanwhile. */
  constructor(steps: SourceSteps, idle: (until: Promise<unknown>) => void) {
    this.steps = steps[Symbol.iterator]();
    this.idle = idle;
  }

  /** Whether the last step waits for a promise. */
  get waits(): boolean {
    return this.waitingFor !== undefined;
  }

  /** Says again that it waits. @throws what the promise was rejected with. */
  tellWait(): void {
    this.refuseFailure();
    if (this.waitingFor !== undefined) this.idle(this.waitingFor);
  }

  private refuseFailure(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  /**
   * Does steps while there is nothing to wait for, for a little while.
   * @param goesOn asked before each.
   * @throws what a step throws.
   */
  run(goesOn: () => boolean): void {
    this.refuseFailure();
    this.stretch.begin();
    while (!this.ended && this.waitingFor === undefined && goesOn()) {
      this.step();
      if (this.stretch.isOver) break;
    }
    this.tellWait();
  }

  private step(): void {
    const { done, value } = this.steps.next();
    if (done === true) {
      this.ended = true;
      return;
    }
    if (!(value instanceof Promise)) return;
    this.waitingFor = value;
    value.then(
      () => {
        this.waitingFor = undefined;
      },
      (error: unknown) => {
        this.waitingFor = undefined;
        this.failure = { error };
      },
    );
  }
}
