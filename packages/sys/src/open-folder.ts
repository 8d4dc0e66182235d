/**
 * Small files below a folder, such as those of a process in /proc, read one after the other: by calls of the C library into
 * memory that is used again, where koffi can be had, for node:fs spends as long on them as the kernel does.
 */
import { closeSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync } from './own-files.ts';
import { isAvailable, library } from './library.ts';

const O_CLOEXEC = 0o2000000;
const O_DIRECTORY: Readonly<Record<string, number>> = { x64: 0o200000, arm64: 0o40000, riscv64: 0o200000 };
/** getdents64(2), for which the C library's function is newer than some that are in use. */
const getdentsNumbers: Readonly<Record<string, number>> = { x64: 217, arm64: 61, riscv64: 61 };
/** statx(2), whose answer is the same on all machines. */
const statxNumbers: Readonly<Record<string, number>> = { x64: 332, arm64: 291, riscv64: 291 };
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** That user and group are asked for, and where they are in the answer, which has 256 bytes. */
const STATX_UID_GID = 0x18;
const statxUidAt = 20;
const statxGidAt = 24;
/** Of a directory entry: its length, and where its name begins. */
const entryLengthAt = 16;
const entryNameAt = 19;

interface FolderCalls {
  readonly openat: (folder: number, path: string, flags: number) => number;
  readonly read: (fd: number, bytes: Uint8Array, sizeBytes: number) => number | bigint;
  readonly readlinkat: (
    folder: number,
    path: string,
    bytes: Uint8Array,
    sizeBytes: number,
  ) => number | bigint;
  readonly getdents64: (number: number, fd: number, bytes: Uint8Array, sizeBytes: number) => number | bigint;
  readonly statx: (
    number: number,
    folder: number,
    path: string,
    flags: number,
    mask: number,
    bytes: Uint8Array,
  ) => number | bigint;
  readonly close: (fd: number) => number;
}

/** Whose a file is. */
export interface FileOwners {
  readonly uid: number;
  readonly gid: number;
}

/** What was read last; nearly all files of /proc are far smaller. */
const bytes = Buffer.allocUnsafeSlow(65_536);

let calls: FolderCalls | undefined;
let isTried = false;

function folderCalls(): FolderCalls | undefined {
  if (isTried) return calls;
  isTried = true;
  if (!(process.arch in getdentsNumbers) || !isAvailable().available) return undefined;
  const c = library().koffi.load(null);
  calls = {
    openat: c.func('int openat(int, const char *, int)') as FolderCalls['openat'],
    read: c.func('intptr_t read(int, uint8_t *, size_t)') as FolderCalls['read'],
    readlinkat: c.func(
      'intptr_t readlinkat(int, const char *, uint8_t *, size_t)',
    ) as FolderCalls['readlinkat'],
    getdents64: c.func('long syscall(long, int, uint8_t *, size_t)') as FolderCalls['getdents64'],
    statx: c.func(
      'long syscall(long, int, const char *, int, unsigned int, uint8_t *)',
    ) as FolderCalls['statx'],
    close: c.func('int close(int)') as FolderCalls['close'],
  };
  return calls;
}

/** The names of a list of directory entries that are numbers, such as 7; no others. */
function appendNumbers(numbers: number[], lengthBytes: number): void {
  for (let at = 0; at < lengthBytes; at += bytes.readUInt16LE(at + entryLengthAt)) {
    let number = 0;
    let place = at + entryNameAt;
    for (; bytes[place]! !== 0; place++) {
      const digit = bytes[place]! - 48;
      if (digit < 0 || digit > 9) {
        number = -1;
        break;
      }
      number = number * 10 + digit;
    }
    if (number >= 0 && place > at + entryNameAt) numbers.push(number);
  }
}

/** A folder that is open: it stays the same one, whatever comes to have its name. What it tells is up to date. */
export class OpenFolder implements Disposable {
  private readonly path: string;
  private readonly descriptor: number;
  private readonly calls: FolderCalls | undefined;

  private constructor(path: string, descriptor: number, own: FolderCalls | undefined) {
    this.path = path;
    this.descriptor = descriptor;
    this.calls = own;
  }

  /** @returns undefined where there is none, or it may not be read. */
  static open(path: string): OpenFolder | undefined {
    const own = folderCalls();
    const descriptor =
      own === undefined ? orUndefined(() => openSync(path, 'r')) : own.openat(AT_FDCWD, path, O_CLOEXEC);
    return descriptor === undefined || descriptor < 0 ? undefined : new OpenFolder(path, descriptor, own);
  }

  /** A folder within; undefined where there is none, or it may not be read. */
  folder(name: string): OpenFolder | undefined {
    const path = `${this.path}/${name}`;
    if (this.calls === undefined) return OpenFolder.open(path);
    const descriptor = this.calls.openat(this.descriptor, name, O_CLOEXEC);
    return descriptor < 0 ? undefined : new OpenFolder(path, descriptor, this.calls);
  }

  /** A file as UTF-8 text; undefined where it is gone, or may not be read. */
  text(name: string): string | undefined {
    if (this.calls === undefined) return orUndefined(() => readFileSync(`${this.path}/${name}`, 'utf8'));
    const { openat, read, close } = this.calls;
    const fd = openat(this.descriptor, name, O_CLOEXEC);
    if (fd < 0) return undefined;
    const count = Number(read(fd, bytes, bytes.length));
    close(fd);
    if (count < 0) return undefined;
    // The kernel makes such a file in one piece: there is more of it only if there is no room.
    if (count === bytes.length) return orUndefined(() => readFileSync(`${this.path}/${name}`, 'utf8'));
    return bytes.toString('utf8', 0, count);
  }

  /** Where a link leads; undefined where it is gone, or may not be read. */
  link(name: string): string | undefined {
    if (this.calls === undefined) return orUndefined(() => readlinkSync(`${this.path}/${name}`));
    const count = Number(this.calls.readlinkat(this.descriptor, name, bytes, bytes.length));
    return count < 0 ? undefined : bytes.toString('utf8', 0, count);
  }

  /** Whose a file or folder is; of a link itself. Undefined where it is gone. */
  owners(name: string): FileOwners | undefined {
    if (this.calls !== undefined) {
      const number = statxNumbers[process.arch]!;
      const { statx } = this.calls;
      const result = Number(statx(number, this.descriptor, name, AT_SYMLINK_NOFOLLOW, STATX_UID_GID, bytes));
      if (result === 0) return { uid: bytes.readUInt32LE(statxUidAt), gid: bytes.readUInt32LE(statxGidAt) };
    }
    // Gone, or a kernel or sandbox without that call.
    const stat = orUndefined(() => lstatSync(`${this.path}/${name}`));
    return stat && { uid: stat.uid, gid: stat.gid };
  }

  /** The numbers among the names in a folder within; none where it is gone, or may not be read. */
  numbers(name: string): readonly number[] {
    if (this.calls === undefined) {
      const names = orUndefined(() => readdirSync(`${this.path}/${name}`)) ?? [];
      return names.filter((one) => /^\d+$/.test(one)).map(Number);
    }
    const numbers: number[] = [];
    const { openat, getdents64, close } = this.calls;
    const fd = openat(this.descriptor, name, O_CLOEXEC | (O_DIRECTORY[process.arch] ?? 0));
    if (fd < 0) return numbers;
    const number = getdentsNumbers[process.arch]!;
    for (;;) {
      const count = Number(getdents64(number, fd, bytes, bytes.length));
      if (count <= 0) break;
      appendNumbers(numbers, count);
    }
    close(fd);
    return numbers;
  }

  [Symbol.dispose](): void {
    if (this.calls === undefined) closeSync(this.descriptor);
    else this.calls.close(this.descriptor);
  }
}

function orUndefined<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
