// What the kernel tells of programs and libraries that are mapped to be executed, of new processes and of those that
// execute another program: records of perf_event_open(2), in a ring that is mapped.
import { closeSync } from './own-files.ts';
import { lastError, library, viewMemory } from './library.ts';
import { ownedByThread } from './owned-descriptor.ts';
import { openPerfDescriptor } from './perf.ts';

/** Types of records (`PERF_RECORD_…`). */
const recordTypes = { lost: 2, comm: 3, exit: 4, fork: 7, mmap2: 10 } as const;

/** `PERF_COUNT_SW_DUMMY` of `PERF_TYPE_SOFTWARE`: it counts nothing. */
const dummy = { type: 1, config: 9 } as const;

const flag = (bit: number): bigint => 1n << BigInt(bit);
/** `mmap`, `comm`, `task`, `sample_id_all`, `mmap2`, `comm_exec`, `use_clockid`. */
const recordFlags = flag(8) | flag(9) | flag(13) | flag(18) | flag(23) | flag(24) | flag(25);
/** `build_id`, since Linux 5.12. */
const withBuildId = flag(34);
/** `PERF_SAMPLE_TID | PERF_SAMPLE_TIME`, at the end of each record. */
const sampleType = 6n;
const clockMonotonic = 1;

const commIsExec = 1 << 13;
const hasBuildId = 1 << 14;

/** A power of two, and so of pages of any size. */
const ringBytes = 262_144;
const headWord = 128;
const tailWord = 129;

/** Something that happened to a process. Times are of CLOCK_MONOTONIC, exact to 2^53 ns. */
export type ProcessRecord =
  | {
      readonly kind: 'fork' | 'exit';
      readonly timeNs: number;
      readonly pid: number;
      readonly tid: number;
      /** Of who made it. */
      readonly parentPid: number;
      readonly parentTid: number;
    }
  /** Another program is executed: nothing of the old one is mapped any more. */
  | { readonly kind: 'exec'; readonly timeNs: number; readonly pid: number; readonly tid: number }
  | {
      readonly kind: 'map';
      readonly timeNs: number;
      readonly pid: number;
      readonly tid: number;
      /** Addresses of programs are below 2^53. */
      readonly address: number;
      readonly sizeBytes: number;
      readonly fileOffset: number;
      /** `//anon` and names in brackets are no files. */
      readonly path: string;
      /** In hexadecimal digits; empty where the kernel does not tell. */
      readonly buildId: string;
    }
  /** Records found no room. */
  | { readonly kind: 'lost'; readonly timeNs: number; readonly count: number };

/** The records of what happens on one processor. */
export interface ProcessRecords extends Disposable {
  /** Takes what has come since the last call, in its order. */
  read(take: (record: ProcessRecord) => void): void;
}

const utf8 = new TextDecoder();

function textFrom(bytes: Uint8Array, from: number, end: number): string {
  const stop = bytes.indexOf(0, from);
  return utf8.decode(bytes.subarray(from, stop < 0 || stop > end ? end : stop));
}

/** One record; undefined for those that tell nothing here. @param bytes the record, with its head. */
export function parseProcessRecord(bytes: Uint8Array): ProcessRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 24) return undefined;
  const type = view.getUint32(0, true);
  const misc = view.getUint16(4, true);
  const timeNs = Number(view.getBigUint64(bytes.length - 8, true));
  const word = (at: number): number => view.getInt32(at, true);
  switch (type) {
    case recordTypes.fork:
    case recordTypes.exit:
      if (bytes.length < 48) return undefined;
      return {
        kind: type === recordTypes.fork ? 'fork' : 'exit',
        timeNs,
        pid: word(8),
        parentPid: word(12),
        tid: word(16),
        parentTid: word(20),
      };
    case recordTypes.comm:
      return (misc & commIsExec) === 0 || bytes.length < 32
        ? undefined
        : { kind: 'exec', timeNs, pid: word(8), tid: word(12) };
    case recordTypes.mmap2: {
      if (bytes.length < 88) return undefined;
      const idBytes = (misc & hasBuildId) === 0 ? 0 : Math.min(20, view.getUint8(40));
      return {
        kind: 'map',
        timeNs,
        pid: word(8),
        tid: word(12),
        address: Number(view.getBigUint64(16, true)),
        sizeBytes: Number(view.getBigUint64(24, true)),
        fileOffset: Number(view.getBigUint64(32, true)),
        buildId: Array.from(bytes.subarray(44, 44 + idBytes), (byte) =>
          byte.toString(16).padStart(2, '0'),
        ).join(''),
        path: textFrom(bytes, 72, bytes.length - 16),
      };
    }
    case recordTypes.lost:
      return bytes.length < 40
        ? undefined
        : { kind: 'lost', timeNs, count: Number(view.getBigUint64(16, true)) };
    default:
      return undefined;
  }
}

/**
 * Watches what processes of a processor map, all of them.
 * @throws SystemCallError (`sys/eacces`, `sys/enoent` …), SpoorError `sys/unavailable`.
 */
export function openProcessRecords(cpu: number): ProcessRecords {
  const c = library();
  const attributes = (flags: bigint): Uint8Array => {
    const bytes = new Uint8Array(112);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, dummy.type, true);
    view.setUint32(4, bytes.length, true);
    view.setBigUint64(8, BigInt(dummy.config), true);
    view.setBigUint64(24, sampleType, true);
    view.setBigUint64(40, flags, true);
    view.setInt32(92, clockMonotonic, true);
    return bytes;
  };
  let fd = openPerfDescriptor(attributes(recordFlags | withBuildId), -1, cpu);
  if (fd < 0) fd = openPerfDescriptor(attributes(recordFlags), -1, cpu);
  if (fd < 0) throw lastError('watch what processes map');
  fd = ownedByThread(fd);
  // The kernel's own page comes first: 4 KB, and up to 64 KB on ARM.
  const pageBytes = Number(c.koffi.load(null).func('int getpagesize()')());
  const sizeBytes = pageBytes + ringBytes;
  const address = c.mmap(null, sizeBytes, 3, 1, fd, 0);
  if (address === null || address === 0xffff_ffff_ffff_ffffn) {
    const error = lastError('map the ring of what processes map');
    closeSync(fd);
    throw error;
  }
  const memory = viewMemory(address, sizeBytes);
  const words = new BigInt64Array(memory, 0, pageBytes / 8);
  const ring = new Uint8Array(memory, pageBytes, ringBytes);
  const ringView = new DataView(memory, pageBytes, ring.length);
  const scratch = new Uint8Array(1 << 16);
  let isOpen = true;
  return {
    read(take) {
      if (!isOpen) return;
      const head = Number(Atomics.load(words, headWord));
      let tail = Number(Atomics.load(words, tailWord));
      while (tail < head) {
        const at = tail % ring.length;
        const length = ringView.getUint16(at + 6, true);
        if (length < 8) break;
        const first = Math.min(length, ring.length - at);
        // It may go on at the ring's beginning, and what took it may keep it.
        scratch.set(ring.subarray(at, at + first));
        scratch.set(ring.subarray(0, length - first), first);
        const record = parseProcessRecord(scratch.subarray(0, length));
        tail += length;
        if (record !== undefined) take(record);
      }
      Atomics.store(words, tailWord, BigInt(tail));
    },
    [Symbol.dispose]() {
      if (!isOpen) return;
      isOpen = false;
      c.munmap(address, sizeBytes);
      closeSync(fd);
    },
  };
}
