/** Takes the rings of all processes of one session over into the trace on disk. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import type { ChannelDescription, SessionDescription } from '@spoor/ringbuffer';
import { regenerateMetadata } from './clock-offset.ts';
import { Ledger, type RecordingTotals, type RingTotals } from './ledger.ts';
import { describeOutputError, isOutputError } from './output-error.ts';
import { type RecordingContext, ProcessTrace } from './process-trace.ts';
import type { ProcessCounts } from './process-counts.ts';
import { RingAllowance } from './other-users.ts';
import { type FileUser, asUser } from '@spoor/sys';
import { finishRemovals } from './removal.ts';
import type { SessionDirectory } from './run-directory.ts';
import { UNLIMITED } from './stream-files.ts';
import { SwitchTimers } from './switch-timers.ts';

/** The pause between two looks at the rings is within these bounds. */
const leastPauseMs = 1;
const mostPauseMs = 100;
/** No program fills its ring faster than this: the pause is chosen so that a sudden burst does not overrun a ring. */
const burstBytesPerMs = 400_000;
/** Part of the fullest ring that a look should find finished: less is a look too many, more is a risk. */
const wantedFullness = { least: 1 / 32, most: 1 / 16 };
/** From here on the next look comes at once. */
const pressingFullness = 1 / 2;
/** How often processes and threads are looked up in /proc: where that takes long, for there are many, more seldom. */
const settleEvery = { leastMs: 50, mostMs: 2000, perCost: 100 };
/**
 * When a consumer sleeps that can be woken: so long after a ring was made or its thread has ended, which takes it some looks;
 * at once where sub-buffers are finished at least `seldomMs` apart, and after such a time else. How often it looks all the same.
 */
const sleepAfterMs = 250;
const seldomMs = 25;
const sleepMs = 500;
/** How long to wait before writing again after the disk refused. */
const retryEveryMs = 100;

/** What the consumer has to say at its end. */
export interface ConsumerResult {
  readonly totals: RecordingTotals;
  /** Whether every packet of every program is in the trace. */
  readonly complete: boolean;
}

/** How a consumer differs from that of `spoor record`. */
export interface ConsumerOptions {
  /** Where it writes to; by default where the session says. */
  readonly outputDir?: string;
  /** With whose rights, where not with those of this process. */
  readonly writer?: FileUser | undefined;
  /** Whether rings in overwrite mode are written all along, and not at their end alone. */
  readonly drainsOverwrite?: boolean;
  /** Whether its owner has programs' calls (`SwitchWaker`) handed over to `wake`, so that it may sleep. */
  readonly isWoken?: boolean;
}

/** Polls the rings of a session. Not started by itself: its owner calls `poll` after each pause, and `finish`. */
export class Consumer {
  readonly #session: SessionDirectory;
  readonly #context: RecordingContext;
  readonly #ledger: Ledger;
  readonly #processes: Map<string, ProcessTrace> = new Map();
  readonly #leftOut: Set<string> = new Set();
  #pauseMs = leastPauseMs;
  #settledMs = 0;
  #settleEveryMs = settleEvery.leastMs;
  /** What it took the last time. */
  #settleCostMs = 0;
  #blockedUntilMs = 0;
  readonly #isWoken: boolean;
  /** When a finished sub-buffer was found last. */
  #foundMs = -Infinity;
  /** Until when it does not sleep. */
  #awakeUntilMs = 0;
  /** Whether it was woken, and has not looked since. */
  #hasWoken = false;
  /** By name. */
  #channels: ReadonlyMap<string, ChannelDescription> = new Map();
  #timers = new SwitchTimers([]);
  /** Written of processes that are over. */
  #droppedBytes = 0;

  /**
   * @throws SpoorError `session/…` when the session cannot be read.
   */
  constructor(
    session: SessionDirectory,
    onNote: RecordingContext['onNote'],
    {
      outputDir = session.readDescription().outputDir,
      drainsOverwrite = false,
      isWoken = false,
      writer,
    }: ConsumerOptions = {},
  ) {
    finishRemovals(session.path);
    this.#isWoken = isWoken;
    this.#session = session;
    this.#ledger = new Ledger(join(session.path, 'ledger.jsonl'));
    this.#context = {
      outputDir,
      writer,
      ledger: this.#ledger,
      onNote,
      drainsOverwrite,
      limitsOf: (name) => {
        const { traceFileSizeBytes = 0, traceFileCount = 0 } = this.#channels.get(name) ?? UNLIMITED;
        return { traceFileSizeBytes, traceFileCount };
      },
      allowance: new RingAllowance(),
      held: new Set(),
      clockOffsetNs: undefined,
    };
  }

  /**
   * Takes over what the session asks of its channels now. A channel without rules records nothing: what is in its rings
   * from now on is dropped, whether or not programs know already.
   * @returns how many rings this could not be done with here: their threads have to hand over what they have.
   * @throws SpoorError `record/output`.
   */
  configure({ channels, clockOffsetNs }: Pick<SessionDescription, 'channels' | 'clockOffsetNs'>): number {
    this.#context.clockOffsetNs = clockOffsetNs;
    const held = new Set(channels.filter(({ rules }) => rules.length === 0).map(({ name }) => name));
    // A ring that appears meanwhile is of a program that knows the rules already.
    this.#context.held = new Set([...held].filter((name) => this.#context.held.has(name)));
    this.#channels = new Map(channels.map((channel) => [channel.name, channel]));
    this.#timers = new SwitchTimers(channels);
    const uncutCount = this.#withEach((process) => process.hold(held));
    this.#context.held = held;
    return uncutCount;
  }

  /**
   * Writes the metadata of the current trace chunk anew, with the clock's offset that it was configured with.
   * @throws SpoorError `record/output`.
   */
  regenerateMetadata(): void {
    this.#withEach((process) => {
      process.regenerateMetadata();
      return 0;
    });
    const { outputDir, clockOffsetNs, writer } = this.#context;
    const open = new Set([...this.#processes.values()].map(({ traceDir }) => traceDir));
    if (clockOffsetNs === undefined) return;
    asUser(writer, () => regenerateMetadata(outputDir, clockOffsetNs, (traceDir) => open.has(traceDir)));
  }

  /**
   * Writes out all that was committed before, without the programs.
   * @returns how many rings that could not be done with here: their threads have to hand over what they have.
   * @throws SpoorError `record/output`.
   */
  cut(): number {
    return this.#withEach((process) => process.cut());
  }

  /**
   * Writes out what is finished in all rings.
   * @param nowMs of a clock that does not go back.
   * @returns after how many milliseconds to call again; 0 for at once.
   */
  poll(nowMs: number): number {
    if (nowMs < this.#blockedUntilMs) return retryEveryMs;
    const mustSettle = nowMs - this.#settledMs >= this.#settleEveryMs;
    if (mustSettle) this.#settledMs = nowMs;
    const beganMs = performance.now();
    let fullness = 0;
    let isNews = false;
    let leastCapacityBytes = Infinity;
    this.#findProcesses(mustSettle);
    for (const [name, process] of this.#processes) {
      try {
        process.discover(mustSettle);
        fullness = Math.max(fullness, process.drain());
        if (process.takeClosed()) isNews = true;
        if (mustSettle && process.settle()) this.#drop(name);
      } catch (error) {
        this.#tolerate(name, process, error);
        if (isOutputError(error)) this.#blockedUntilMs = nowMs + retryEveryMs;
        // What could not be written is still to be.
        isNews = true;
      }
      leastCapacityBytes = Math.min(leastCapacityBytes, process.leastCapacityBytes ?? Infinity);
    }
    if (mustSettle && fullness === 0) this.#notSettledBefore(performance.now() - beganMs);
    this.#switchDue(nowMs);
    this.#stayAwake(nowMs, fullness > 0, isNews);
    if (fullness >= pressingFullness) return 0;
    if (fullness === 0 && nowMs >= this.#awakeUntilMs && this.#sleep()) {
      return this.#timers.pauseMs(sleepMs, nowMs);
    }
    this.#pauseMs = nextPauseMs(this.#pauseMs, fullness, leastCapacityBytes);
    return this.#timers.pauseMs(this.#pauseMs, nowMs);
  }

  /** A program has finished a sub-buffer, made a ring, or ended: the next looks come soon. */
  wake(): void {
    this.#hasWoken = true;
    this.#pauseMs = leastPauseMs;
  }

  /**
   * Puts sleep off after a look.
   * @param isFound whether it found a finished sub-buffer.
   * @param isNews whether there is something else that may want more looks.
   */
  #stayAwake(nowMs: number, isFound: boolean, isNews: boolean): void {
    const isCalled = this.#hasWoken && !isFound;
    this.#hasWoken = false;
    if (isNews || isCalled) this.#awakeUntilMs = nowMs + sleepAfterMs;
    if (!isFound) return;
    // To wake it costs a program some 10 µs: no more often than it would look by itself.
    if (nowMs - this.#foundMs < seldomMs) this.#awakeUntilMs = Math.max(this.#awakeUntilMs, nowMs + seldomMs);
    this.#foundMs = nowMs;
  }

  /** Whether all programs call when there is something to do, and nothing is there now. */
  #sleep(): boolean {
    if (!this.#isWoken) return false;
    let isDozing = false;
    for (const process of this.#processes.values()) {
      const state = process.sleep();
      if (state === 'awake') return false;
      isDozing ||= state === 'dozing';
    }
    // Those that were asked just now may have finished one right before: one more look from here.
    return !isDozing;
  }

  /** Cuts the rings of channels whose switch timer is due. */
  #switchDue(nowMs: number): void {
    const due = this.#timers.due(nowMs);
    if (due.size === 0) return;
    for (const [name, process] of this.#processes) {
      try {
        process.cut(due);
      } catch (error) {
        this.#tolerate(name, process, error);
        if (isOutputError(error)) this.#blockedUntilMs = nowMs + retryEveryMs;
      }
    }
  }

  /**
   * Ends the recording: programs stop, and everything they recorded so far is written.
   * @param isMoved whether streams may lie elsewhere than where they were written.
   */
  finish(isMoved: boolean = false): ConsumerResult {
    this.#session.end();
    this.#findProcesses();
    let complete = true;
    for (const [name, process] of this.#processes) {
      try {
        process.discover();
      } catch (error) {
        // Its rings were never opened, or not all of them: what they hold is lost.
        complete = false;
        this.#tolerate(name, process, error);
      }
      process.stop();
    }
    for (const process of this.#processes.values()) {
      if (!process.end()) complete = false;
    }
    this.#processes.clear();
    for (const path of isMoved ? [] : this.#ledger.damagedStreams()) {
      complete = false;
      this.#context.onNote('error', `${path} was removed or cut while it was recorded: its events are gone`);
    }
    for (const line of this.#ledger.uselessFilters()) this.#context.onNote('info', line);
    return { totals: this.#ledger.sum(), complete: complete && !this.#ledger.hasFaults };
  }

  /**
   * Writes out what programs have handed over so far.
   * @throws SpoorError `record/output`.
   */
  drain(): void {
    this.#withEach((process, name) => {
      process.drain();
      if (process.settle()) this.#drop(name);
      return 0;
    });
  }

  /**
   * Does something with each process, the rings that it made up to now included.
   * @returns the sum of the answers.
   * @throws SpoorError `record/output`.
   */
  #withEach(work: (process: ProcessTrace, name: string) => number): number {
    let sum = 0;
    this.#findProcesses();
    for (const [name, process] of this.#processes) {
      try {
        process.discover();
        sum += work(process, name);
      } catch (error) {
        if (isOutputError(error)) throw error;
        this.#tolerate(name, process, error);
      }
    }
    return sum;
  }

  /**
   * Ends the current trace chunk: writes out what was committed so far, closes the files and has `move` put them
   * where they belong. What comes afterwards goes to new ones.
   * @throws SpoorError `record/output`, and what `move` throws; the chunk goes on then.
   */
  changeChunk(move: () => string): void {
    this.cut();
    for (const process of this.#processes.values()) process.leaveChunk();
    this.#context.outputDir = move();
  }

  /** What was recorded so far, of rings that are open too. */
  totals(): RecordingTotals {
    const open: RingTotals[] = [];
    const counted: (readonly [string, ProcessCounts])[] = [];
    for (const [name, process] of this.#processes) {
      try {
        counted.push([name, process.counts()]);
      } catch (error) {
        this.#tolerate(name, process, error);
      }
      for (const ring of process.rings())
        open.push(ring.openTotals(`${name}/${ring.reader.header.ringNumber}`));
    }
    return this.#ledger.sum(open, counted);
  }

  /** Events that were lost in rings of threads that are over, by channel. */
  lostOfEnded(): Readonly<Record<string, number>> {
    const open = [...this.#processes].flatMap(([name, process]) =>
      [...process.rings()].map((ring) => `${name}/${ring.reader.header.ringNumber}`),
    );
    return this.#ledger.lostOfEnded(new Set(open));
  }

  /** The processes that are being recorded, those that joined a moment ago too. */
  processes(): Iterable<ProcessTrace> {
    this.#findProcesses();
    return this.#processes.values();
  }

  /** Bytes that were written since this was asked last. */
  takeWrittenBytes(): number {
    let bytes = this.#droppedBytes;
    this.#droppedBytes = 0;
    for (const process of this.#processes.values()) bytes += process.takeWrittenBytes();
    return bytes;
  }

  /** Chooses when to settle next, after a look that found nothing took so long; one that was held up does not count. */
  #notSettledBefore(costMs: number): void {
    const { leastMs, mostMs, perCost } = settleEvery;
    const wantedMs = perCost * Math.min(costMs, this.#settleCostMs);
    this.#settleCostMs = costMs;
    this.#settleEveryMs = Math.min(Math.max(wantedMs, leastMs), mostMs);
  }

  #drop(name: string): void {
    this.#droppedBytes += this.#processes.get(name)?.takeWrittenBytes() ?? 0;
    this.#processes.delete(name);
  }

  /** Ends the recording of a session whose directory somebody has removed: programs stop, what is not written yet is lost. */
  abandon(): void {
    for (const process of this.#processes.values()) process.abandon();
    this.#processes.clear();
  }

  /** Leaves everything as it is for another consumer. */
  close(): void {
    for (const process of this.#processes.values()) process.close();
    this.#processes.clear();
  }

  /** @param isThorough whether to look for programs of other users, too. */
  #findProcesses(isThorough: boolean = true): void {
    const session = this.#session;
    for (const name of isThorough ? session.processDirectories() : session.ownProcessDirectories()) {
      if (!this.#processes.has(name) && !this.#leftOut.has(name)) {
        this.#processes.set(name, new ProcessTrace(this.#session.path, name, this.#context));
      }
    }
  }

  /** Tells of an error that the recording survives; a process whose directory cannot be read is left out. */
  #tolerate(name: string, process: ProcessTrace, error: unknown): void {
    if (isOutputError(error)) {
      this.#context.onNote('error', describeOutputError(error));
      return;
    }
    if (!(error instanceof SpoorError)) throw error;
    const text = `process ${name} is not recorded: ${describeError(error)}`;
    this.#ledger.addFault(text);
    this.#context.onNote('error', text);
    process.close();
    this.#processes.delete(name);
    this.#leftOut.add(name);
  }
}

/**
 * How long to wait after a pause of `pauseMs` that let the fullest ring become `fullness` full: a look costs more than
 * the packet that it finds may, but never so long that a sudden burst fills the smallest ring.
 */
export function nextPauseMs(pauseMs: number, fullness: number, leastCapacityBytes: number): number {
  const ceilingMs = Math.min(mostPauseMs, Math.max(leastPauseMs, leastCapacityBytes / burstBytesPerMs));
  const { least, most } = wantedFullness;
  const wantedMs = fullness > most ? pauseMs / 2 : fullness < least ? pauseMs * 1.5 : pauseMs;
  return Math.min(Math.max(wantedMs, leastPauseMs), ceilingMs);
}

/** Whether the place that a session writes to is still there. */
export function hasOutput(session: SessionDirectory): boolean {
  return existsSync(session.readDescription().outputDir);
}
