// A named pipe that is open at both ends, for tests: there to be read at some time, or never, as a ring of the kernel.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class NamedPipe implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'spoor-pipe-'));
  readonly path: string = join(this.#folder, 'pipe');
  /** To read and to write, without waiting. */
  readonly descriptor: number;

  constructor() {
    execFileSync('mkfifo', [this.path]);
    this.descriptor = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  [Symbol.dispose](): void {
    closeSync(this.descriptor);
    rmSync(this.#folder, { recursive: true });
  }
}
