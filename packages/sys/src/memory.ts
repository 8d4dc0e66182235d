import { constants } from 'node:buffer';
import { closeSync, openSync, readFileSync, unlinkSync } from './own-files.ts';
import { lastError, library, viewMemory } from './library.ts';

const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/**
 * Unmaps what nothing can reach any more: neither the memory nor a typed array over it. The addresses of a thread that
 * ends are not told of here; `unmapFiles` is for those.
 */
const unreachable = new FinalizationRegistry<{ readonly address: bigint; readonly sizeBytes: number }>(
  ({ address, sizeBytes }) => {
    try {
      library().munmap(address, sizeBytes);
    } catch {
      // It stays mapped; nobody is there to be told.
    }
  },
);

/** A file in memory that other processes see. */
export interface MappedFile extends Disposable {
  /**
   * The mapping. An ArrayBuffer that must not be transferred; `Atomics.wait` refuses it, the other Atomics work.
   * Must not be touched after disposal; without one it is unmapped some time after nothing refers to it any more.
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
    const memory = viewMemory(address, sizeBytes);
    const token = {};
    unreachable.register(memory, { address, sizeBytes }, token);
    return {
      memory,
      path,
      [Symbol.dispose]() {
        if (unreachable.unregister(token)) c.munmap(address, sizeBytes);
      },
    };
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What a line of /proc/PID/maps begins with: the addresses of a mapping that is shared, read and written. */
const mappingLine = /^([0-9a-f]+)-([0-9a-f]+) rw-s /;
const DELETED = ' (deleted)';

/**
 * Unmaps files below `folder` that this process has mapped to be shared and written, those that were deleted included.
 * Nothing may look at them any more, and no other thread may unmap them meanwhile.
 * @param folder absolute, without symbolic links.
 * @param isOver whether a file is to be unmapped, by its path below the folder as it was when it was opened.
 * @returns how many mappings there were. Throws what the file system throws, or SpoorError `sys/unavailable`.
 */
export function unmapFiles(folder: string, isOver: (name: string) => boolean): number {
  const c = library();
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const prefix = `${folder}/`;
  let count = 0;
  let passed = 0n;
  for (let at = maps.indexOf(prefix); at >= 0; at = maps.indexOf(prefix, at + 1)) {
    const lineStart = maps.lastIndexOf('\n', at) + 1;
    const lineEnd = maps.indexOf('\n', at);
    const [, start, end] = mappingLine.exec(maps.slice(lineStart, at)) ?? [];
    // The path is the last column; the folder's name in the middle of one is another folder.
    if (start === undefined || end === undefined || maps.slice(lineStart, at).includes('/')) continue;
    const path = maps.slice(at + prefix.length, lineEnd < 0 ? undefined : lineEnd);
    if (!isOver(path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path)) continue;
    const address = BigInt(`0x${start}`);
    // The list is read in pieces, while others map and unmap: nothing of it is believed twice.
    if (address < passed) continue;
    passed = BigInt(`0x${end}`);
    if (c.munmap(address, Number(passed - address)) === 0) count += 1;
  }
  return count;
}
