/** Files of a recording that are replaced as a whole: a reader sees the old or the new one, also where the disk is full. */
import { closeSync, constants, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { SpoorError } from '@spoor/base';

const besideOf = (path: string): string => `${path}.new`;

/** Writes a file anew, into the room that it has. */
function writeFrom(path: string, bytes: Uint8Array, mode: number): void {
  const descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT, mode);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    ftruncateSync(descriptor, bytes.length);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function writing(path: string, write: () => void): void {
  try {
    write();
  } catch (cause) {
    const isFull = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
    throw new SpoorError(isFull ? 'kernel/disk-full' : 'kernel/write', 'cannot write it', {
      where: path,
      ...(isFull ? { hint: 'make room on the disk, or name a directory on another one' } : {}),
      cause,
    });
  }
}

/**
 * Replaces a file: writes it beside, and renames it.
 * @param mode of a new one, but for what the umask takes.
 * @throws SpoorError `kernel/disk-full`, `kernel/write`; the file is as it was then.
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o666): void {
  writing(path, () => {
    writeFrom(besideOf(path), typeof content === 'string' ? Buffer.from(content) : content, mode);
    renameSync(besideOf(path), path);
  });
}

/**
 * Takes room on the disk, so that the file can be replaced once by so many bytes where the disk is full.
 * @throws SpoorError as {@link replaceFile}.
 */
export function writeReserved(path: string, sizeBytes: number): void {
  writing(path, () => {
    writeFrom(besideOf(path), new Uint8Array(sizeBytes).fill(0x20), 0o666);
  });
}
