// Making a thread's ring in a process's `rings` folder: sizes that fit the space there is, and the two ways to
// reach the file. A ring appears under its number only when its control page is whole.
import { SpoorError, describeError } from '@spoor/base';
import {
  createMappedFile,
  currentThreadId,
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
/** When space is short, other threads may be giving some back at this moment: how long is waited before each attempt. */
const pausesMs = [0, 2, 5, 10, 20, 40, 80];

/**
 * Makes the calling thread's ring, smaller than asked for when space is short.
 * @throws SpoorError `ring/geometry` when no ring can be so, `ring/no-space` when not even the smallest fits, `ring/cannot-create` for any other trouble.
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
  const leftBytes =
    request.maxMemoryBytes === undefined ? Infinity : request.maxMemoryBytes - takenBytes(request.folder);
  let last: unknown;
  for (const pauseMs of pausesMs) {
    if (pauseMs > 0) pause(pauseMs);
    for (const geometry of geometries(request.geometry)) {
      const isLast = isSmallest(geometry);
      const sizeBytes = ringSizeBytes(geometry);
      if (sizeBytes > leftBytes || (!isLast && sizeBytes > freeSpaceBytes(request.folder) * FREE_SHARE)) {
        continue;
      }
      try {
        const ring = createOfSize(request, geometry, tier, tid);
        if (geometry !== request.geometry) reasons.push(whySmaller(request.geometry, geometry, leftBytes));
        return { ...ring, tier, geometry, reasons };
      } catch (error) {
        if (!isNoSpace(error)) {
          throw new SpoorError('ring/cannot-create', 'cannot make a ring buffer', {
            where: request.folder,
            cause: error,
          });
        }
        last = error;
      }
    }
    if (last === undefined) break;
  }
  if (last === undefined) {
    throw new SpoorError('ring/memory-limit', 'no ring buffer fits the memory limit of the process', {
      where: request.folder,
      hint: 'raise --max-memory, or record fewer threads or channels',
    });
  }
  throw new SpoorError('ring/no-space', `no shared memory left for a ring buffer (${describeError(last)})`, {
    where: request.folder,
    hint: 'make room there, or set SPOOR_RUN_DIR to a folder with space',
  });
}

function whySmaller(asked: RingGeometry, got: RingGeometry, leftBytes: number): string {
  const cause = ringSizeBytes(asked) > leftBytes ? 'the memory limit of the process' : 'little shared memory';
  return `${cause}: ring of ${got.subBufferCount} sub-buffers of ${got.subBufferSizeBytes} bytes instead of ${asked.subBufferCount} of ${asked.subBufferSizeBytes}`;
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

/** Bytes of all files in a folder, those of rings that are being made too. */
function takenBytes(folder: string): number {
  let sum = 0;
  try {
    for (const name of readdirSync(folder)) {
      sum += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
    }
  } catch {
    // Making the ring will say what is wrong with it.
  }
  return sum;
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

function isNoSpace(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    code === 'ring/crowded' ||
    code === 'ENOSPC' ||
    code === 'EDQUOT' ||
    code === 'EFBIG' ||
    code === 'sys/enospc' ||
    code === 'sys/efbig'
  );
}

function createOfSize(
  request: RingRequest,
  geometry: RingGeometry,
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
