/** Files that traced programs write and recorders read: what is none, or absurdly large, is left unread. */
import { lstatSync } from 'node:fs';
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

/** Whether a path is a file that can be read at once: no link, no pipe that a reader would wait at, and not too large. */
export function isProgramFile(path: string, mostBytes: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.size <= mostBytes;
}

/**
 * Makes sure of the same.
 * @throws SpoorError `process/malformed`.
 */
export function checkProgramFile(path: string, mostBytes: number): void {
  if (isProgramFile(path, mostBytes)) return;
  throw new SpoorError('process/malformed', `it is no plain file of at most ${mostBytes} bytes`, {
    where: path,
  });
}
