/** Cuts a stream of bytes into lines. */
import { SpoorError } from '@spoor/base';
import { MOST_LINE_BYTES } from './protocol.ts';

const LINE_FEED = 10;

/** Collects bytes until a line is whole. */
export class LineSplitter {
  readonly #mostBytes: number;
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  constructor(mostBytes: number = MOST_LINE_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /**
   * Takes bytes; answers the lines that are whole now, without their ends. The bytes must not change afterwards.
   * @throws SpoorError `control/line-too-long`; nothing can be read after it.
   */
  push(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let begin = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, begin)) {
      this.#take(bytes.subarray(begin, end));
      const line = this.#parts.length === 1 ? this.#parts[0]! : concatenate(this.#parts, this.#partBytes);
      lines.push(new TextDecoder().decode(line));
      this.#parts = [];
      this.#partBytes = 0;
      begin = end + 1;
    }
    if (begin < bytes.length) this.#take(bytes.subarray(begin));
    return lines;
  }

  #take(part: Uint8Array): void {
    this.#partBytes += part.length;
    if (this.#partBytes >= this.#mostBytes) {
      throw new SpoorError('control/line-too-long', `a message is longer than ${this.#mostBytes} bytes`);
    }
    this.#parts.push(part);
  }
}

function concatenate(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
