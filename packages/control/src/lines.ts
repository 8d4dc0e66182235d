/** Cuts a stream of bytes into lines. */
import { SpoorError } from '@spoor/base';
import { MOST_LINE_BYTES } from './protocol.ts';

const LINE_FEED = 10;

/** Collects bytes until a line is whole. */
export class LineSplitter {
  readonly #mostBytes: number;
  /** What came of a line that is not whole, in a buffer that doubles: who sends bytes one by one gets no object for each. */
  #begun = new Uint8Array(0);
  #begunBytes = 0;

  constructor(mostBytes: number = MOST_LINE_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /**
   * Takes bytes; answers the lines that are whole now, without their ends.
   * @throws SpoorError `control/line-too-long`; nothing can be read after it.
   */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, begin)) {
      lines.push(new TextDecoder().decode(this.#endedBy(bytes.subarray(begin, end))));
      begin = end + 1;
    }
    if (begin < bytes.length) this.#keep(bytes.subarray(begin));
    return lines;
  }

  /** The line that these bytes are the end of. */
  #endedBy(part: Uint8Array): Uint8Array {
    if (this.#begunBytes === 0) {
      this.#check(part.length);
      return part;
    }
    this.#keep(part);
    const line = this.#begun.subarray(0, this.#begunBytes);
    this.#begun = new Uint8Array(0);
    this.#begunBytes = 0;
    return line;
  }

  #keep(part: Uint8Array): void {
    const sizeBytes = this.#begunBytes + part.length;
    this.#check(sizeBytes);
    if (sizeBytes > this.#begun.length) {
      const larger = new Uint8Array(Math.min(this.#mostBytes, Math.max(2 * sizeBytes, 256)));
      larger.set(this.#begun.subarray(0, this.#begunBytes));
      this.#begun = larger;
    }
    this.#begun.set(part, this.#begunBytes);
    this.#begunBytes = sizeBytes;
  }

  #check(sizeBytes: number): void {
    if (sizeBytes < this.#mostBytes) return;
    throw new SpoorError('control/line-too-long', `a message is longer than ${this.#mostBytes} bytes`);
  }
}
