import { constants } from 'node:buffer';
import { closeSync, openSync, readFileSync, unlinkSync } from './own-files.ts';
import { lastError, library, viewMemory } from './library.ts';
import { inOnePiece } from './native-calls.ts';

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
const MAPS = '/proc/self/maps';
/** Commands of flock(2). */
const LOCK_EXCLUSIVE_OR_FAIL = 2 | 4;

/** A mapped file in the list of a process's mappings. */
interface ListedMapping {
  /** Its path as it was when it was opened, from behind `folder` on. */
  readonly name: string;
  readonly address: bigint;
  readonly endAddress: bigint;
}

/**
 * Unmaps files that this process has mapped to be shared and written, those that were deleted included. Nothing may look at
 * them any more. Threads that call this at the same time do not meet: all but one do nothing.
 * @param folder name of a folder above them, whatever lies above that.
 * @param isOver whether a file is to be unmapped, by its path below the folder as it was when it was opened.
 * @returns how many there were, and how many others stay. Throws what the file system throws, or SpoorError
 *   `sys/unavailable`; needs koffi only where there is something to unmap.
 */
export function unmapFiles(
  folder: string,
  isOver: (name: string) => boolean,
): { readonly unmapped: number; readonly left: number } {
  const seen = mappingsBelow(folder, readFileSync(MAPS, 'utf8'));
  if (!seen.some(({ name }) => isOver(name))) return { unmapped: 0, left: seen.length };
  // So that `worker.terminate()` does not come between: the lock is given back by whoever took it.
  const unmapped = inOnePiece(() => unmapLocked(folder, isOver));
  return { unmapped, left: seen.length - unmapped };
}

/**
 * Two threads that unmap the same address would take away what is mapped there in between. Their lock is the list itself:
 * all threads of a process and nobody else find this file, wherever their sessions lie, and the kernel gives it back when
 * the descriptor is closed.
 */
function unmapLocked(folder: string, isOver: (name: string) => boolean): number {
  const { koffi, munmap } = library();
  const flock = koffi.load(null).func('int flock(int, int)') as (fd: number, operation: number) => number;
  const fd = openSync(MAPS, 'r');
  try {
    if (flock(fd, LOCK_EXCLUSIVE_OR_FAIL) !== 0) return 0;
    let count = 0;
    let passed = 0n;
    // Read with the lock held: what is listed is still mapped when it is unmapped.
    for (const { name, address, endAddress } of mappingsBelow(folder, readFileSync(fd, 'utf8'))) {
      // The list is read in pieces, while others map and unmap: nothing of it is believed twice.
      if (address < passed || !isOver(name)) continue;
      passed = endAddress;
      if (munmap(address, Number(endAddress - address)) === 0) count += 1;
    }
    return count;
  } finally {
    closeSync(fd);
  }
}

function mappingsBelow(folder: string, maps: string): readonly ListedMapping[] {
  const found: ListedMapping[] = [];
  const part = `/${folder}/`;
  for (let at = maps.indexOf(part); at >= 0; at = maps.indexOf(part, at + 1)) {
    const lineStart = maps.lastIndexOf('\n', at) + 1;
    const lineEnd = maps.indexOf('\n', at);
    const [, start, end] = mappingLine.exec(maps.slice(lineStart, at)) ?? [];
    if (start === undefined || end === undefined) continue;
    const path = maps.slice(at + part.length, lineEnd < 0 ? undefined : lineEnd);
    const name = path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
    found.push({ name, address: BigInt(`0x${start}`), endAddress: BigInt(`0x${end}`) });
  }
  return found;
}
