// Making a thread's ring in a process's `rings` folder: sizes that fit the space there is, and the two ways to
// reach the file. A ring appears under its number only when its control page is whole.
import { SpoorError } from '@spoor/base';
import {
  createMappedFile,
  currentThreadId,
  groupMemoryLeft,
  isAvailable,
  linkSync,
  makeCpuReader,
  openSync,
  ownPid,
  readdirSync,
  statSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from '@spoor/sys';
import { dirname, join } from 'node:path';
import { RingCopier } from './copier.ts';
import { mappedFileName, unmapEndedNowAndThen } from './ended-mappings.ts';
import {
  CONTROL,
  isValidGeometry,
  ringSizeBytes,
  type RingGeometry,
  type RingMode,
  type RingTier,
} from './layout.ts';
import { isOutOfDescriptors, isOutOfSpace } from './link-text.ts';
import { RingProducer, type ProducerOptions } from './producer.ts';
import { ReaderWatch } from './reader-watch.ts';
import { startTicks } from './run-directory.ts';

/** What a thread wants to record into. */
export interface RingRequest {
  /** Folder that the ring file goes to. */
  readonly folder: string;
  readonly mode: RingMode;
  readonly geometry: RingGeometry;
  readonly processStartTicks: bigint;
  readonly uuid: Uint8Array;
  readonly streamClassId: number;
  readonly channelName: string;
  /** Directory of the session, whose consumer is watched while an event waits for room. */
  readonly sessionPath: string;
  readonly blockingTimeoutUs: number;
  /** See `ProducerOptions`. */
  readonly onSwitch?: (() => void) | undefined;
  /** Most bytes that all files in `folder` may take together. */
  readonly maxMemoryBytes?: number | undefined;
  /** Whether to wait up to 0.2 s for what other threads may be giving back; true by default. */
  readonly waitsForRoom?: boolean;
}

/** A ring of the calling thread. */
export interface ThreadRing {
  readonly producer: RingProducer;
  readonly ringNumber: number;
  readonly tier: RingTier;
  readonly geometry: RingGeometry;
  /** One line each: why it is smaller than asked for, why it is not mapped. */
  readonly reasons: readonly string[];
  /**
   * Copies what only this process has yet into the file, for readers and for whoever comes after a kill; nothing to do
   * where the file is mapped. Between two events only. Never throws.
   */
  save(): void;
  /** Finishes the open sub-buffer and tells the reader that the thread is done; it may still emit. */
  close(): void;
}

const SMALLEST: RingGeometry = { subBufferSizeBytes: 16 * 1024, subBufferCount: 2 };
/** Part of the free space that one ring may take: other threads and other users of the memory come after it. */
const FREE_SHARE = 0.25;
/** Part of what is left of the process's limit that the sub-buffers of one ring may take: further threads come after it. */
const LIMIT_SHARE = 1 / 8;
/** When space is short, other threads may be giving some back at this moment: how long is waited before each attempt. */
const pausesMs = [0, 2, 5, 10, 20, 40, 80];

/**
 * Makes the calling thread's ring, smaller than asked for when space is short.
 * @throws SpoorError `ring/geometry` when no ring can be so, `ring/no-space` when not even the smallest fits,
 *   `ring/file-limit` when files may not be as large as that,
 *   `ring/no-descriptors` when the program may open no more files, `ring/cannot-create` for any other trouble.
 */
export function createThreadRing(request: RingRequest): ThreadRing {
  if (!isValidGeometry(request.geometry)) {
    const { subBufferCount, subBufferSizeBytes } = request.geometry;
    throw new SpoorError(
      'ring/geometry',
      `no ring has ${subBufferCount} sub-buffers of ${subBufferSizeBytes} bytes`,
    );
  }
  const reasons: string[] = [];
  const availability = isAvailable();
  if (!availability.available) {
    reasons.push(
      `${availability.reason}: events are copied out of process memory, and a killed program loses its last ones`,
    );
  }
  const tier: RingTier = availability.available ? 'mapped' : 'copied';
  const tid = currentThreadId();
  const limit = new MemoryLimit(request.folder, request.maxMemoryBytes);
  let last: unknown;
  for (const pauseMs of request.waitsForRoom === false ? [0] : pausesMs) {
    if (pauseMs > 0) pause(pauseMs);
    const room = limit.room();
    const groupBytes = groupMemoryLeft();
    for (const geometry of geometries(request.geometry)) {
      if (!isShare(geometry, room) || !isShareOfFree(geometry, groupBytes)) continue;
      // Looked at each time: other threads take and give back meanwhile.
      if (!isShareOfFree(geometry, freeSpaceBytes(request.folder))) continue;
      try {
        const ring = createOfSize(request, geometry, limit, tier, tid);
        if (geometry !== request.geometry) reasons.push(whySmaller(request.geometry, room, groupBytes));
        return { ...ring, tier, geometry, reasons };
      } catch (error) {
        if (isOutOfDescriptors(error)) {
          throw new SpoorError(
            'ring/no-descriptors',
            'no file descriptor is left to make a ring buffer with',
            {
              where: request.folder,
              hint: 'raise the limit of open files of the program (ulimit -n), or have it close some',
              cause: error,
            },
          );
        }
        if (!isNoSpace(error)) {
          throw new SpoorError('ring/cannot-create', 'cannot make a ring buffer', {
            where: request.folder,
            cause: error,
          });
        }
        last = error;
      }
    }
    if (isTooLarge(last)) {
      throw new SpoorError('ring/file-limit', 'not even the smallest ring buffer may be made', {
        where: request.folder,
        hint: 'raise the limit of the size of files of the program (ulimit -f)',
        cause: last,
      });
    }
    if (last === undefined && !room.isContested) break;
  }
  if (last === undefined || isOverLimit(last)) {
    throw new SpoorError('ring/memory-limit', 'no ring buffer fits the memory limit of the process', {
      where: request.folder,
      hint: 'raise --max-memory, or record fewer threads or channels',
    });
  }
  throw new SpoorError('ring/no-space', 'no shared memory left for a ring buffer', {
    where: request.folder,
    hint: 'make room in /dev/shm, or set SPOOR_RUN_DIR to a folder with space',
    cause: last,
  });
}

/** What a process's limit leaves for further rings. */
interface LimitRoom {
  readonly leftBytes: number;
  /** Whether other threads are making rings, of which they may give some back. */
  readonly isContested: boolean;
}

/** The limit of all files in a folder of rings. */
class MemoryLimit {
  readonly #folder: string;
  readonly #maxBytes: number;

  constructor(folder: string, maxBytes: number = Infinity) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  room(): LimitRoom {
    if (this.#maxBytes === Infinity) return { leftBytes: Infinity, isContested: false };
    const { ringBytes, draftBytes } = takenBytes(this.#folder);
    return { leftBytes: this.#maxBytes - ringBytes - draftBytes, isContested: draftBytes > 0 };
  }

  /**
   * Many threads that begin at once each see the same room: who finds more taken than there may be gives its own back.
   * @throws SpoorError `ring/over-limit`.
   */
  check(): void {
    if (this.room().leftBytes >= 0) return;
    throw new SpoorError('ring/over-limit', 'other rings have taken what the process may have', {
      where: this.#folder,
    });
  }
}

/** Whether a ring leaves enough of the process's limit to other threads; the smallest may take what there is. */
function isShare(geometry: RingGeometry, { leftBytes }: LimitRoom): boolean {
  if (ringSizeBytes(geometry) > leftBytes) return false;
  return (
    isSmallest(geometry) || geometry.subBufferSizeBytes * geometry.subBufferCount <= leftBytes * LIMIT_SHARE
  );
}

/** The same of all that is free. */
function isShareOfFree(geometry: RingGeometry, freeBytes: number): boolean {
  return isSmallest(geometry) || ringSizeBytes(geometry) <= freeBytes * FREE_SHARE;
}

/** The same for all rings of a channel, whatever each has got: so it is said once. */
function whySmaller(asked: RingGeometry, room: LimitRoom, groupBytes: number): string {
  const cause = !isShare(asked, room)
    ? 'the memory limit of the process'
    : isShareOfFree(asked, groupBytes)
      ? 'little shared memory'
      : 'the memory limit of the control group';
  const size = `${asked.subBufferCount} × ${asked.subBufferSizeBytes / 1024}k`;
  return `${cause}: rings of threads are smaller than asked for (${size})`;
}

function pause(timeMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeMs);
}

/** The asked geometry, then ever smaller ones: fewer sub-buffers down to 4, smaller ones, then 2. */
export function* geometries(asked: RingGeometry): Generator<RingGeometry> {
  yield asked;
  let { subBufferSizeBytes, subBufferCount } = asked;
  while (subBufferCount > 4) {
    subBufferCount = Math.max(4, subBufferCount >>> 1);
    yield { subBufferSizeBytes, subBufferCount };
  }
  while (subBufferSizeBytes > SMALLEST.subBufferSizeBytes) {
    subBufferSizeBytes = Math.max(SMALLEST.subBufferSizeBytes, (subBufferSizeBytes >>> 13) << 12);
    yield { subBufferSizeBytes, subBufferCount };
  }
  if (subBufferCount > SMALLEST.subBufferCount) {
    yield { subBufferSizeBytes, subBufferCount: SMALLEST.subBufferCount };
  }
}

function isSmallest({ subBufferSizeBytes, subBufferCount }: RingGeometry): boolean {
  return subBufferSizeBytes <= SMALLEST.subBufferSizeBytes && subBufferCount <= SMALLEST.subBufferCount;
}

function freeSpaceBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

/** Bytes of all files in a folder: of rings, and of those that are being made. */
function takenBytes(folder: string): { readonly ringBytes: number; readonly draftBytes: number } {
  let ringBytes = 0;
  let draftBytes = 0;
  try {
    for (const name of readdirSync(folder)) {
      const sizeBytes = statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
      if (name.endsWith('.ring')) ringBytes += sizeBytes;
      else draftBytes += sizeBytes;
    }
  } catch {
    // Making the ring will say what is wrong with it.
  }
  return { ringBytes, draftBytes };
}

/**
 * Many threads that begin at once each see all of the free space: who has taken more than is left then gives it back,
 * and so do the others, until all have a part.
 * @throws SpoorError `ring/crowded`.
 */
function requireRoomFor(folder: string, geometry: RingGeometry): void {
  if (isSmallest(geometry) || freeSpaceBytes(folder) >= ringSizeBytes(geometry)) return;
  throw new SpoorError('ring/crowded', 'too little shared memory is left for other rings', { where: folder });
}

function isOverLimit(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ring/over-limit';
}

function isNoSpace(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ring/crowded' || code === 'ring/over-limit' || isOutOfSpace(error) || isTooLarge(error);
}

function isTooLarge(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'EFBIG' || code === 'sys/efbig';
}

function createOfSize(
  request: RingRequest,
  geometry: RingGeometry,
  limit: MemoryLimit,
  tier: RingTier,
  tid: number,
): Pick<ThreadRing, 'producer' | 'ringNumber' | 'save' | 'close'> {
  const watch = request.blockingTimeoutUs === 0 ? undefined : new ReaderWatch(request.sessionPath);
  const draft = join(request.folder, mappedFileName(tid, 'draft'));
  const options = (ringNumber: number, onFinished?: () => void): ProducerOptions => ({
    ...geometry,
    mode: request.mode,
    pid: ownPid,
    tid,
    ringNumber,
    processStartTicks: request.processStartTicks,
    threadStartTicks: startTicks(ownPid, tid) ?? 0n,
    uuid: request.uuid,
    tier,
    streamClassId: request.streamClassId,
    cpuId: makeCpuReader(),
    channelName: request.channelName,
    blockingTimeoutUs: request.blockingTimeoutUs,
    onSwitch: request.onSwitch,
    ...(watch === undefined
      ? {}
      : { isReaderGone: (heartbeat: number, nowMs: number) => watch.isGone(heartbeat, nowMs) }),
    ...(onFinished === undefined ? {} : { onFinished }),
  });
  if (tier === 'mapped') {
    const file = createMappedFile(draft, ringSizeBytes(geometry));
    try {
      requireRoomFor(request.folder, geometry);
      limit.check();
    } catch (error) {
      file[Symbol.dispose]();
      unlinkSync(draft);
      throw error;
    }
    // The number is not known before the file has a name; it is the one word written after the link.
    const producer = new RingProducer(file.memory, options(0));
    const ringNumber = publish(request.folder, draft);
    producer.view.setUint32(CONTROL.ringNumber, ringNumber, true);
    unmapEndedNowAndThen(dirname(request.folder));
    return {
      producer,
      ringNumber,
      save() {},
      close() {
        producer.close();
      },
    };
  }
  const fd = openSync(draft, 'wx+', 0o600);
  let ringNumber: number;
  const memory = new SharedArrayBuffer(ringSizeBytes(geometry));
  const copier = new RingCopier(memory, geometry, request.mode, fd);
  const producer = new RingProducer(
    memory,
    options(0, () => {
      copier.copy();
    }),
  );
  try {
    // Written whole at once: space that is short must show now.
    writeWhole(fd, producer.bytes);
    requireRoomFor(request.folder, geometry);
    limit.check();
    ringNumber = publish(request.folder, draft);
  } catch (error) {
    copier.abandon();
    unlinkSync(draft);
    throw error;
  }
  producer.view.setUint32(CONTROL.ringNumber, ringNumber, true);
  writeSync(fd, producer.bytes, CONTROL.ringNumber, 4, CONTROL.ringNumber);
  return {
    producer,
    ringNumber,
    save() {
      copier.copyOpen();
    },
    close() {
      producer.close();
      copier.drain();
    },
  };
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.byteLength) done += writeSync(fd, bytes, done, bytes.byteLength - done, done);
}

/** Gives the file the next free number as its name: the rings of threads that are over keep theirs. */
function publish(folder: string, draft: string): number {
  for (let number = firstFreeNumber(folder); ; number += 1) {
    try {
      linkSync(draft, join(folder, `${number}.ring`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    unlinkSync(draft);
    return number;
  }
}

/** A number that was free a moment ago, the one after the last: found by halves, for there may be thousands. */
function firstFreeNumber(folder: string): number {
  const isTaken = (number: number): boolean =>
    statSync(join(folder, `${number}.ring`), { throwIfNoEntry: false }) !== undefined;
  let free = 0;
  for (let step = 1; isTaken(free); step *= 2) free += step;
  for (let taken = (free - 1) >>> 1; taken + 1 < free;) {
    const middle = (taken + free) >>> 1;
    if (isTaken(middle)) taken = middle;
    else free = middle;
  }
  return free;
}
