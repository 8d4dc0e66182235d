/** Takes the rings of all processes of one session over into the trace on disk. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError, describeError } from '@spoor/base';
import { Ledger, type RecordingTotals, type RingTotals } from './ledger.ts';
import { type RecordingContext, ProcessTrace, describeOutputError, isOutputError } from './process-trace.ts';
import { finishRemovals } from './removal.ts';
import type { SessionDirectory } from './run-directory.ts';

/** The pause between two looks at the rings is within these bounds. */
const leastPauseMs = 1;
const mostPauseMs = 100;
/** No program fills its ring faster than this: the pause is chosen so that a sudden burst does not overrun a ring. */
const burstBytesPerMs = 400_000;
/** Part of the fullest ring that a look should find finished: less is a look too many, more is a risk. */
const wantedFullness = { least: 1 / 32, most: 1 / 16 };
/** From here on the next look comes at once. */
const pressingFullness = 1 / 2;
/** How often processes and threads are looked up in /proc. */
const settleEveryMs = 50;
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
  /** Whether rings in overwrite mode are written all along, and not at their end alone. */
  readonly drainsOverwrite?: boolean;
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
  #blockedUntilMs = 0;
  /** Written of processes that are over. */
  #droppedBytes = 0;

  /**
   * @throws SpoorError `session/…` when the session cannot be read.
   */
  constructor(
    session: SessionDirectory,
    onNote: RecordingContext['onNote'],
    { outputDir = session.readDescription().outputDir, drainsOverwrite = false }: ConsumerOptions = {},
  ) {
    finishRemovals(session.path);
    this.#session = session;
    this.#ledger = new Ledger(join(session.path, 'ledger.jsonl'));
    this.#context = { outputDir, ledger: this.#ledger, onNote, drainsOverwrite };
  }

  /**
   * Writes out what is finished in all rings.
   * @param nowMs of a clock that does not go back.
   * @returns after how many milliseconds to call again; 0 for at once.
   */
  poll(nowMs: number): number {
    if (nowMs < this.#blockedUntilMs) return retryEveryMs;
    const mustSettle = nowMs - this.#settledMs >= settleEveryMs;
    if (mustSettle) this.#settledMs = nowMs;
    let fullness = 0;
    let leastCapacityBytes = Infinity;
    this.#findProcesses();
    for (const [name, process] of this.#processes) {
      try {
        process.discover();
        fullness = Math.max(fullness, process.drain());
        if (mustSettle && process.settle()) this.#drop(name);
      } catch (error) {
        this.#tolerate(name, process, error);
        if (isOutputError(error)) this.#blockedUntilMs = nowMs + retryEveryMs;
      }
      leastCapacityBytes = Math.min(leastCapacityBytes, process.leastCapacityBytes ?? Infinity);
    }
    if (fullness >= pressingFullness) return 0;
    this.#pauseMs = nextPauseMs(this.#pauseMs, fullness, leastCapacityBytes);
    return this.#pauseMs;
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
    this.#findProcesses();
    for (const [name, process] of this.#processes) {
      try {
        process.discover();
        process.drain();
        if (process.settle()) this.#drop(name);
      } catch (error) {
        if (isOutputError(error)) throw error;
        this.#tolerate(name, process, error);
      }
    }
  }

  /**
   * Ends the current trace chunk: writes out what programs have handed over, closes the files and has `move` put them
   * where they belong. What comes afterwards goes to new ones.
   * @throws SpoorError `record/output`, and what `move` throws; the chunk goes on then.
   */
  changeChunk(move: () => string): void {
    this.drain();
    for (const process of this.#processes.values()) process.leaveChunk();
    this.#context.outputDir = move();
  }

  /** What was recorded so far, of rings that are open too. */
  totals(): RecordingTotals {
    const open: RingTotals[] = [];
    for (const [name, process] of this.#processes) {
      for (const ring of process.rings())
        open.push(ring.openTotals(`${name}/${ring.reader.header.ringNumber}`));
    }
    return this.#ledger.sum(open);
  }

  /** The processes that are being recorded. */
  processes(): Iterable<ProcessTrace> {
    return this.#processes.values();
  }

  /** Bytes that were written since this was asked last. */
  takeWrittenBytes(): number {
    let bytes = this.#droppedBytes;
    this.#droppedBytes = 0;
    for (const process of this.#processes.values()) bytes += process.takeWrittenBytes();
    return bytes;
  }

  #drop(name: string): void {
    this.#droppedBytes += this.#processes.get(name)?.takeWrittenBytes() ?? 0;
    this.#processes.delete(name);
  }

  /** Leaves everything as it is for another consumer. */
  close(): void {
    for (const process of this.#processes.values()) process.close();
    this.#processes.clear();
  }

  #findProcesses(): void {
    for (const name of this.#session.processDirectories()) {
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
