// Bytes that go from one descriptor to another within the kernel, by splice(2).
import { closeSync, readSync, writeSync } from './own-files.ts';
import { lastError, library } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

type Splice = (
  from: number,
  fromOffset: null,
  to: number,
  toOffset: null,
  length: number,
  flags: number,
) => number | bigint;

interface PipeCalls {
  readonly splice: Splice;
  readonly pipe2: (ends: number[], flags: number) => number;
  readonly fcntl: (fd: number, command: number, value: number) => number;
}

let made: PipeCalls | undefined;

/** The calls; made once a thread. */
function pipeCalls(): PipeCalls {
  if (made !== undefined) return made;
  const c = library().koffi.load(null);
  made = {
    splice: c.func('long splice(int, void *, int, void *, size_t, unsigned int)') as Splice,
    pipe2: c.func('int pipe2(_Out_ int *, int)') as PipeCalls['pipe2'],
    fcntl: c.func('int fcntl(int, int, int)') as PipeCalls['fcntl'],
  };
  return made;
}

/**
 * A pipe through which bytes are moved that this process need not see: they are copied once, into the pages of the file,
 * where reading and writing copy them twice. Made by one thread and used by it alone.
 */
export class SplicePipe implements Disposable {
  private readonly readEnd: number;
  private readonly writeEnd: number;
  private readonly splice: Splice;
  private readonly eagain: number;
  private readonly eintr: number;
  private readonly einval: number;
  /** Some file systems cannot take pages of a pipe: what is in it is copied then. */
  private copies: Uint8Array | undefined;

  /**
   * @param capacityBytes what {@link move} moves at most at once; as much as the kernel allows, if that is less.
   * @throws SpoorError `sys/unavailable`, SystemCallError.
   */
  constructor(capacityBytes: number) {
    const { errno } = library().koffi.os;
    this.eagain = errno['EAGAIN'] ?? 11;
    this.eintr = errno['EINTR'] ?? 4;
    this.einval = errno['EINVAL'] ?? 22;
    const { splice, pipe2, fcntl } = pipeCalls();
    this.splice = splice;
    const ends = [0, 0];
    if (pipe2(ends, O_CLOEXEC) < 0) throw lastError('make a pipe');
    this.readEnd = ownedByThread(ends[0]!);
    this.writeEnd = ownedByThread(ends[1]!);
    fcntl(this.writeEnd, F_SETPIPE_SZ, capacityBytes);
  }

  /**
   * Moves what there is of a descriptor to the end of what has been written to a file, without waiting for more.
   * @returns how many bytes that was; 0 when there is nothing now.
   * @throws SystemCallError `sys/enospc` and the like; what could not be written is lost.
   */
  move(from: number, to: number, mostBytes: number): number {
    const taken = this.take(from, mostBytes);
    for (let left = taken; left > 0;) left -= this.give(to, left);
    return taken;
  }

  /**
   * Takes what there is of a descriptor into memory, without waiting for more: where splice(2) hands out other pieces than
   * read(2), such as whole pages.
   * @returns how many bytes that was; 0 when there is nothing now.
   * @throws SystemCallError.
   */
  read(from: number, bytes: Uint8Array, mostBytes: number): number {
    const taken = this.take(from, mostBytes);
    for (let at = 0; at < taken;) at += readSync(this.readEnd, bytes, at, taken - at, null);
    return taken;
  }

  private take(from: number, mostBytes: number): number {
    for (;;) {
      const count = Number(
        this.splice(from, null, this.writeEnd, null, mostBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK),
      );
      if (count >= 0) return count;
      const errno = library().koffi.errno();
      if (errno === this.eagain) return 0;
      if (errno !== this.eintr) throw lastError('splice into a pipe', undefined, errno);
    }
  }

  private give(to: number, mostBytes: number): number {
    for (;;) {
      if (this.copies !== undefined) return this.copy(to, this.copies, mostBytes);
      const count = Number(this.splice(this.readEnd, null, to, null, mostBytes, SPLICE_F_MOVE));
      if (count > 0) return count;
      const errno = library().koffi.errno();
      if (errno === this.einval) this.copies = new Uint8Array(65_536);
      else if (errno !== this.eintr) throw lastError('splice into a file', undefined, errno);
    }
  }

  private copy(to: number, bytes: Uint8Array, mostBytes: number): number {
    const count = readSync(this.readEnd, bytes, 0, Math.min(bytes.length, mostBytes), null);
    for (let at = 0; at < count;) at += writeSync(to, bytes, at, count - at);
    return count;
  }

  [Symbol.dispose](): void {
    closeSync(this.readEnd);
    closeSync(this.writeEnd);
  }
}
