/** Text written to a file descriptor, all of it before the call returns: pipes give their pace to the reader. */
import { writeSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { TextOutput } from './pretty-sink.ts';

/** The reader of a pipe is gone (`spoor DIR | head`): no error, but no reason to go on. */
export class ClosedPipeError extends SpoorError {
  constructor() {
    super('output/closed-pipe', 'the reader of the output is gone');
    this.name = 'ClosedPipeError';
  }
}

/** Milliseconds between attempts at a pipe that is full and does not block. */
const retryMs = 2;
const never = new Int32Array(new SharedArrayBuffer(4));

/** Writes to a file descriptor. */
export class FileOutput implements TextOutput {
  private readonly descriptor: number;
  private readonly path: string | undefined;

  /** @param path of the file, for errors; absent where it has none, as standard output. */
  constructor(descriptor: number, path?: string) {
    this.descriptor = descriptor;
    this.path = path;
  }

  /**
   * @throws ClosedPipeError when nobody reads any more.
   * @throws SpoorError `output/failed` for anything else, such as a full disk.
   */
  write(bytes: Uint8Array, length: number): void {
    let done = 0;
    while (done < length) {
      try {
        done += writeSync(this.descriptor, bytes, done, length - done);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') {
          Atomics.wait(never, 0, 0, retryMs);
        } else if (code === 'EPIPE') {
          throw new ClosedPipeError();
        } else {
          throw new SpoorError('output/failed', `writing ${this.path ?? 'the output'} failed`, {
            cause: error,
          });
        }
      }
    }
  }
}
