/**
 * What is known of each task (thread) of the machine, in columns by its number. The table lies in shared memory: the
 * workers of all processors keep and read the same one, so a task that one of them saw being made is known to the others.
 */

import { cloneIntoGroupHigh, cloneNewPid, cloneParent, cloneThread, namespaceFlags } from './clone-flags.ts';
import { idleRowOf, mostProcessors, writeIdleTask } from './idle-tasks.ts';
import type { TaskLives } from './task-lives.ts';
import {
  containerBytes,
  isUnsignedColumn,
  putText,
  taskBornAtWord,
  taskContainerWord,
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

/** In the row of number 0: whether records are read again that the table knows already. */
const replayWord = 29;

/**
 * Records of a making that are closer are of the same one, for each channel has its own: no task begins, ends and leaves its
 * number to another in less.
 */
export const sameBirthNs = 50_000;

/** What /proc says of when a task began is at most so long before it, and so is it from the record of its making. */
const startErrorNs = 30_000_000;

/** What is in the ring of another processor is not older. */
const youngNs = 2_000_000_000;

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
 * tasks, which have that number, have rows of their own behind all others, one a processor.
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
  /** The same memory, for times. */
  private readonly times: Float64Array;

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
      typeof from === 'number' ? new SharedArrayBuffer((from + mostProcessors) * taskRowWords * 4) : from;
    this.words = new Int32Array(this.memory);
    this.times = new Float64Array(this.memory);
    this.taskCount = this.words.length / taskRowWords - mostProcessors;
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

  /** Has the idle task of a processor in the table: call it before records of that processor are read. */
  enterIdle(cpu: number): void {
    const row = idleRowOf(this.taskCount, cpu);
    if (row > 0 && this.words[row + taskKnownWord] === taskKnowledge.nothing) {
      writeIdleTask(this.words, row, cpu);
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

  /** 0 where it is not known. @param cpu as in {@link rowOfRecord}. */
  get(tid: number, column: TaskColumn, cpu?: number): number {
    const word = this.words[this.rowOfRecord(tid, cpu) + taskWordOf(column)]!;
    return isUnsignedColumn(column) ? word >>> 0 : word;
  }

  private put(row: number, column: TaskColumn, value: number): void {
    this.words[row + taskWordOf(column)] = value;
  }

  set(tid: number, column: TaskColumn, value: number): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    this.put(row, column, value);
    if (this.words[row + taskKnownWord] !== taskKnowledge.lookedUp)
      this.words[row + taskKnownWord] = taskKnowledge.told;
  }

  /** Whether anything was said of a task since it began. */
  isKnown(tid: number): boolean {
    const row = this.rowOf(tid);
    const has = row < 0 ? taskKnowledge.nothing : this.words[row + taskKnownWord];
    return has === taskKnowledge.told || has === taskKnowledge.lookedUp;
  }

  /**
   * Whether what is known of a number is of a task that began at some time or later, or that is there now; else it is of an
   * earlier one, or nothing.
   * @param timeNs by the kernel's trace clock.
   */
  knowsSince(tid: number, timeNs: number): boolean {
    const row = this.rowOf(tid);
    const has = row < 0 ? taskKnowledge.nothing : this.words[row + taskKnownWord];
    if (has === taskKnowledge.lookedUp) return true;
    const bornNs = row < 0 ? 0 : this.times[(row + taskBornAtWord) / 2]!;
    return has === taskKnowledge.told && bornNs > 0 && bornNs > timeNs - sameBirthNs;
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

  /** Rings are read again and again, as flight recorders do: what they tell first may be older than what is known. */
  replay(): void {
    this.words[replayWord] = 1;
  }

  /**
   * Whether a record is of an earlier task of a number than the one that is known: rings of several processors are read in any
   * order, and who had a number before must not undo what is known of whoever has it now.
   * @param timeNs of the record, by the kernel's trace clock; 0 where it is not known.
   */
  isPast(tid: number, timeNs: number): boolean {
    if (!this.isKnown(tid) || timeNs === 0 || this.words[replayWord] !== 0) return false;
    return timeNs < this.times[(tid * taskRowWords + taskBornAtWord) / 2]!;
  }

  /** Whether a number was another task's a moment before. */
  private isYoung(tid: number, timeNs: number): boolean {
    if (!this.isKnown(tid)) return false;
    const sinceNs = timeNs - this.times[(tid * taskRowWords + taskBornAtWord) / 2]!;
    const isTold = this.words[tid * taskRowWords + taskKnownWord] === taskKnowledge.told;
    return sinceNs > (isTold ? sameBirthNs : startErrorNs) && sinceNs < youngNs;
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

  /** Name of a task, empty where it is not known. @param cpu as in {@link rowOfRecord}. */
  nameOf(tid: number, cpu?: number): string {
    return textOfWords(this.words, this.rowOfRecord(tid, cpu) + taskNameWord, taskNameBytes);
  }

  /**
   * Records that name a task may lie in the rings of two processors, and the later one be read first: that one counts.
   *
   * @param name at most 15 bytes of it are kept, as the kernel does.
   * @param timeNs of the record that says so, by the kernel's trace clock; 0 where it was found elsewhere.
   */
  setName(tid: number, name: Uint8Array, timeNs = 0): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
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

  /** The row of a task's process; that of the task itself where the process is not known. */
  private processRowOf(tid: number, cpu?: number): number {
    const row = this.rowOfRecord(tid, cpu);
    return Math.max(this.rowOf(this.words[row + taskWordOf('pid')]!), 0) || row;
  }

  /**
   * A process is in another control group.
   *
   * @param pid its number; what is said of a thread that is not its first one is kept, and read by nobody.
   * @param id of the group of version 2, in 32 bits; undefined: it has not changed.
   * @param container its id or name, empty for none; undefined: it has not changed.
   */
  setGroup(pid: number, id: number | undefined, container: string | undefined): void {
    const row = this.rowOf(pid);
    if (row < 0) return;
    if (id !== undefined) this.words[row + taskGroupWord] = id;
    if (container !== undefined) putText(this.words, row + taskContainerWord, containerBytes, container);
  }

  /** Id of the control group of a task's process, 0 where it is not known. @param cpu as in {@link rowOfRecord}. */
  groupOf(tid: number, cpu?: number): number {
    return this.words[this.processRowOf(tid, cpu) + taskGroupWord]! >>> 0;
  }

  /**
   * The beginning of the id or name of the container that a task's process is in, empty where it is in none.
   * @param cpu as in {@link rowOfRecord}.
   */
  containerOf(tid: number, cpu?: number): string {
    return textOfWords(this.words, this.processRowOf(tid, cpu) + taskContainerWord, containerBytes);
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
   * @returns false where the table has later news of the number: records of the task itself were read before, or that of its
   * making was, or that of a task that has the number since.
   */
  fork(parent: number, child: number, cloneFlags: number, timeNs = 0, cloneFlagsHigh = 0): boolean {
    const to = this.rowOf(child);
    if (to < 0) return true;
    // What whoever had the number did may be in another ring.
    if (this.settle !== undefined && this.isYoung(child, timeNs)) this.settle();
    if (this.isPast(child, timeNs) || this.wasAhead(to, child, timeNs) || this.isSameBirth(to, timeNs))
      return false;
    this.seek(parent, timeNs);
    // Who makes it may have been made on another processor, and be gone.
    if (this.finder !== undefined && this.mayBeTold(parent)) {
      this.settle?.();
      this.giveUp(parent);
    }
    // Its program may have been executed on another processor, whose ring was read first.
    const namedAtNs = this.times[(to + taskNamedAtWord) / 2]!;
    const isNamedSince = timeNs > 0 && namedAtNs > timeNs;
    const name = this.words.slice(to + taskNameWord, to + taskNameWord + taskNameBytes / 4);
    const from = this.rowOf(parent);
    // Other threads must not take it for whole before it is.
    this.words[to + taskKnownWord] = taskKnowledge.gone;
    if (from < 0) this.words.fill(0, to, to + taskKnownWord);
    else this.words.copyWithin(to, from, from + taskKnownWord);
    this.times[(to + taskNamedAtWord) / 2] = isNamedSince ? namedAtNs : 0;
    this.times[(to + taskBornAtWord) / 2] = timeNs;
    if (isNamedSince) this.words.set(name, to + taskNameWord);
    const isThread = (cloneFlags & cloneThread) !== 0;
    const parentPid = this.get(parent, 'pid');
    const ofParent = this.processRowOf(parent);
    this.words.copyWithin(
      to + taskGroupWord,
      ofParent + taskGroupWord,
      ofParent + taskContainerWord + containerBytes / 4,
    );
    this.put(to, 'pid', isThread ? parentPid : child);
    if (!isThread && (cloneFlags & cloneParent) === 0) {
      this.put(to, 'ppid', parentPid);
      this.put(to, 'vppid', this.get(parent, 'vpid'));
    }
    // In the first namespace the numbers are the same; in another only /proc knows them.
    const sameNumbers = this.get(parent, 'vtid') === parent;
    this.put(to, 'vtid', sameNumbers ? child : 0);
    if (!isThread) this.put(to, 'vpid', sameNumbers ? child : 0);
    let isApart = (cloneFlagsHigh & cloneIntoGroupHigh) !== 0;
    if (isApart) this.setGroup(child, 0, '');
    for (const [column, flag] of namespaceFlags) {
      if ((cloneFlags & flag) === 0) continue;
      this.put(to, column, 0);
      isApart = true;
    }
    if ((cloneFlags & cloneNewPid) !== 0) {
      this.put(to, 'vtid', 1);
      this.put(to, 'vpid', 1);
      this.put(to, 'vppid', 0);
    }
    this.words[to + taskKnownWord] = taskKnowledge.told;
    // A maker that has left its PID namespace says so nowhere: its next child begins the new one.
    if (!isThread || !sameNumbers) this.finder?.(this, child, isApart ? 'made-apart' : 'made', timeNs);
    return true;
  }

  /** Whether a task's making has been entered already: it lies in rings of several channels, and is collected before they are read. */
  private isSameBirth(row: number, timeNs: number): boolean {
    const bornNs = this.times[(row + taskBornAtWord) / 2]!;
    const isTold = bornNs > 0 && this.words[row + taskKnownWord] === taskKnowledge.told;
    return isTold && Math.abs(bornNs - timeNs) < sameBirthNs;
  }

  /** Whether what is known of a task that was made is of itself, looked up while its record lay in another ring. */
  private wasAhead(row: number, tid: number, timeNs: number): boolean {
    const { words, times } = this;
    if (words[row + taskKnownWord] !== taskKnowledge.lookedUp) return false;
    const bornAt = (row + taskBornAtWord) / 2;
    words[row + taskKnownWord] = taskKnowledge.told;
    // Another one had the number when it was looked up, or has it since.
    if (times[bornAt]! > 0 && timeNs > 0 && Math.abs(timeNs - times[bornAt]!) > startErrorNs) return false;
    const isThere = this.finder?.(this, tid, 'changed', timeNs) === true;
    if (!isThere && ((nowMs() - words[row + taskLookedAtWord]!) | 0) >= mostAheadMs) return false;
    times[bornAt] = timeNs;
    return true;
  }

  /** A task is gone; its number may be another's from now on. */
  free(tid: number): void {
    const row = this.rowOf(tid);
    if (row >= 0) this.words.fill(0, row, row + taskRowWords);
  }

  /** Nothing is known of any task but the idle ones: what happened to them was not recorded for a while. */
  forget(): void {
    const { words, taskCount } = this;
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
