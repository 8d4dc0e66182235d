/** Signals that come while a recording is made ready: what was made for it in the kernel must not stay behind. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SpoorError } from '@spoor/base';

const ending = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof ending)[number];

/** A signal came before the command ran. */
export class RecordingInterrupted extends SpoorError {
  readonly signal: EndingSignal;

  constructor(signal: EndingSignal) {
    super('record/interrupted', `${signal} came before the command was run: nothing is recorded`);
    this.signal = signal;
  }
}

/** Notes them from its construction on; the second one ends the process at once. */
export class EarlySignals implements Disposable {
  #first: EndingSignal | undefined;

  constructor() {
    for (const signal of ending) process.on(signal, this.#note);
  }

  readonly #note = (signal: NodeJS.Signals): void => {
    if (this.#first !== undefined) {
      this[Symbol.dispose]();
      process.kill(process.pid, signal);
    }
    this.#first = signal as EndingSignal;
  };

  /**
   * What comes from now on is somebody else's.
   * @throws RecordingInterrupted where one came.
   */
  async end(): Promise<void> {
    // Signals wait for a turn of the event loop.
    await nextTurn();
    if (this.#first !== undefined) throw new RecordingInterrupted(this.#first);
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const signal of ending) process.off(signal, this.#note);
  }
}
