import { ftruncateSync, writeSync } from 'node:fs';
import { SpoorError } from '@spoor/base';

/** Causes that may go away while the recording runs: no space, quota, file-size limit, a failing disk. */
const outputCauses: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file size limit is reached',
  EIO: 'the disk reports an error',
  EROFS: 'the file system is read-only',
};

/** Causes that do not go away by themselves: the place is the wrong one. */
const placeCauses: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
]);

/** Makes an error of writing the trace from what the system said. */
export function outputError(path: string, cause: unknown): SpoorError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new SpoorError('record/output', outputCauses[code] ?? 'cannot write to the trace', {
    where: path,
    hint: placeCauses.has(code)
      ? 'a directory is needed that can be written to; what is written stays readable, events count as lost meanwhile'
      : 'what is written stays readable; later events count as lost until there is room',
    cause,
  });
}

/** Whether the error is one of writing the trace, after which it may be tried again. */
export function isOutputError(error: unknown): error is SpoorError {
  return error instanceof SpoorError && error.code === 'record/output';
}

/** One line: what is wrong with the disk. */
export function describeOutputError(error: SpoorError): string {
  const cause = error.cause instanceof Error ? ` [${(error.cause as NodeJS.ErrnoException).code}]` : '';
  return `${error.where}: ${error.message}${cause}; ${error.hint}`;
}

/**
 * Writes all of `bytes` at `positionBytes`, or nothing: when the system takes only a part, that part is cut off again.
 * @throws SpoorError `record/output`.
 */
export function writeWhole(fd: number, path: string, bytes: Uint8Array, positionBytes: number): void {
  let written = 0;
  try {
    while (written < bytes.length) {
      const count = writeSync(fd, bytes, written, bytes.length - written, positionBytes + written);
      // A full disk shows as a short write first and as an error on the next one.
      written += count;
    }
  } catch (error) {
    if (written > 0) ftruncateSync(fd, positionBytes);
    throw outputError(path, error);
  }
}
