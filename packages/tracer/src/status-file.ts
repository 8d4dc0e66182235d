import { STATUS_FOLDER, type ThreadStatus } from '@spoor/ringbuffer';
import { closeSync, openSync, writeSync } from '@spoor/sys';
import { constants } from 'node:fs';
import { join } from 'node:path';

/** Room for the text; the file is written in place, so that a full file system cannot refuse a later state. */
const STATUS_BYTES = 2048;

/** One thread's status, for the summary of the recording. */
export class StatusFile {
  readonly #path: string;

  constructor(processPath: string, tid: number) {
    this.#path = join(processPath, STATUS_FOLDER, `${tid}-${process.hrtime.bigint()}.json`);
  }

  /** Replaces what the file says. Never throws. */
  write(status: ThreadStatus): void {
    try {
      let whole = JSON.stringify(status);
      for (
        let kept = status.reasons.length - 1;
        kept >= 0 && Buffer.byteLength(whole) > STATUS_BYTES;
        kept--
      ) {
        whole = JSON.stringify({ ...status, reasons: [...status.reasons.slice(0, kept), '…'] });
      }
      const fd = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      try {
        writeSync(fd, whole.padEnd(STATUS_BYTES - (Buffer.byteLength(whole) - whole.length)), 0);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Nowhere left to say it: the recording shows a process without events.
    }
  }
}
