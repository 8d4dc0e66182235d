// The C library through koffi, loaded at first use: a program that is not traced must not pay for it, and one on a
// platform without koffi's binary must be able to ask before it needs it.
import { SpoorError, describeError } from '@spoor/base';
import type koffiModule from 'koffi';
import { createRequire } from 'node:module';
import { SystemCallError } from './errors.ts';
import { hasHeapRoom, hasWorkerModule } from './heap-room.ts';
import { inOnePiece } from './native-calls.ts';
import { closeSync, existsSync, openSync } from './own-files.ts';

type Koffi = typeof koffiModule;

/** The calls that this package makes, and koffi itself for views of memory. */
export interface CLibrary {
  readonly koffi: Koffi;
  readonly mmap: (
    address: null,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint | null;
  readonly munmap: (address: bigint, length: number) => number;
  readonly posixFallocate: (fd: number, offset: number, length: number) => number;
  readonly getTid: () => number;
  readonly getCpu: () => number;
  readonly pthreadSelf: () => number | bigint;
  /** `__rseq_offset` of glibc 2.35 and later. */
  readonly rseqOffset: number | undefined;
  /** The raw call by number, for what the C library has no function for. */
  readonly membarrier: ((command: number) => number) | undefined;
  /** Any call that takes a structure first, by its number; -1 and errno when it fails. */
  readonly syscall: (
    number: number,
    structure: Uint8Array,
    second: bigint,
    third: bigint,
    fourth: bigint,
    fifth: bigint,
  ) => number | bigint;
}

/** Whether system calls can be made at all. */
export type Availability =
  { readonly available: true } | { readonly available: false; readonly reason: string };

/** System call numbers of membarrier(2). */
const membarrierNumbers: Readonly<Record<string, number>> = { x64: 324, arm64: 283, riscv64: 283 };

let loaded: CLibrary | undefined;
let failure: SpoorError | undefined;

/**
 * koffi takes 3 MB of addresses and 40 KB of memory for each thread that calls it, and gives none of that back when the
 * thread ends: a process that went on would end with the 21,000th worker, when the kernel has no mapping left for it.
 */
const MOST_WORKERS = 2000;
const manyWorkers = `the program has started more than ${MOST_WORKERS} workers, each of which would leave memory behind for good`;

/** What a worker is told that has hardly any heap left. */
const noRoom = 'the thread has used up nearly all of the heap that it may have';

/**
 * Whether koffi can be called here; if not, why. `SPOOR_NO_KOFFI=1` in the environment makes the answer no.
 * Whether it can be loaded is found once a thread.
 */
export function isAvailable(): Availability {
  try {
    library();
    return hasHeapRoom() ? { available: true } : { available: false, reason: noRoom };
  } catch (error) {
    return { available: false, reason: describeError(error) };
  }
}

/**
 * The C library.
 * @throws SpoorError `sys/unavailable` when koffi cannot be loaded, `sys/no-descriptors` when it cannot be now.
 */
export function library(): CLibrary {
  if (loaded !== undefined) return loaded;
  if (failure !== undefined) throw failure;
  try {
    loaded = inOnePiece(load);
    return loaded;
  } catch (error) {
    // Without a free descriptor no file can be loaded now: that says nothing about later.
    if (!canOpen()) {
      throw new SpoorError('sys/no-descriptors', 'koffi cannot be loaded, for no file can be opened', {
        hint: 'raise the limit of open files (ulimit -n)',
        cause: shorten(error),
      });
    }
    failure =
      error instanceof SpoorError
        ? error
        : new SpoorError('sys/unavailable', 'koffi cannot be loaded', { cause: shorten(error) });
    throw failure;
  }
}

/** The error of the call that failed last in this thread. */
export function lastError(
  call: string,
  where?: string,
  errno: number = library().koffi.errno(),
): SystemCallError {
  const names = library().koffi.os.errno;
  const name = Object.entries(names).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
  return new SystemCallError(call, errno, name, where);
}

function load(): CLibrary {
  if (process.env['SPOOR_NO_KOFFI'] === '1') {
    throw new SpoorError('sys/unavailable', 'koffi is switched off by SPOOR_NO_KOFFI');
  }
  if (process.platform !== 'linux') {
    throw new SpoorError('sys/unavailable', `no shared memory rings on ${process.platform}, only on Linux`);
  }
  if (threadNumber() > MOST_WORKERS) throw new SpoorError('sys/unavailable', manyWorkers);
  if (!hasHeapRoom()) throw new SpoorError('sys/unavailable', noRoom);
  const koffi = loadKoffi();
  // The symbols of the running program: whichever C library it was linked to.
  const c = koffi.load(null);
  const number = membarrierNumbers[process.arch];
  let membarrier: CLibrary['membarrier'];
  if (number !== undefined) {
    const syscall = c.func('long syscall(long number, int command, unsigned int flags, int cpu)');
    membarrier = (command) => syscall(number, command, 0, 0) as number;
  }
  const pthreadSelf = c.func('uintptr_t pthread_self()') as CLibrary['pthreadSelf'];
  tryView(koffi, BigInt(pthreadSelf()));
  return {
    koffi,
    mmap: c.func('void *mmap(void *, size_t, int, int, int, int64_t)') as CLibrary['mmap'],
    munmap: c.func('int munmap(void *, size_t)') as CLibrary['munmap'],
    posixFallocate: c.func('int posix_fallocate(int, int64_t, int64_t)') as CLibrary['posixFallocate'],
    // In glibc since 2.30.
    getTid: c.func('int gettid()') as CLibrary['getTid'],
    getCpu: c.func('int sched_getcpu()') as CLibrary['getCpu'],
    pthreadSelf,
    rseqOffset: rseqOffset(koffi, c),
    membarrier,
    syscall: c.func(
      'long syscall(long number, _Inout_ uint8_t *, intptr_t, intptr_t, intptr_t, intptr_t)',
    ) as CLibrary['syscall'],
  };
}

function canOpen(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** How many workers the program had started when this thread began, this one included. */
function threadNumber(): number {
  return hasWorkerModule() ? process.getBuiltinModule('node:worker_threads').threadId : 0;
}

/** The release that this package is pinned to; of another one the binary is left to its own loader. */
export const KOFFI_VERSION = '3.3.4';

/**
 * koffi, by its binary at once where that lies where it is looked for first: its own loader reads the running program's
 * header to find out about the C library, and costs a traced program's start 5 ms. With another C library the binary
 * cannot be linked, and the loader chooses.
 */
function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  const known = new Set(Object.keys(require.cache));
  try {
    return findKoffi(require);
  } finally {
    // Who lists the modules of the program finds its own; who requires koffi by itself still gets this one.
    for (const path of Object.keys(require.cache)) {
      if (!known.has(path)) Object.defineProperty(require.cache, path, { enumerable: false });
    }
  }
}

function findKoffi(require: NodeJS.Require): Koffi {
  try {
    const binary = require(binaryPath(require)) as Koffi & { readonly version?: unknown };
    if (binary.version === KOFFI_VERSION) return binary;
  } catch {
    // Installed in another way, or for another C library.
  }
  return require('koffi') as Koffi;
}

/** Where koffi's binary should be: in a package beside it. */
function binaryPath(require: NodeJS.Require): string {
  const triplet = `linux-${process.arch}`;
  const name = `@koromix/koffi-${triplet}/${triplet.replace('-', '_')}/koffi.node`;
  // Nearly always it is where packages are looked for. To resolve one that has `exports` takes a millisecond: Node.js loads its
  // resolver of ES modules for that.
  const folder = require.resolve.paths('koffi')?.find((each) => existsSync(`${each}/koffi`));
  if (folder !== undefined && existsSync(`${folder}/${name}`)) return `${folder}/${name}`;
  const own = require.resolve('koffi');
  return `${own.slice(0, own.lastIndexOf('/koffi/'))}/${name}`;
}

/** Electron, and builds of V8 with its sandbox, have no ArrayBuffer over memory that is not V8's own. */
function tryView(koffi: Koffi, address: bigint): void {
  try {
    koffi.view(address, 8);
  } catch (error) {
    throw new SpoorError('sys/unavailable', 'memory cannot be mapped in this build of Node.js', {
      cause: shorten(error),
    });
  }
}

function rseqOffset(koffi: Koffi, c: ReturnType<Koffi['load']>): number | undefined {
  // The thread pointer equals pthread_self() on this architecture only.
  if (process.arch !== 'x64') return undefined;
  try {
    const size = koffi.decode(c.symbol('__rseq_size'), 'uint32_t') as number;
    return size === 0 ? undefined : (koffi.decode(c.symbol('__rseq_offset'), 'intptr_t') as number);
  } catch {
    return undefined;
  }
}

/** `sizeBytes` at an address, as an ArrayBuffer. */
export function viewMemory(address: bigint, sizeBytes: number): ArrayBuffer {
  const { koffi } = library();
  return inOnePiece(() => koffi.view(address, sizeBytes));
}

/** Only the first line of a loader's message: the rest is a list of places that were tried. */
function shorten(error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(message.split('\n', 1)[0]);
}
