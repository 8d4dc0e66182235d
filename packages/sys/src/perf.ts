// Counters of the calling thread, by perf_event_open(2): what the kernel counts for it, and what the processor does.
import { closeSync, readSync } from './own-files.ts';
import { lastError, library } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';

/** Type and number of a counter, as `struct perf_event_attr` has them. */
export interface CounterId {
  readonly type: number;
  readonly config: number;
}

const hardware = (config: number): CounterId => ({ type: 0, config });
const software = (config: number): CounterId => ({ type: 1, config });
/** Level, operation and result of a cache counter. */
const cache = (level: number, operation: number, result: number): CounterId => ({
  type: 3,
  config: level | (operation << 8) | (result << 16),
});

/** Counters by the names that lttng-add-context(1) has for them. */
const counterIds: Readonly<Record<string, CounterId>> = {
  'cpu-cycles': hardware(0),
  cycles: hardware(0),
  instructions: hardware(1),
  'cache-references': hardware(2),
  'cache-misses': hardware(3),
  'branch-instructions': hardware(4),
  branches: hardware(4),
  'branch-misses': hardware(5),
  'bus-cycles': hardware(6),
  'stalled-cycles-frontend': hardware(7),
  'stalled-cycles-backend': hardware(8),
  'L1-dcache-loads': cache(0, 0, 0),
  'L1-dcache-load-misses': cache(0, 0, 1),
  'L1-dcache-stores': cache(0, 1, 0),
  'LLC-loads': cache(2, 0, 0),
  'LLC-load-misses': cache(2, 0, 1),
  'dTLB-loads': cache(3, 0, 0),
  'dTLB-load-misses': cache(3, 0, 1),
  'cpu-clock': software(0),
  'task-clock': software(1),
  'page-fault': software(2),
  faults: software(2),
  'page-faults': software(2),
  'context-switches': software(3),
  cs: software(3),
  'cpu-migrations': software(4),
  migrations: software(4),
  'minor-faults': software(5),
  'major-faults': software(6),
  'alignment-faults': software(7),
  'emulation-faults': software(8),
};

/** Names of the counters that {@link openThreadCounter} knows. */
export const threadCounterNames: readonly string[] = Object.keys(counterIds);

/** Type and number of a counter; undefined when there is none of this name. */
export function threadCounterId(name: string): CounterId | undefined {
  return Object.hasOwn(counterIds, name) ? counterIds[name] : undefined;
}

/** A counter of one thread. Only that thread may read it. */
export interface ThreadCounter extends Disposable {
  /** The count so far; exact to 2^53. A system call. */
  read(): number;
}

const syscallNumbers: Readonly<Record<string, number>> = { x64: 298, arm64: 241, riscv64: 241 };
const ATTRIBUTE_BYTES = 112;
/** `PERF_FLAG_FD_CLOEXEC` */
const CLOSE_ON_EXEC = 8n;
/** `exclude_kernel | exclude_hv`: what an unprivileged process may count. */
const USER_ONLY = (1 << 5) | (1 << 6);

/** `inherit`: what children do is counted as well. */
const WITH_CHILDREN = 1 << 1;
/** `PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING` */
const WITH_TIMES = 3;

/** What is counted. */
interface CountedWork {
  /** 0 for the calling thread, -1 for all that the processor does. */
  readonly tid: number;
  /** -1 for all. */
  readonly cpu: number;
  readonly flags: number;
  readonly readFormat: number;
}

/**
 * perf_event_open(2). @param attributes `struct perf_event_attr`. @returns a descriptor that is closed at exec, or -1.
 * @throws SystemCallError where the machine's calls are not known.
 */
export function openPerfDescriptor(attributes: Uint8Array, tid: number, cpu: number): number {
  const c = library();
  const number = syscallNumbers[process.arch];
  if (number === undefined) {
    throw lastError('watch with perf_event_open', undefined, c.koffi.os.errno['ENOENT'] ?? 2);
  }
  return Number(c.syscall(number, attributes, BigInt(tid), BigInt(cpu), -1n, CLOSE_ON_EXEC));
}

/** A descriptor of a counter, of user space alone where the kernel is not to be watched. */
function openDescriptor(name: string, { tid, cpu, flags, readFormat }: CountedWork): number {
  const id = threadCounterId(name);
  const c = library();
  if (id === undefined || syscallNumbers[process.arch] === undefined) {
    throw lastError(`open the counter ${name}`, undefined, c.koffi.os.errno['ENOENT'] ?? 2);
  }
  const attributes = new Uint8Array(ATTRIBUTE_BYTES);
  const view = new DataView(attributes.buffer);
  view.setUint32(0, id.type, true);
  view.setUint32(4, ATTRIBUTE_BYTES, true);
  view.setBigUint64(8, BigInt(id.config), true);
  view.setUint32(32, readFormat, true);
  let fd = -1;
  for (const more of [0, USER_ONLY]) {
    view.setUint32(40, flags | more, true);
    fd = openPerfDescriptor(attributes, tid, cpu);
    if (fd >= 0) break;
  }
  if (fd < 0) throw lastError(`open the counter ${name}`);
  return ownedByThread(fd);
}

/**
 * Opens a counter of the calling thread, of user space alone where the kernel is not to be watched.
 * @throws SystemCallError (`sys/eacces`, `sys/enoent` where the machine lacks it …), SpoorError `sys/unavailable`.
 */
export function openThreadCounter(name: string): ThreadCounter {
  const fd = openDescriptor(name, { tid: 0, cpu: -1, flags: 0, readFormat: 0 });
  const bytes = new Uint8Array(8);
  const halves = new Uint32Array(bytes.buffer);
  return {
    read() {
      readSync(fd, bytes, 0, 8, null);
      return halves[0]! + halves[1]! * 0x1_0000_0000;
    },
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

/** What a counter shows. Numbers are exact to 2^53. */
export interface CounterReading {
  /** The count; where the processor counted only part of the time, what it would be for all of it. */
  readonly count: number;
  /** How long it was to count, and how long it did: the processor has few counters and takes turns. */
  readonly enabledNs: number;
  readonly runningNs: number;
}

/** A counter that tells how long it counted. */
export interface TimedCounter extends Disposable {
  /** A system call. What ended before is counted still. */
  read(): CounterReading;
}

/** What a counter is of. */
export type CounterTarget =
  | { readonly kind: 'cpu'; readonly cpu: number }
  | { readonly kind: 'thread'; readonly tid: number }
  /** A thread and all threads and processes that come of it from now on. */
  | { readonly kind: 'descendants'; readonly tid: number };

/**
 * Opens a counter of another thread or of a processor.
 * @throws SystemCallError (`sys/eacces`, `sys/esrch`, `sys/enoent` where the machine lacks it, `sys/emfile` …), SpoorError
 * `sys/unavailable`.
 */
export function openCounter(name: string, target: CounterTarget): TimedCounter {
  const fd = openDescriptor(name, {
    tid: target.kind === 'cpu' ? -1 : target.tid,
    cpu: target.kind === 'cpu' ? target.cpu : -1,
    flags: target.kind === 'descendants' ? WITH_CHILDREN : 0,
    readFormat: WITH_TIMES,
  });
  const bytes = new Uint8Array(24);
  const halves = new Uint32Array(bytes.buffer);
  const wordAt = (index: number): number => halves[index]! + halves[index + 1]! * 0x1_0000_0000;
  return {
    read() {
      readSync(fd, bytes, 0, 24, null);
      return scaledReading(wordAt(0), wordAt(2), wordAt(4));
    },
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

/** The reading of a counter that had only part of the time. */
export function scaledReading(counted: number, enabledNs: number, runningNs: number): CounterReading {
  const isShared = runningNs > 0 && runningNs < enabledNs;
  return {
    count: isShared ? Math.round((counted * enabledNs) / runningNs) : counted,
    enabledNs,
    runningNs,
  };
}
