/**
 * What is known of each task (thread) of the machine, in columns by its number. The table lies in shared memory: the
 * workers of all processors keep and read the same one, so a task that one of them saw being made is known to the others.
 */

import { cloneThread } from './clone-flags.ts';
import { earlierWords, EarlierRows, sameBirthNs } from './earlier-rows.ts';
import { idleRowOf, mostProcessors, writeIdleTask } from './idle-tasks.ts';
import { inheritRow } from './inherit-row.ts';
import type { TaskLives } from './task-lives.ts';
import {
  containerBytes,
  isUnsignedColumn,
  putText,
  taskBornAtWord,
  taskContainerWord,
  taskEndedAtWord,
  taskGroupWord,
  taskKnowledge,
  taskKnownWord,
  taskLookedAtWord,
  taskNameBytes,
  taskNamedAtWord,
  taskNameWord,
  taskRowWords,
  taskWordOf,
  textOfWords,
  type TaskColumn,
} from './task-row.ts';

/** What /proc says of when a task began is at most so long before it, and so is it from the record of its making. */
const startErrorNs = 30_000_000;

/** Most of what a task does after the record of its end takes no longer. */
const lastWorkNs = 1_000_000;

/** Nothing does: events of its number are another's. */
const mostLastWorkNs = 2_000_000_000;

/** The record of a task's making comes at most so long after its events are written. */
const mostLateMs = 1000;

/** The record of a task's making comes at most so long after records of itself: later ones are another's. */
const mostAheadMs = 10_000;

/**
 * Why a task is looked for: nothing is known of it; it was made; so, with namespaces or a control group of its own; it
 * changed them; it was moved to another control group.
 */
export type LookReason = 'unknown' | 'made' | 'made-apart' | 'changed' | 'moved';

/**
 * Reads what the system says of a task now, and enters it. False where the task is gone, or where its number has become that
 * of a task that began after `timeNs`, by CLOCK_MONOTONIC: of when the record is that asks; 0 asks for whoever is there.
 */
export type TaskFinder = (table: TaskTable, tid: number, why: LookReason, timeNs: number) => boolean;

/** Has those who read the rings of other processors hand on what is there by now. */
export type Settler = () => void;

/**
 * The table. Rows of numbers beyond `taskCount` are not kept: they are as unknown. The row of number 0 tells nothing; the idle
 * tasks, which have that number, have rows of their own behind all others, one a processor; and behind these are rows of tasks
 * whose numbers are others' by now. What is asked for the time of a record is answered of whoever had the number then.
 */
export class TaskTable {
  /** All rows, for generated code. */
  readonly words: Int32Array;
  /** Hand this to a worker's `new TaskTable`. */
  readonly memory: SharedArrayBuffer;
  /** Greatest number of a task, plus one. */
  readonly taskCount: number;
  private readonly finder: TaskFinder | undefined;
  /** Where beginnings and ends of tasks are noted, if somebody follows them. */
  readonly lives: TaskLives | undefined;
  private readonly settle: Settler | undefined;
  /** The same memory, for times: of the row that begins at a word, `times[(row + taskBornAtWord) / 2]`. */
  readonly times: Float64Array;
  private readonly earlier: EarlierRows;

  /**
   * @param from the number of tasks (`/proc/sys/kernel/pid_max`), or the memory of another thread's table.
   * @param finder asked about tasks whose records are not enough, where the machine is the one that was recorded.
   * @param lives is told of beginnings and ends.
   * @param settle asked where another ring may tell more, if others are read meanwhile.
   */
  constructor(from: number | SharedArrayBuffer, finder?: TaskFinder, lives?: TaskLives, settle?: Settler) {
    this.finder = finder;
    this.settle = settle;
    this.lives = lives;
    // Memory that was never written takes no room: a table of 4 million tasks costs what the live ones do.
    this.memory =
      typeof from === 'number'
        ? new SharedArrayBuffer(((from + mostProcessors) * taskRowWords + earlierWords) * 4)
        : from;
    this.words = new Int32Array(this.memory);
    this.times = new Float64Array(this.memory);
    this.earlier = new EarlierRows(this.words, this.times);
    this.taskCount = (this.words.length - earlierWords) / taskRowWords - mostProcessors;
  }

  private rowOf(tid: number): number {
    return tid > 0 && tid < this.taskCount ? tid * taskRowWords : -1;
  }

  /**
   * Where the row begins that tells of the task of a record: that of number 0 where it is not known.
   * @param cpu whose record it is, for idle tasks; none is meant without.
   */
  rowOfRecord(tid: number, cpu = -1): number {
    return tid === 0 ? idleRowOf(this.taskCount, cpu) : Math.max(this.rowOf(tid), 0);
  }

  /**
   * Where the row begins of whoever had a number at a time. That of number 0 where only somebody is known who had it later.
   * @param timeNs by the kernel's trace clock; 0 means whoever had it last.
   * @param cpu as in {@link rowOfRecord}.
   */
  rowAt(tid: number, timeNs: number, cpu = -1): number {
    const row = this.rowOfRecord(tid, cpu);
    if (tid <= 0 || row === 0 || timeNs === 0) return row;
    if (this.isKnownRow(row)) return this.isBefore(row, timeNs) ? this.earlier.find(tid, timeNs) : row;
    return this.earlier.find(tid, timeNs) || row;
  }

  /** Whether a time is before the task of a row began. */
  private isBefore(row: number, timeNs: number): boolean {
    return timeNs < this.times[(row + taskBornAtWord) / 2]! - sameBirthNs;
  }

  /** Whether anything was said of the task of a row since it began. */
  isKnownRow(row: number): boolean {
    const has = this.words[row + taskKnownWord]!;
    return has === taskKnowledge.told || has === taskKnowledge.lookedUp || has <= taskKnowledge.toldEnded;
  }

  /** Whether what is known of the task of a row was looked up before the record of its making was read. */
  private isLookedUp(row: number): boolean {
    const has = this.words[row + taskKnownWord];
    return has === taskKnowledge.lookedUp || has === taskKnowledge.lookedUpEnded;
  }

  /** When the task of a row ended: 0 where it has not, as far as it is known. */
  endOf(row: number): number {
    const hasEnded = this.words[row + taskKnownWord]! <= taskKnowledge.toldEnded;
    return hasEnded ? this.times[(row + taskEndedAtWord) / 2]! : 0;
  }

  /** Whether the task of a row has ended so long before a time that an event of its number may be another's. */
  hasLeft(row: number, timeNs: number): boolean {
    const endedNs = this.endOf(row);
    return endedNs > 0 && timeNs > endedNs + lastWorkNs;
  }

  /**
   * Has the idle task of a processor in the table: call it before records of that processor are read.
   * @param name that it has, unless it has been entered already.
   */
  enterIdle(cpu: number, name = `swapper/${cpu}`): void {
    const row = idleRowOf(this.taskCount, cpu);
    if (row > 0 && this.words[row + taskKnownWord] === taskKnowledge.nothing) {
      writeIdleTask(this.words, row, cpu, name);
    }
  }

  /** The idle task of a processor is where another task is: in its namespaces, its control group and its container. */
  placeIdle(cpu: number, tid: number): void {
    this.enterIdle(cpu);
    const to = idleRowOf(this.taskCount, cpu);
    const from = this.rowOf(tid);
    if (to <= 0 || from < 0) return;
    const first = taskWordOf('cgroup_ns');
    this.words.copyWithin(to + first, from + first, from + taskNameWord);
  }

  /** 0 where it is not known. @param cpu and `timeNs` are as in {@link rowAt}. */
  get(tid: number, column: TaskColumn, cpu?: number, timeNs = 0): number {
    const word = this.words[this.rowAt(tid, timeNs, cpu) + taskWordOf(column)]!;
    return isUnsignedColumn(column) ? word >>> 0 : word;
  }

  private put(row: number, column: TaskColumn, value: number): void {
    this.words[row + taskWordOf(column)] = value;
  }

  set(tid: number, column: TaskColumn, value: number): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    this.put(row, column, value);
    if (!this.isKnownRow(row)) this.words[row + taskKnownWord] = taskKnowledge.told;
  }

  /** Whether anything was said of a task since it began. */
  isKnown(tid: number): boolean {
    const row = this.rowOf(tid);
    return row >= 0 && this.isKnownRow(row);
  }

  /**
   * Whether what is known of a number is of a task that began at some time or later, or that is there now; else it is of an
   * earlier one, or nothing.
   * @param timeNs by the kernel's trace clock.
   */
  knowsSince(tid: number, timeNs: number): boolean {
    const row = this.rowOf(tid);
    if (row < 0 || !this.isKnownRow(row)) return false;
    if (this.words[row + taskKnownWord] === taskKnowledge.lookedUp) return true;
    const bornNs = this.times[(row + taskBornAtWord) / 2]!;
    return bornNs > 0 && bornNs > timeNs - sameBirthNs;
  }

  /** When a task began, as far as /proc tells it: never later. @param timeNs by the kernel's trace clock. */
  setStart(tid: number, timeNs: number): void {
    const row = this.rowOf(tid);
    if (row >= 0) this.times[(row + taskBornAtWord) / 2] = timeNs;
  }

  /** When it began, as far as it is known: 0 where it is not. */
  startOf(tid: number): number {
    const row = this.rowOf(tid);
    return row < 0 ? 0 : this.times[(row + taskBornAtWord) / 2]!;
  }

  /**
   * Whether a record is of an earlier task of a number than the one that is known: rings of several processors are read in any
   * order, and who had a number before must not undo what is known of whoever has it now.
   * @param timeNs of the record, by the kernel's trace clock; 0 where it is not known.
   */
  isPast(tid: number, timeNs: number): boolean {
    return timeNs !== 0 && this.isKnown(tid) && this.isBefore(tid * taskRowWords, timeNs);
  }

  /** Whether tasks that are not known are looked for. */
  get canSeek(): boolean {
    return this.finder !== undefined;
  }

  /** Looks for a task of which nothing is known, once. @param timeNs of the record that is about it, if it is known. */
  seek(tid: number, timeNs = 0): void {
    const row = this.rowOf(tid);
    if (row < 0 || this.finder === undefined || this.words[row + taskKnownWord] !== taskKnowledge.nothing)
      return;
    if (this.finder(this, tid, 'unknown', timeNs)) {
      this.wasLookedUp(tid);
      return;
    }
    this.words[row + taskKnownWord] = taskKnowledge.gone;
    this.words[row + taskLookedAtWord] = nowMs();
  }

  /** Whether another ring may tell of a task of which nothing is known. */
  private mayBeTold(tid: number): boolean {
    const row = this.rowOf(tid);
    return row >= 0 && !this.isKnown(tid) && this.words[row + taskKnownWord] !== taskKnowledge.lost;
  }

  /** A task has been looked for again in vain: after a while it is no more. */
  giveUp(tid: number): void {
    const row = this.rowOf(tid);
    if (row < 0 || this.words[row + taskKnownWord] !== taskKnowledge.gone) return;
    const sinceMs = (nowMs() - this.words[row + taskLookedAtWord]!) | 0;
    if (sinceMs > mostLateMs) this.words[row + taskKnownWord] = taskKnowledge.lost;
  }

  /** What the table has of a task was read from /proc, perhaps before the record of its making. */
  wasLookedUp(tid: number): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    this.words[row + taskKnownWord] = taskKnowledge.lookedUp;
    this.words[row + taskLookedAtWord] = nowMs();
  }

  /**
   * A task has changed its users or namespaces: what it has now is looked up.
   * @param timeNs of the record that says so: who has got its number since is another.
   */
  refresh(tid: number, timeNs = 0): void {
    if (this.rowOf(tid) < 0 || this.finder === undefined) return;
    // The record of its making may lie in another ring yet: it must not undo this.
    if (this.isKnown(tid)) this.finder(this, tid, 'changed', timeNs);
    else if (this.finder(this, tid, 'unknown', timeNs)) this.wasLookedUp(tid);
  }

  /** Name of a task, empty where it is not known. @param cpu and `timeNs` are as in {@link rowAt}. */
  nameOf(tid: number, cpu?: number, timeNs = 0): string {
    return textOfWords(this.words, this.rowAt(tid, timeNs, cpu) + taskNameWord, taskNameBytes);
  }

  /**
   * Records that name a task may lie in the rings of two processors, and the later one be read first: that one counts. Whoever
   * had the number at the time is named.
   *
   * @param name at most 15 bytes of it are kept, as the kernel does.
   * @param timeNs of the record that says so, by the kernel's trace clock; 0 where it was found elsewhere.
   */
  setName(tid: number, name: Uint8Array, timeNs = 0): void {
    const row = this.rowAt(tid, timeNs);
    if (row <= 0) return;
    const timeAt = (row + taskNamedAtWord) / 2;
    if (timeNs > 0 && timeNs < this.times[timeAt]!) return;
    this.times[timeAt] = timeNs;
    const bytes = new Uint8Array(taskNameBytes);
    const end = name.indexOf(0);
    bytes.set(name.subarray(0, Math.min(taskNameBytes - 1, end < 0 ? name.length : end)));
    this.words.set(new Int32Array(bytes.buffer), row + taskNameWord);
    if (this.words[row + taskKnownWord] === taskKnowledge.nothing)
      this.words[row + taskKnownWord] = taskKnowledge.told;
  }

  /**
   * The row of the process of a task; that of the task itself where the process is not known.
   * @param row where that of the task begins.
   * @param timeNs as in {@link rowAt}.
   */
  processRowOf(row: number, timeNs: number): number {
    const pid = this.words[row + taskWordOf('pid')]!;
    return (pid > 0 ? this.rowAt(pid, timeNs) : 0) || row;
  }

  /**
   * A process is in another control group.
   *
   * @param pid its number; what is said of a thread that is not its first one is kept, and read by nobody.
   * @param id of the group of version 2, in 32 bits; undefined: it has not changed.
   * @param container its id or name, empty for none; undefined: it has not changed.
   * @param timeNs as in {@link rowAt}.
   */
  setGroup(pid: number, id: number | undefined, container: string | undefined, timeNs = 0): void {
    const row = this.rowAt(pid, timeNs);
    if (row <= 0) return;
    if (id !== undefined) this.words[row + taskGroupWord] = id;
    if (container !== undefined) putText(this.words, row + taskContainerWord, containerBytes, container);
  }

  /** Id of the control group of a task's process, 0 where it is not known. @param cpu and `timeNs` are as in {@link rowAt}. */
  groupOf(tid: number, cpu?: number, timeNs = 0): number {
    return this.groupIn(this.rowAt(tid, timeNs, cpu), timeNs);
  }

  /** The same of the task of a row. */
  groupIn(row: number, timeNs: number): number {
    return this.words[this.processRowOf(row, timeNs) + taskGroupWord]! >>> 0;
  }

  /**
   * The beginning of the id or name of the container that a task's process is in, empty where it is in none.
   * @param cpu and `timeNs` are as in {@link rowAt}.
   */
  containerOf(tid: number, cpu?: number, timeNs = 0): string {
    return this.containerIn(this.rowAt(tid, timeNs, cpu), timeNs);
  }

  /** The same of the task of a row. */
  containerIn(row: number, timeNs: number): string {
    return textOfWords(this.words, this.processRowOf(row, timeNs) + taskContainerWord, containerBytes);
  }

  /**
   * A process has been moved to another control group, whose container its record does not tell.
   * @param timeNs of that record.
   */
  lookForGroup(pid: number, timeNs: number): void {
    if (this.rowOf(pid) >= 0) this.finder?.(this, pid, 'moved', timeNs);
  }

  /**
   * A task was made: it has what its maker has, but for what the flags of `clone` say and its numbers.
   * @param timeNs of the record that says so.
   * @param cloneFlagsHigh the upper 32 bits of the flags.
   * @returns false where it is known already: records of the task itself were read before, or that of its making was.
   */
  fork(parent: number, child: number, cloneFlags: number, timeNs = 0, cloneFlagsHigh = 0): boolean {
    const present = this.rowOf(child);
    if (present < 0) return true;
    if (this.isPast(child, timeNs) ? this.isEarlier(child, timeNs) : this.isNotNew(present, child, timeNs))
      return false;
    this.seek(parent, timeNs);
    // Who makes it may have been made on another processor, and be gone.
    if (this.finder !== undefined && this.mayBeTold(parent)) {
      this.settle?.();
      this.giveUp(parent);
    }
    const made = { parent, child, cloneFlags, cloneFlagsHigh, timeNs };
    if (this.isPast(child, timeNs)) {
      // Whoever has the number now is another: nothing is to be looked up.
      const row = this.earlier.make(child, timeNs);
      inheritRow(this, row, made);
      this.earlier.give(row, child, this.startOf(child));
      return true;
    }
    this.begin(present, child, timeNs);
    const isApart = inheritRow(this, present, made);
    // A maker that has left its PID namespace says so nowhere: its next child begins the new one.
    const sameNumbers = this.get(child, 'vtid') === child;
    if ((cloneFlags & cloneThread) === 0 || !sameNumbers)
      this.finder?.(this, child, isApart ? 'made-apart' : 'made', timeNs);
    return true;
  }

  /** Has the row of a number be of a task that is made now; whoever had it before is kept. */
  private begin(row: number, tid: number, timeNs: number): void {
    const { words, times } = this;
    if (timeNs > 0 && this.isKnownRow(row)) this.earlier.keep(tid, row, timeNs);
    // Other threads must not take it for whole before it is.
    words[row + taskKnownWord] = taskKnowledge.gone;
    times[(row + taskBornAtWord) / 2] = timeNs;
    times[(row + taskEndedAtWord) / 2] = 0;
    // Its program may have been executed on another processor, whose ring was read first.
    const namedAt = (row + taskNamedAtWord) / 2;
    if (timeNs === 0 || times[namedAt]! <= timeNs) times[namedAt] = 0;
  }

  /** Whether the record of a making is of the task that the table has. */
  private isNotNew(row: number, tid: number, timeNs: number): boolean {
    return this.wasAhead(row, tid, timeNs) || this.isSameBirth(row, timeNs);
  }

  /** The same of a task whose number is another's by now. */
  private isEarlier(tid: number, timeNs: number): boolean {
    const row = this.earlier.find(tid, timeNs);
    if (row === 0) return false;
    const bornAt = (row + taskBornAtWord) / 2;
    const wasLookedUp = this.isLookedUp(row);
    const isSame = Math.abs(timeNs - this.times[bornAt]!) <= (wasLookedUp ? startErrorNs : sameBirthNs);
    if (isSame) this.words[row + taskKnownWord] = taskKnowledge.told;
    if (isSame && wasLookedUp) this.times[bornAt] = timeNs;
    return isSame;
  }

  /** Whether a task's making has been entered already: it lies in rings of several channels, and is collected before they are read. */
  private isSameBirth(row: number, timeNs: number): boolean {
    const bornNs = this.times[(row + taskBornAtWord) / 2]!;
    const isTold = bornNs > 0 && this.isKnownRow(row) && !this.isLookedUp(row);
    return isTold && Math.abs(bornNs - timeNs) < sameBirthNs;
  }

  /** Whether what is known of a task that was made is of itself, looked up while its record lay in another ring. */
  private wasAhead(row: number, tid: number, timeNs: number): boolean {
    const { words, times } = this;
    if (!this.isLookedUp(row)) return false;
    const bornAt = (row + taskBornAtWord) / 2;
    // Another one had the number when it was looked up, or has it since.
    if (times[bornAt]! > 0 && timeNs > 0 && Math.abs(timeNs - times[bornAt]!) > startErrorNs) return false;
    const isThere = this.finder?.(this, tid, 'changed', timeNs) === true;
    if (!isThere && ((nowMs() - words[row + taskLookedAtWord]!) | 0) >= mostAheadMs) return false;
    words[row + taskKnownWord] = this.endOf(row) > 0 ? taskKnowledge.toldEnded : taskKnowledge.told;
    times[bornAt] = timeNs;
    return true;
  }

  /** A task has ended; it works on for a moment. @param timeNs of the record that says so. */
  end(tid: number, timeNs: number): void {
    const row = this.rowOf(tid);
    if (row < 0 || !this.isKnownRow(row) || this.isBefore(row, timeNs) || this.endOf(row) > 0) return;
    this.times[(row + taskEndedAtWord) / 2] = timeNs;
    this.words[row + taskKnownWord] = this.isLookedUp(row)
      ? taskKnowledge.lookedUpEnded
      : taskKnowledge.toldEnded;
  }

  /** The number of a task that has ended is that of another one of the same process, which executes a program. */
  goOn(tid: number): void {
    const row = this.rowOf(tid);
    if (row >= 0 && this.endOf(row) > 0)
      this.words[row + taskKnownWord] = this.isLookedUp(row) ? taskKnowledge.lookedUp : taskKnowledge.told;
  }

  /** An event of a number is not told to be of anybody since who had it has ended: after a while that is not meant any more. */
  leave(tid: number, timeNs: number): void {
    const row = this.rowOf(tid);
    const endedNs = row < 0 ? 0 : this.endOf(row);
    if (endedNs > 0 && timeNs > endedNs + mostLastWorkNs) this.free(tid, endedNs + mostLastWorkNs);
  }

  /**
   * A task is gone; its number may be another's from now on.
   * @param untilNs until when it had it, by the kernel's trace clock: of what it did before it is still known then. 0 forgets it.
   */
  free(tid: number, untilNs = 0): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    if (untilNs > 0 && this.isKnownRow(row)) this.earlier.keep(tid, row, untilNs);
    this.words.fill(0, row, row + taskRowWords);
  }

  /** Nothing is known of any task but the idle ones: what happened to them was not recorded for a while. */
  forget(): void {
    const { words, taskCount } = this;
    this.earlier.forget();
    for (let row = 0; row < taskCount * taskRowWords; row += taskRowWords) {
      // Memory that was never written stays so.
      const isWritten =
        words[row + taskKnownWord] !== taskKnowledge.nothing ||
        words[row + taskGroupWord] !== 0 ||
        words[row + taskContainerWord] !== 0;
      if (isWritten) words.fill(0, row, row + taskRowWords);
    }
  }
}

/** Milliseconds in 32 bits: for differences. */
function nowMs(): number {
  return Date.now() | 0;
}
