/**
 * When tasks began and ended, as their records say: in shared memory, for whoever follows a command beside the threads that
 * read the rings.
 */
export class TaskLives {
  /** Hand this to a worker's `new TaskLives`. */
  readonly memory: SharedArrayBuffer;
  private readonly taskCount: number;
  private readonly bornNs: Float64Array;
  private readonly diedNs: Float64Array;
  /** A bit a task that was born since the last look. */
  private readonly fresh: Int32Array;

  /** @param from the number of tasks, or the memory of another thread's. */
  constructor(from: number | SharedArrayBuffer) {
    // Two times and a bit each; memory that was never written takes no room.
    this.memory =
      typeof from === 'number'
        ? new SharedArrayBuffer(Math.ceil(from / 32) * 32 * 16 + Math.ceil(from / 32) * 4)
        : from;
    const words = Math.floor(this.memory.byteLength / (32 * 16 + 4));
    this.taskCount = words * 32;
    this.bornNs = new Float64Array(this.memory, 0, this.taskCount);
    this.diedNs = new Float64Array(this.memory, this.taskCount * 8, this.taskCount);
    this.fresh = new Int32Array(this.memory, this.taskCount * 16, words);
  }

  /** A task began. @param timeNs by the clock of records. */
  born(tid: number, timeNs: number): void {
    if (tid <= 0 || tid >= this.taskCount || timeNs < this.bornNs[tid]!) return;
    this.bornNs[tid] = timeNs;
    Atomics.or(this.fresh, tid >>> 5, 1 << (tid & 31));
  }

  /** A task ended, or left its number. */
  died(tid: number, timeNs: number): void {
    if (tid <= 0 || tid >= this.taskCount || timeNs < this.diedNs[tid]!) return;
    this.diedNs[tid] = timeNs;
  }

  /** When the task that has this number now, or had it last, began. */
  birthNs(tid: number): number {
    return this.bornNs[tid]!;
  }

  /** Whether nothing has told of the end of the last task of this number. Rings are read in any order. */
  isAlive(tid: number): boolean {
    return this.bornNs[tid]! > this.diedNs[tid]!;
  }

  /** Numbers of the tasks that began since the last call. */
  takeFresh(): readonly number[] {
    const tids: number[] = [];
    for (let word = 0; word < this.fresh.length; word += 1) {
      if (this.fresh[word] === 0) continue;
      const bits = Atomics.exchange(this.fresh, word, 0);
      for (let bit = 0; bit < 32; bit += 1) if ((bits & (1 << bit)) !== 0) tids.push(word * 32 + bit);
    }
    return tids;
  }
}
