// Bytes that go from one descriptor to another within the kernel, by splice(2).
import { closeSync, readSync, writeSync } from './own-files.ts';
import { lastError, library } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

/** Lengths are far below 2 GiB: that they are numbers of 32 bits spares whoever calls a look at what came. */
interface PipeCalls {
  readonly splice: (
    from: number,
    fromOffset: null,
    to: number,
    toOffset: null,
    length: number,
    flags: number,
  ) => number;
  readonly read: (fd: number, address: number, length: number) => number;
  /** Writes nothing where no length is given, and answers the address of what it is given. */
  readonly memset: (bytes: Uint8Array, value: number, length: number) => number;
  readonly pipe2: (ends: number[], flags: number) => number;
  readonly fcntl: (fd: number, command: number, value: number) => number;
}

let made: PipeCalls | undefined;

/** The calls; made once a thread. */
function pipeCalls(): PipeCalls {
  if (made !== undefined) return made;
  const c = library().koffi.load(null);
  made = {
    splice: c.func('int splice(int, void *, int, void *, size_t, unsigned int)') as PipeCalls['splice'],
    read: c.func('int read(int, uintptr_t, size_t)') as PipeCalls['read'],
    memset: c.func('uintptr_t memset(void *, int, size_t)') as PipeCalls['memset'],
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
  private readonly calls: PipeCalls;
  private readonly eagain: number;
  private readonly eintr: number;
  private readonly einval: number;
  /** Some file systems cannot take pages of a pipe: what is in it is copied then. */
  private copies: Uint8Array | undefined;
  /** Of the copies, what is not written yet. */
  private copyAt = 0;
  private copyEnd = 0;
  /** What was taken for a file that had no room for it, copies included. */
  private leftBytes = 0;
  /** What was read into last, and where it is: it stays there as long as it is known here. */
  private target: Uint8Array | undefined;
  private address = 0;

  /**
   * @param capacityBytes what {@link move} moves at most at once; as much as the kernel allows, if that is less.
   * @throws SpoorError `sys/unavailable`, SystemCallError.
   */
  constructor(capacityBytes: number) {
    const { errno } = library().koffi.os;
    this.eagain = errno['EAGAIN'] ?? 11;
    this.eintr = errno['EINTR'] ?? 4;
    this.einval = errno['EINVAL'] ?? 22;
    this.calls = pipeCalls();
    const ends = [0, 0];
    if (this.calls.pipe2(ends, O_CLOEXEC) < 0) throw lastError('make a pipe');
    this.readEnd = ownedByThread(ends[0]!);
    this.writeEnd = ownedByThread(ends[1]!);
    this.calls.fcntl(this.writeEnd, F_SETPIPE_SZ, capacityBytes);
  }

  /**
   * Moves what there is of a descriptor to the end of what has been written to a file, without waiting for more: one piece
   * after the other, so that the kernel can use the memory of the last one again while it is in the processor's cache.
   * Who calls it has been out of that cache for long, so it is one loop that calls nothing else.
   * @param pieceBytes of a piece, at most; `mostBytes` of all of them.
   * @returns how many bytes that was; 0 when there is nothing now.
   * @throws SystemCallError `sys/enospc` and the like, or the system's error; what could not be written is kept: it is what is
   * moved first when this is called again.
   */
  move(from: number, to: number, pieceBytes: number, mostBytes: number): number {
    const { calls, readEnd, writeEnd } = this;
    const { splice } = calls;
    let moved = 0;
    if (this.leftBytes > 0) this.give(to, this.leftBytes, this.giveSome(to));
    while (moved < mostBytes) {
      const taken = splice(from, null, writeEnd, null, pieceBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (taken <= 0) {
        if (taken < 0 && this.wasInterrupted()) continue;
        break;
      }
      moved += taken;
      const given = this.copies === undefined ? splice(readEnd, null, to, null, taken, SPLICE_F_MOVE) : 0;
      if (given !== taken) this.give(to, taken, given);
    }
    return moved;
  }

  /**
   * Takes what there is of a descriptor into memory, without waiting for more: where splice(2) hands out other pieces than
   * read(2), such as whole pages.
   * @returns how many bytes that was; 0 when there is nothing now.
   * @throws SystemCallError.
   */
  read(from: number, bytes: Uint8Array, mostBytes: number): number {
    const { calls } = this;
    const { splice } = calls;
    let taken = 0;
    do {
      taken = splice(from, null, this.writeEnd, null, mostBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    } while (taken < 0 && this.wasInterrupted());
    if (taken <= 0) return 0;
    if (bytes !== this.target) {
      this.address = calls.memset(bytes, 0, 0);
      this.target = bytes;
    }
    for (let at = 0; at < taken;) {
      const count = calls.read(this.readEnd, this.address + at, taken - at);
      if (count > 0) at += count;
      else if (count === 0 || library().koffi.errno() !== this.eintr) throw lastError('read a pipe');
    }
    return taken;
  }

  /**
   * Takes what {@link move} could not write and has kept: nothing is moved first the next time.
   * @returns copies; nothing where all of it was written.
   */
  takeUnwritten(): Uint8Array {
    const { copies, copyAt, copyEnd } = this;
    const bytes = new Uint8Array(this.leftBytes);
    if (copies !== undefined) bytes.set(copies.subarray(copyAt, copyEnd));
    for (let at = copyEnd - copyAt; at < bytes.length;)
      at += readSync(this.readEnd, bytes, at, bytes.length - at, null);
    this.leftBytes = 0;
    this.copyAt = this.copyEnd;
    return bytes;
  }

  /** Whether the call that has failed just now may be made again. @returns false when there is nothing to take now. */
  private wasInterrupted(): boolean {
    const errno = library().koffi.errno();
    if (errno === this.eagain) return false;
    if (errno !== this.eintr) throw lastError('splice into a pipe', undefined, errno);
    return true;
  }

  /** Moves what is left of a piece into a file. @param given what the first try answered. */
  private give(to: number, pieceBytes: number, given: number): void {
    let last = given;
    for (this.leftBytes = pieceBytes; ;) {
      if (last > 0) this.leftBytes -= last;
      else if (this.copies === undefined) {
        const errno = last < 0 ? library().koffi.errno() : this.einval;
        if (errno === this.einval) this.copies = new Uint8Array(65_536);
        else if (errno !== this.eintr) throw lastError('splice into a file', undefined, errno);
      }
      if (this.leftBytes === 0) return;
      last = this.giveSome(to);
    }
  }

  private giveSome(to: number): number {
    const { copies, leftBytes } = this;
    if (copies === undefined)
      return this.calls.splice(this.readEnd, null, to, null, leftBytes, SPLICE_F_MOVE);
    if (this.copyAt === this.copyEnd) {
      this.copyEnd = readSync(this.readEnd, copies, 0, Math.min(copies.length, leftBytes), null);
      this.copyAt = 0;
    }
    const count = writeSync(to, copies, this.copyAt, this.copyEnd - this.copyAt);
    this.copyAt += count;
    return count;
  }

  [Symbol.dispose](): void {
    closeSync(this.readEnd);
    closeSync(this.writeEnd);
  }
}
