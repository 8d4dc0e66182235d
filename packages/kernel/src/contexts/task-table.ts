/**
 * What is known of each task (thread) of the machine, in columns by its number. The table lies in shared memory: the
 * workers of all processors keep and read the same one, so a task that one of them saw being made is known to the others.
 */

/** Columns of 32 bits. Namespaces are inode numbers; 0 is "not known" in all. */
export const taskColumns = [
  'pid',
  'ppid',
  'vtid',
  'vpid',
  'vppid',
  'prio',
  'uid',
  'euid',
  'suid',
  'gid',
  'egid',
  'sgid',
  'cgroup_ns',
  'ipc_ns',
  'mnt_ns',
  'net_ns',
  'pid_ns',
  'time_ns',
  'user_ns',
  'uts_ns',
] as const;

/** One of the columns. */
export type TaskColumn = (typeof taskColumns)[number];

/** Bytes of a task's name, the NUL behind it included (TASK_COMM_LEN). */
export const taskNameBytes = 16;

const rowWords = 32;
const nameWord = 24;
const knownWord = 28;

/** Flags of `clone(2)` that decide what a new task shares with its maker. */
const cloneThread = 0x0001_0000;
const cloneParent = 0x0000_8000;

/** Where a column lies: `(tid * taskRowWords) + taskWordOf(column)`. */
export function taskWordOf(column: TaskColumn): number {
  return taskColumns.indexOf(column);
}

/** Words of a row. */
export const taskRowWords: number = rowWords;

/** Where the name of a task lies in its row. */
export const taskNameWord: number = nameWord;

/** The table. Rows of numbers beyond `taskCount` are not kept: they are as unknown. */
export class TaskTable {
  /** All rows, for generated code. */
  readonly words: Int32Array;
  /** Hand this to a worker's `new TaskTable`. */
  readonly memory: SharedArrayBuffer;
  /** Greatest number of a task, plus one. */
  readonly taskCount: number;

  /** @param from the number of tasks (`/proc/sys/kernel/pid_max`), or the memory of another thread's table. */
  constructor(from: number | SharedArrayBuffer) {
    // Memory that was never written takes no room: a table of 4 million tasks costs what the live ones do.
    this.memory = typeof from === 'number' ? new SharedArrayBuffer(from * rowWords * 4) : from;
    this.words = new Int32Array(this.memory);
    this.taskCount = this.words.length / rowWords;
  }

  private rowOf(tid: number): number {
    return tid > 0 && tid < this.taskCount ? tid * rowWords : -1;
  }

  /** 0 where it is not known. */
  get(tid: number, column: TaskColumn): number {
    const row = this.rowOf(tid);
    return row < 0 ? 0 : this.words[row + taskWordOf(column)]!;
  }

  set(tid: number, column: TaskColumn, value: number): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    this.words[row + taskWordOf(column)] = value;
    this.words[row + knownWord] = 1;
  }

  /** Whether anything was said of a task since it began. */
  isKnown(tid: number): boolean {
    const row = this.rowOf(tid);
    return row >= 0 && this.words[row + knownWord] !== 0;
  }

  /** Name of a task, empty where it is not known. */
  nameOf(tid: number): string {
    const row = this.rowOf(tid);
    if (row < 0) return '';
    const bytes = new Uint8Array(taskNameBytes);
    new Int32Array(bytes.buffer).set(this.words.subarray(row + nameWord, row + nameWord + taskNameBytes / 4));
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** @param name at most 15 bytes of it are kept, as the kernel does. */
  setName(tid: number, name: Uint8Array): void {
    const row = this.rowOf(tid);
    if (row < 0) return;
    const bytes = new Uint8Array(taskNameBytes);
    const end = name.indexOf(0);
    bytes.set(name.subarray(0, Math.min(taskNameBytes - 1, end < 0 ? name.length : end)));
    this.words.set(new Int32Array(bytes.buffer), row + nameWord);
    this.words[row + knownWord] = 1;
  }

  /** A task was made: it has what its maker has, but for what the flags of `clone` say and its numbers. */
  fork(parent: number, child: number, cloneFlags: number): void {
    const to = this.rowOf(child);
    if (to < 0) return;
    const from = this.rowOf(parent);
    if (from < 0) this.words.fill(0, to, to + rowWords);
    else this.words.copyWithin(to, from, from + rowWords);
    const isThread = (cloneFlags & cloneThread) !== 0;
    const parentPid = this.get(parent, 'pid');
    this.set(child, 'pid', isThread ? parentPid : child);
    if (!isThread && (cloneFlags & cloneParent) === 0) {
      this.set(child, 'ppid', parentPid);
      this.set(child, 'vppid', this.get(parent, 'vpid'));
    }
    // In the first namespace the numbers are the same; in another only /proc knows them.
    const sameNumbers = this.get(parent, 'vtid') === parent;
    this.set(child, 'vtid', sameNumbers ? child : 0);
    if (!isThread) this.set(child, 'vpid', sameNumbers ? child : 0);
  }

  /** A task is gone; its number may be another's from now on. */
  free(tid: number): void {
    const row = this.rowOf(tid);
    if (row >= 0) this.words.fill(0, row, row + rowWords);
  }
}
