/** One traced process: its directory in the run directory becomes one trace below the output directory. */
import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDirectory } from '@spoor/ctf/node';
import { SpoorError, describeError } from '@spoor/base';
import {
  EVENTS_FOLDER,
  PROCESS_FILE,
  type ProcessDescription,
  RINGS_FOLDER,
  type RingHeader,
  STATUS_FOLDER,
  parseProcess,
} from '@spoor/ringbuffer';
import { type FileUser, asUser } from '@spoor/sys';
import { withClockOffset } from './clock-offset.ts';
import type { Ledger } from './ledger.ts';
import { MetadataWriter } from './metadata-writer.ts';
import { isOutputError, describeOutputError, outputError } from './output-error.ts';
import { type RingAllowance, checkProcessUser, userOf } from './other-users.ts';
import { isThreadAlive } from './process-identity.ts';
import { type ProcessCounts, mergeEndedCounts, readProcessCounts } from './process-counts.ts';
import { ProcessLife } from './process-life.ts';
import { MOST_BYTES, readProgramFile } from './program-file.ts';
import { removeDirectory } from './removal.ts';
import { RingDrain } from './ring-drain.ts';
import { parseProcessDirectory } from './run-directory.ts';
import type { TraceFileLimits } from './stream-files.ts';
import { ThreadStatuses } from './thread-statuses.ts';
import { TracePlace } from './trace-place.ts';
import { UserChange } from './user-change.ts';

/** What all processes of a recording share. */
export interface RecordingContext {
  /** Absolute path of the output directory; another one for each trace chunk. */
  outputDir: string;
  /** Whose rights it is written with; undefined for those of this process. */
  readonly writer: FileUser | undefined;
  readonly ledger: Ledger;
  /** Whether rings in overwrite mode are written all along, as LTTng does, and not at their end alone. */
  readonly drainsOverwrite: boolean;
  /** Takes one line for the user. */
  readonly onNote: (severity: 'info' | 'error', text: string) => void;
  /** How large the trace files of a channel may become. */
  readonly limitsOf: (channel: string) => TraceFileLimits;
  /** Of the rings of other users' programs. */
  readonly allowance: RingAllowance;
  /** Channels of which nothing is recorded now: what comes is dropped. */
  held: ReadonlySet<string>;
  /** Offset of the clock in metadata, in decimal; that of when the process began where it is undefined. */
  clockOffsetNs: string | undefined;
}

const ringName = /^(\d+)\.ring$/;

/** Takes over the rings of one process. */
export class ProcessTrace {
  readonly name: string;
  readonly #directory: string;
  /** Whose files are touched with that user's rights; undefined for this process's own user. */
  readonly #user: FileUser | undefined;
  readonly #place: TracePlace;
  readonly #life: ProcessLife;
  readonly #context: RecordingContext;
  readonly #rings: Map<number, RingDrain> = new Map();
  readonly #finishedRings: Set<number> = new Set();
  readonly #statuses: ThreadStatuses;
  /** Undefined for programs of other users than this process's. */
  readonly #userChange: UserChange | undefined;
  #description: ProcessDescription | undefined;
  /** What was written of rings that are closed. */
  #closedBytes = 0;
  /** When the folder of rings was changed last, as of the last listing that found all of them whole. */
  #ringsChangedMs: number | undefined;
  #traceDir = '';
  /** Whether it is told already that somebody has removed files of this trace. */
  #isRemovalTold = false;
  #metadata: MetadataWriter | undefined;

  /** @param name of the process's directory in that of the session, `PID-STARTTIME`, of another user below `users`. */
  constructor(sessionPath: string, name: string, context: RecordingContext) {
    this.name = name;
    this.#directory = join(sessionPath, name);
    this.#user = userOf(sessionPath, name);
    this.#place = new TracePlace(sessionPath, name, this.#user !== undefined);
    this.#life = new ProcessLife(parseProcessDirectory(name));
    this.#context = context;
    this.#userChange = this.#user === undefined ? new UserChange(process.geteuid?.() ?? 0) : undefined;
    this.#statuses = new ThreadStatuses(join(this.#directory, STATUS_FOLDER), {
      onReason: (reason, isFault) => {
        if (isFault) context.ledger.addFault(reason);
        context.onNote(isFault ? 'error' : 'info', reason);
      },
      onFilter: (filter) => context.ledger.addFilter(filter),
    });
  }

  /** Bytes of the smallest ring, or undefined without one. */
  get leastCapacityBytes(): number | undefined {
    let least: number | undefined;
    for (const ring of this.#rings.values()) least = Math.min(least ?? Infinity, ring.capacityBytes);
    return least;
  }

  /** Whether the process still runs. */
  isAlive(): boolean {
    return this.#life.isAlive();
  }

  /** Whether the thread of a ring still runs, in a process that does. */
  #isThreadAlive({ tid, threadStartTicks }: RingHeader): boolean {
    const { pid } = this.#life;
    // Threads of another PID namespace count as long as their process does.
    return tid === pid || this.#life.isForeign || isThreadAlive(pid, tid, threadStartTicks);
  }

  /**
   * Makes the trace and finds rings that appeared.
   * @param isThorough whether to list the folder of rings even if it seems unchanged: two changes may have one time.
   * @throws SpoorError `record/output`.
   */
  discover(isThorough = true): void {
    this.#asUser(() => this.#discover(isThorough));
  }

  #discover(isThorough: boolean): void {
    if (!this.#open() || this.#metadata === undefined) return;
    const folder = join(this.#directory, RINGS_FOLDER);
    const changedMs = lstatSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (!isThorough && changedMs !== undefined && changedMs === this.#ringsChangedMs) return;
    this.#ringsChangedMs = changedMs;
    for (const file of listed(folder)) {
      const number = Number(ringName.exec(file)?.[1] ?? Number.NaN);
      if (Number.isNaN(number) || this.#rings.has(number) || this.#finishedRings.has(number)) continue;
      const path = join(this.#directory, RINGS_FOLDER, file);
      if (lstatSync(path, { throwIfNoEntry: false })?.size === 0) {
        // An earlier consumer was done with it.
        this.#finishedRings.add(number);
        continue;
      }
      if (!this.#mayHaveRing()) continue;
      try {
        const { limitsOf, held, writer } = this.#context;
        const ring = new RingDrain(number, path, this.#traceDir, this.#metadata, { limitsOf, writer });
        this.#rings.set(number, ring);
        if (held.has(ring.reader.header.channelName)) ring.holdFromBegin();
      } catch (error) {
        this.#ringsChangedMs = undefined;
        if (this.#user !== undefined) this.#context.allowance.giveBack(this.#user);
        if (isOutputError(error)) throw error;
        // The program may be about to lay it out; a program that died there left nothing to read.
        if (!this.isAlive()) this.#context.onNote('error', `a ring could not be read: ${String(error)}`);
      }
    }
  }

  /**
   * Writes out what is finished.
   * @returns how full the fullest ring was: the part of its sub-buffers that were finished, 0 to 1.
   * @throws SpoorError `record/output`.
   */
  drain(): number {
    return this.#asUser(() => this.#drain());
  }

  #drain(): number {
    let fullness = 0;
    for (const [number, ring] of this.#rings) {
      if (ring.reader.header.mode === 'overwrite' && !this.#context.drainsOverwrite) continue;
      this.#guarded(number, ring, () => {
        fullness = Math.max(fullness, ring.drain() / ring.reader.header.subBufferCount);
      });
    }
    return fullness;
  }

  /** Whether threads have closed rings since this was asked last: they are about to end. */
  takeClosed(): boolean {
    let isClosed = false;
    for (const ring of this.#rings.values()) isClosed = ring.takeClosed() || isClosed;
    return isClosed;
  }

  /**
   * Has all threads wake the consumer as they finish their next sub-buffers.
   * @returns `asleep` when all of them have been asked before, `dozing` when that is new, so that what was finished meanwhile is
   * to be looked for once more, `awake` when there is one that does not do so.
   */
  sleep(): 'asleep' | 'dozing' | 'awake' {
    let answer: 'asleep' | 'dozing' = 'asleep';
    for (const { reader } of this.#rings.values()) {
      if (!reader.isWaking) return 'awake';
      if (reader.isAsleep) continue;
      reader.sleep();
      answer = 'dozing';
    }
    return answer;
  }

  /**
   * Writes out what is in the open sub-buffers, too, of all channels or of some.
   * @returns how many rings that could not be done with, see {@link RingDrain.cut}.
   * @throws SpoorError `record/output`.
   */
  cut(channels?: ReadonlySet<string>): number {
    return this.#countFailed((ring) => {
      if (channels?.has(ring.reader.header.channelName) === false) return true;
      return ring.cut();
    });
  }

  /**
   * Drops what comes of these channels from now on, and records what comes of the others.
   * @returns how many rings that could not be done with, see {@link RingDrain.hold}.
   * @throws SpoorError `record/output`.
   */
  hold(channels: ReadonlySet<string>): number {
    return this.#countFailed((ring) => ring.hold(channels.has(ring.reader.header.channelName)));
  }

  #countFailed(work: (ring: RingDrain) => boolean): number {
    return this.#asUser(() => {
      let failedCount = 0;
      for (const [number, ring] of this.#rings) {
        this.#guarded(number, ring, () => {
          if (!work(ring)) failedCount += 1;
        });
      }
      return failedCount;
    });
  }

  /**
   * Finishes the rings of threads that ended, and all of them once the process did.
   * @returns whether the process is over and all of it is written.
   * @throws SpoorError `record/output`.
   */
  settle(): boolean {
    return this.#asUser(() => this.#settle());
  }

  #settle(): boolean {
    this.#tellRemoved();
    const alive = this.isAlive();
    const isOver = (tid: number) => alive && this.#isThreadOver(tid);
    this.#statuses.read(isOver);
    mergeEndedCounts(this.#directory, isOver);
    if (alive && !this.#life.isForeign) {
      const change = this.#userChange?.look(this.#life.pid, performance.now());
      if (change !== undefined) this.#context.onNote('error', change);
    }
    // Rings that the process made before its end must be seen: look after finding it dead.
    if (!alive) this.#discover(true);
    for (const [number, ring] of this.#rings) {
      if (ring.reader.header.mode === 'overwrite') ring.observe();
      else ring.reader.beat();
      this.#tellTooLarge(ring);
      if (alive && this.#isThreadAlive(ring.reader.header)) continue;
      this.#guarded(number, ring, () => {
        ring.finish(false);
        this.#close(number, ring, alive);
      });
    }
    if (alive) return false;
    this.#remove();
    return true;
  }

  /** What its threads have counted up to now. */
  counts(): ProcessCounts {
    return this.#asUser(() => readProcessCounts(this.#directory));
  }

  /** Tells all threads to stop. */
  stop(): void {
    for (const ring of this.#rings.values()) ring.stop();
  }

  /**
   * The end of the recording: writes out everything that the process recorded so far.
   * @returns whether all could be written.
   */
  end(): boolean {
    return this.#asUser(() => this.#end());
  }

  #end(): boolean {
    const alive = this.isAlive();
    let complete = true;
    for (const [number, ring] of this.#rings) {
      const isRunning = alive && this.#isThreadAlive(ring.reader.header);
      try {
        this.#guarded(number, ring, () => ring.finish(isRunning));
      } catch (error) {
        if (!isOutputError(error)) throw error;
        complete = false;
        this.#context.onNote('error', describeOutputError(error));
      }
      if (this.#rings.has(number)) this.#close(number, ring, alive && !isRunning);
    }
    this.#tellRemoved();
    this.#statuses.read(() => false);
    this.#context.ledger.addCounts(this.name, readProcessCounts(this.#directory));
    this.#metadata?.close();
    return complete;
  }

  /**
   * Closes the trace of this chunk; the process goes on in that of the next one at its next {@link discover}.
   * @throws SpoorError `record/output` when its metadata cannot be brought up to date.
   */
  leaveChunk(): void {
    this.#metadata?.update();
    this.#tellRemoved();
    this.#isRemovalTold = false;
    for (const ring of this.#rings.values()) ring.leave();
    this.#metadata?.close();
    this.#metadata = undefined;
  }

  /** The trace that is written now; undefined before there is one. */
  get traceDir(): string | undefined {
    return this.#metadata === undefined ? undefined : this.#traceDir;
  }

  /**
   * Writes the metadata anew, with the clock's offset of now.
   * @throws SpoorError `record/output`.
   */
  regenerateMetadata(): void {
    if (this.#metadata === undefined || this.#description === undefined) return;
    this.#metadata.restart(withClockOffset(this.#description.header, this.#context.clockOffsetNs));
    this.#metadata.update();
  }

  /** Bytes that were written since this was asked last. */
  takeWrittenBytes(): number {
    let bytes = 0;
    for (const ring of this.#rings.values()) bytes += ring.takeWrittenBytes();
    const closed = this.#closedBytes;
    this.#closedBytes = 0;
    return bytes + closed;
  }

  /** Name of the process, once it said so. */
  get procname(): string {
    return this.#description?.procname ?? '';
  }

  /** The rings that are open now. */
  rings(): Iterable<RingDrain> {
    return this.#rings.values();
  }

  /** Tells all threads to stop, and counts what is left in their rings as lost: the directory that describes it is gone. */
  abandon(): void {
    this.stop();
    for (const [number, ring] of this.#rings) {
      try {
        ring.observe();
      } catch {
        // What its program has made of it counts as of the last look.
      }
      this.#context.ledger.noteRing(ring.totals(`${this.name}/${number}`));
    }
    this.close();
  }

  /** Closes all files; nothing is written or taken away. */
  close(): void {
    for (const ring of this.#rings.values()) ring.close();
    this.#rings.clear();
    this.#metadata?.close();
  }

  /** Opens the trace directory and its metadata once `process.json` is there. */
  #open(): boolean {
    if (this.#metadata !== undefined) return true;
    if (this.#description === undefined) {
      const path = join(this.#directory, PROCESS_FILE);
      if (!existsSync(path)) return false;
      if (this.#user !== undefined) checkProcessUser(this.#life.identity, this.#user);
      this.#description = parseProcess(readProgramFile(path, MOST_BYTES.process).toString('utf8'), path);
      this.#context.ledger.addProcess(this.name);
    }
    const description = this.#description;
    const traceDir = asUser(undefined, () => this.#makeTraceDir(description));
    const events = join(this.#directory, EVENTS_FOLDER);
    const header = withClockOffset(this.#description.header, this.#context.clockOffsetNs);
    const metadata = new MetadataWriter(join(traceDir, 'metadata'), header, events, {
      user: this.#user,
      writer: this.#context.writer,
    });
    try {
      metadata.update();
    } catch (error) {
      metadata.close();
      // A trace without metadata would keep babeltrace2 from reading those beside it.
      if (metadata.isEmpty)
        asUser(this.#context.writer, () => rmSync(join(traceDir, 'metadata'), { force: true }));
      throw error;
    }
    this.#metadata = metadata;
    this.#traceDir = traceDir;
    for (const ring of this.#rings.values()) ring.enter(traceDir, metadata);
    return true;
  }

  #makeTraceDir(description: ProcessDescription): string {
    const { outputDir, writer } = this.#context;
    const traceDir = join(outputDir, this.#place.choose(description, outputDir, writer));
    try {
      asUser(writer, () => ensureDirectory(traceDir));
    } catch (error) {
      throw outputError(traceDir, error);
    }
    return traceDir;
  }

  /** Whether one more ring is taken: programs of other users may have so many, for all of them share what there is. */
  #mayHaveRing(): boolean {
    if (this.#user === undefined || this.#context.allowance.take(this.#user)) return true;
    this.#statuses.say(`user ${this.#user.uid} has too many rings: further ones are not recorded`, true);
    return false;
  }

  /**
   * Does something with the rights that the user of the process has to files. Whatever they made of theirs is their
   * process's trouble, and nobody else's.
   * @throws SpoorError
   */
  #asUser<Result>(work: () => Result): Result {
    if (this.#user === undefined) return work();
    try {
      return asUser(this.#user, work);
    } catch (cause) {
      if (cause instanceof SpoorError) throw cause;
      const where = this.#directory;
      throw new SpoorError('process/unusable', 'its directory cannot be used', { where, cause });
    }
  }

  /** Does something with a ring; a ring that turns out to be damaged is given up, the others go on. */
  #guarded(number: number, ring: RingDrain, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof SpoorError) || isOutputError(error)) throw error;
      const text = `a thread's events end early: ${describeError(error)}`;
      this.#context.ledger.addFault(text);
      this.#context.onNote('error', text);
      this.#close(number, ring, false);
    }
  }

  /** @param isOver whether the ring's thread is gone, of a process that runs on. */
  #close(number: number, ring: RingDrain, isOver: boolean): void {
    this.#tellTooLarge(ring);
    this.#context.ledger.addRing(ring.totals(`${this.name}/${number}`));
    this.#closedBytes += ring.takeWrittenBytes();
    ring.remove(isOver);
    this.#rings.delete(number);
    if (this.#user !== undefined) this.#context.allowance.giveBack(this.#user);
    this.#finishedRings.add(number);
  }

  /** Says, once of each trace, that somebody has removed files that are being written. */
  #tellRemoved(): void {
    if (this.#isRemovalTold || this.#metadata === undefined) return;
    const isRemoved = this.#metadata.isRemoved || [...this.#rings.values()].some((ring) => ring.isRemoved);
    if (!isRemoved) return;
    this.#isRemovalTold = true;
    const { outputDir, ledger, onNote } = this.#context;
    // The same for all processes whose traces went together.
    const text = `${outputDir}: files were removed while they are recorded: what was in them is gone, and what comes until others are begun`;
    ledger.addFault(text);
    onNote('error', text);
  }

  #tellTooLarge(ring: RingDrain): void {
    const reason = ring.tooLargeReason;
    if (reason !== undefined) this.#statuses.say(reason, false);
  }

  #remove(): void {
    this.#context.ledger.addCounts(this.name, readProcessCounts(this.#directory));
    this.#metadata?.close();
    removeDirectory(this.#directory);
    asUser(undefined, () => this.#place.forget());
  }

  /** Whether a thread of this process, which runs, has ended: as far as its number says it here. */
  #isThreadOver(tid: number): boolean {
    return !this.#life.isForeign && !existsSync(`/proc/${this.#life.pid}/task/${tid}`);
  }
}

function listed(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
