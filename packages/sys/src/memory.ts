import { constants } from 'node:buffer';
import { closeSync, openSync, unlinkSync } from './own-files.ts';
import { lastError, library } from './library.ts';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A file in memory that other processes see. */
export interface MappedFile extends Disposable {
  /**
   * The mapping. An ArrayBuffer that must not be transferred; `Atomics.wait` refuses it, the other Atomics work.
   * Must not be touched after disposal.
   */
  readonly memory: ArrayBuffer;
  readonly path: string;
}

/**
 * Makes a new file of `sizeBytes` zeros, readable by this user alone, with all its space allocated, and maps it.
 * Allocation first: a write into a hole of a full file system would kill the program with SIGBUS.
 * Leaves no file behind when it fails.
 * @throws SystemCallError (`sys/enospc` …), the file system's own error, or SpoorError `sys/unavailable`.
 */
export function createMappedFile(path: string, sizeBytes: number): MappedFile {
  const c = library();
  // A view of more ends the process, no exception is thrown.
  if (sizeBytes > constants.MAX_LENGTH) {
    throw lastError('map shared memory', path, c.koffi.os.errno['EFBIG']);
  }
  const fd = openSync(path, 'wx+', 0o600);
  try {
    // Answers the error number itself; a signal may interrupt it on some file systems.
    let errno = c.posixFallocate(fd, 0, sizeBytes);
    const eintr = c.koffi.os.errno['EINTR'];
    for (let attempt = 0; attempt < 10 && errno === eintr; attempt += 1) {
      errno = c.posixFallocate(fd, 0, sizeBytes);
    }
    if (errno !== 0) throw lastError('allocate shared memory', path, errno);
    const address = c.mmap(null, sizeBytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
    if (address === null || address === MAP_FAILED) throw lastError('map shared memory', path);
    const memory = c.koffi.view(address, sizeBytes);
    return {
      memory,
      path,
      [Symbol.dispose]() {
        c.munmap(address, sizeBytes);
      },
    };
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}
