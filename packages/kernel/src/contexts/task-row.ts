/** How what is known of a task lies in its row of the task table: words of 32 bits, which all threads share. */

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

const unsignedColumns: ReadonlySet<TaskColumn> = new Set(
  taskColumns.filter((column) => /_ns$|uid$|gid$/.test(column)),
);

/** Whether the numbers of a column are from 0 on: those of namespaces are beyond 2^31 on every machine. */
export function isUnsignedColumn(column: TaskColumn): boolean {
  return unsignedColumns.has(column);
}

/** Numbers of tasks are less, of any machine (PID_MAX_LIMIT of 64-bit kernels). */
export const mostTasks = 4_194_304;

/** Bytes of a task's name, the NUL behind it included (TASK_COMM_LEN). */
export const taskNameBytes = 16;

/** Where a column lies: `(tid * taskRowWords) + taskWordOf(column)`. */
export function taskWordOf(column: TaskColumn): number {
  return taskColumns.indexOf(column);
}

/** Words of a row. */
export const taskRowWords = 36;

/** Where the id of a process's control group lies, behind the columns, in the row of its first thread. */
export const taskGroupWord = 20;

/** Where the container's id or name lies there: {@link containerBytes}. */
export const taskContainerWord = 21;

/** Where the name of a task lies in its row. */
export const taskNameWord = 24;

/** Where 0 and what is less mean that a task has to be looked for: one of {@link taskKnowledge}. */
export const taskKnownWord = 28;

/** When it was last looked for, in milliseconds. */
export const taskLookedAtWord = 29;

/** Two words each, numbers of 64 bits: since when a task has its name, when it began, and when it ended, if it has. */
export const taskNamedAtWord = 30;
export const taskBornAtWord = 32;
export const taskEndedAtWord = 34;

/** Characters of a container's id or name that are kept: as many digits as Docker shows. */
export const containerBytes = 12;

/** What the table has of a task. */
export const taskKnowledge = {
  nothing: 0,
  /** What records told, or what was there when recording began. */
  told: 1,
  /** What /proc said before the record of its making was read: that is in the ring of another processor. */
  lookedUp: 2,
  /** Nothing, and nobody can tell any more. */
  lost: 3,
  /** Nothing, and /proc has nothing either; the record of its making may come yet. */
  gone: -1,
  /** As {@link told} and {@link lookedUp}; and it has ended, so that what comes may be of who has its number next. */
  toldEnded: -2,
  lookedUpEnded: -3,
} as const;

/** Text of a row, up to the first NUL. */
export function textOfWords(words: Int32Array, at: number, lengthBytes: number): string {
  const bytes = new Uint8Array(lengthBytes);
  new Int32Array(bytes.buffer).set(words.subarray(at, at + lengthBytes / 4));
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Puts text into a row, as much of it as there is room for. */
export function putText(words: Int32Array, at: number, lengthBytes: number, text: string): void {
  const bytes = new Uint8Array(lengthBytes);
  new TextEncoder().encodeInto(text, bytes);
  words.set(new Int32Array(bytes.buffer), at);
}
