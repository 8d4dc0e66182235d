import { type ProcessIdentity, findInNamespaces, isProcessAlive } from './process-identity.ts';

/** Whether a process still runs that may live in a PID namespace below this one. */
export class ProcessLife {
  readonly #identity: ProcessIdentity;
  /** Its number here when that is another than its own; 0 when it is gone. */
  #outerPid: number | undefined;
  #wasAlive = false;

  /** @param identity what the process knows of itself. */
  constructor(identity: ProcessIdentity) {
    this.#identity = identity;
  }

  /** What the process knows of itself. */
  get identity(): ProcessIdentity {
    return this.#identity;
  }

  /** What the process knows as its number. */
  get pid(): number {
    return this.#identity.pid;
  }

  /** Whether it is known here by another number than its own: then those of its threads say nothing here. */
  get isForeign(): boolean {
    return this.#outerPid !== undefined;
  }

  isAlive(): boolean {
    if (this.#outerPid === undefined) {
      if (isProcessAlive(this.#identity)) {
        this.#wasAlive = true;
        return true;
      }
      // Gone, or never to be seen under its own number because it lives in a PID namespace of its own.
      this.#outerPid = this.#wasAlive ? 0 : (findInNamespaces(this.#identity) ?? 0);
    }
    return this.#outerPid !== 0 && isProcessAlive({ ...this.#identity, pid: this.#outerPid });
  }
}
