/** Files that traced programs write and recorders read: what is none, or absurdly large, is left unread. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { SpoorError } from '@spoor/base';

/** Most bytes of a file of each kind. A thread's status is some kilobytes, an event class of many labels some hundred. */
export const MOST_BYTES: Readonly<
  Record<'status' | 'process' | 'eventClass' | 'output' | 'tracepoints', number>
> = {
  status: 4 * 1024 * 1024,
  process: 4 * 1024 * 1024,
  eventClass: 64 * 1024 * 1024,
  output: 4096,
  tracepoints: 16 * 1024 * 1024,
};

/**
 * Reads a file that a program wrote, which may put another thing in its place at any moment: no link is followed, and no pipe
 * waited at.
 * @throws SpoorError `process/malformed`, and what the file system throws.
 */
export function readProgramFile(path: string, mostBytes: number): Buffer {
  const fd = openUnfollowed(path);
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.size > mostBytes) {
      throw new SpoorError('process/malformed', `it is no plain file of at most ${mostBytes} bytes`, {
        where: path,
      });
    }
    const bytes = Buffer.alloc(found.size);
    let done = 0;
    while (done < bytes.length) {
      const got = readSync(fd, bytes, done, bytes.length - done, done);
      if (got === 0) break;
      done += got;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}

function openUnfollowed(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    // That this process has too many files open says nothing of the file.
    const isOwnLack = /^(?:EMFILE|ENFILE|ENOMEM)$/.test((cause as NodeJS.ErrnoException).code ?? '');
    if (isOwnLack) throw cause;
    throw new SpoorError('process/malformed', 'a file of the program cannot be read', { where: path, cause });
  }
}
