import { STATUS_FOLDER, isOutOfDescriptors, writeLinkText, type ThreadStatus } from '@spoor/ringbuffer';
import { closeSync, monotonicNs, openSync, writeSync } from '@spoor/sys';
import { constants } from 'node:fs';
import { join } from 'node:path';

/** Room for the text; the file is written in place, so that a full file system cannot refuse a later state. */
const STATUS_BYTES = 2048;
/** Texts of links up to this size take no room of a tmpfs: they lie beside the name. */
const NO_ROOM_BYTES = 127;

/** One thread's status, for the summary of the recording. */
export class StatusFile {
  readonly #path: string;
  /** Bytes that the file has: all are written each time. */
  #sizeBytes = STATUS_BYTES;
  #written = '';

  /** @param path of the one that the thread has already. */
  constructor(processPath: string, tid: number, path?: string) {
    this.#path = path ?? join(processPath, STATUS_FOLDER, `${tid}-${monotonicNs()}.json`);
  }

  /** Replaces what the file says. Never throws. */
  write(status: ThreadStatus): void {
    try {
      let whole = '';
      for (const shorter of shortened(status)) {
        whole = JSON.stringify(shorter);
        if (Buffer.byteLength(whole) <= STATUS_BYTES) break;
      }
      if (whole === this.#written) return;
      this.#sizeBytes = Math.max(this.#sizeBytes, Buffer.byteLength(whole));
      const fd = this.#open(whole);
      if (fd === undefined) return;
      try {
        writeSync(fd, whole.padEnd(this.#sizeBytes - (Buffer.byteLength(whole) - whole.length)), 0);
      } catch (error) {
        if (!isOutOfRoom(error)) throw error;
        writeLinkText(this.#linkPath(), briefly(status));
        return;
      } finally {
        closeSync(fd);
      }
      this.#written = whole;
    } catch {
      // Nowhere left to say it: the recording shows a process without events.
    }
  }

  /** Without a descriptor the text lies beside the file, until there is one again or to the end. */
  #open(text: string): number | undefined {
    try {
      return openSync(this.#path, constants.O_WRONLY | constants.O_CREAT, 0o600);
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error;
      writeLinkText(this.#linkPath(), text);
      return undefined;
    }
  }

  #linkPath(): string {
    return this.#path.replace(/json$/, 'link.json');
  }
}

function isOutOfRoom(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What can be told where there is no room at all. */
function briefly({ tid, state, reasons, missing = [] }: ThreadStatus): string {
  const reason = reasons[0] ?? missing[0];
  const said = (length: number): string =>
    JSON.stringify({ tid, state, reasons: reason === undefined ? [] : [reason.slice(0, length)] });
  let length = NO_ROOM_BYTES;
  while (length > 0 && Buffer.byteLength(said(length)) > NO_ROOM_BYTES) length -= 1;
  return said(length);
}

/** A status, then ever less of it. */
function* shortened(status: ThreadStatus): Generator<ThreadStatus> {
  yield status;
  const { reasons } = status;
  for (let kept = reasons.length - 1; kept >= 0; kept -= 1) {
    yield { ...status, reasons: [...reasons.slice(0, kept), '…'] };
  }
  const { filters: _, ...rest } = status;
  yield { ...rest, reasons: reasons.length === 0 ? reasons : ['…'] };
}
