// Descriptors that come from other calls than those of node:fs.
import { openSync } from './own-files.ts';
import { lastError, library } from './library.ts';

const O_CLOEXEC = 0o2000000;

/**
 * What a descriptor stands for, under one that Node.js opened; the given one is closed. Those of Node.js are closed when
 * the thread ends, however it does; others stay open as long as the process.
 * @throws SystemCallError `sys/emfile` and the like.
 */
export function ownedByThread(fd: number): number {
  const c = library().koffi.load(null);
  const dup3 = c.func('int dup3(int, int, int)') as (from: number, to: number, flags: number) => number;
  const close = c.func('int close(int)') as (fd: number) => number;
  try {
    const owned = openSync('/dev/null', 'r');
    if (dup3(fd, owned, O_CLOEXEC) < 0) throw lastError('duplicate a descriptor');
    return owned;
  } finally {
    close(fd);
  }
}
