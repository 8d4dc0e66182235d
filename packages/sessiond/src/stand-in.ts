import { Consumer } from './consumer.ts';
import { SessionDirectory } from './run-directory.ts';

/** Consumes a session inside this process, for the moments between a consumer's death and its successor's start. */
export class StandIn {
  readonly #sessionPath: string;
  #consumer: Consumer | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(sessionPath: string) {
    this.#sessionPath = sessionPath;
    this.#loop();
  }

  /** Leaves the session to another consumer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#consumer?.close();
    this.#consumer = undefined;
  }

  #loop(): void {
    try {
      // Notes are the successor's to give: it meets the same.
      this.#consumer ??= new Consumer(new SessionDirectory(this.#sessionPath), () => undefined);
      const pauseMs = this.#consumer.poll(performance.now());
      this.#timer = setTimeout(() => this.#loop(), pauseMs);
    } catch {
      // Perhaps what the consumer died of. The successor tries again, or shows the error.
      this.close();
    }
  }
}
