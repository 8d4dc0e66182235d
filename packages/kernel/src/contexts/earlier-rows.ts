/**
 * Rows of tasks whose numbers have become those of others: what they did may be read later than the record of who was made
 * after them, which may lie in the ring of another processor. They lie behind the task table, in the same memory, a few for
 * each number; the oldest ones make room.
 */
import { taskBornAtWord, taskEndedAtWord, taskLookedAtWord, taskRowWords } from './task-row.ts';

/**
 * Records of a making that are closer are of the same one, for each channel has its own: no task begins, ends and leaves its
 * number to another in less.
 */
export const sameBirthNs = 50_000;

/** Numbers that are equal in the last bits share their rows: those of tasks are given one after the other. */
const setCount = 2048;
const rowsOfSet = 8;

/** Nobody looks for whose they are in a row of an earlier task: its number stands there. */
const numberWord = taskLookedAtWord;
/** When it ended is until when it had its number. */
const untilWord = taskEndedAtWord;

/** Words of all of them: a count for each set, and the rows. */
export const earlierWords: number = setCount * (1 + rowsOfSet * taskRowWords);

export class EarlierRows {
  private readonly words: Int32Array;
  private readonly times: Float64Array;
  private readonly begin: number;

  /** @param words whose last ones are these; `times` is the same memory. */
  constructor(words: Int32Array, times: Float64Array) {
    this.words = words;
    this.times = times;
    this.begin = words.length - earlierWords;
  }

  private countOf(tid: number): number {
    return this.begin + (tid & (setCount - 1));
  }

  private setOf(tid: number): number {
    return this.begin + setCount + (tid & (setCount - 1)) * rowsOfSet * taskRowWords;
  }

  /**
   * Where the row begins of whoever had a number at a time; 0 where nothing is known of it.
   * @param timeNs by the kernel's trace clock.
   */
  find(tid: number, timeNs: number): number {
    const { words, times } = this;
    if (words[this.countOf(tid)] === 0) return 0;
    const first = this.setOf(tid);
    let found = 0;
    let latestNs = -1;
    for (let row = first; row < first + rowsOfSet * taskRowWords; row += taskRowWords) {
      if (words[row + numberWord] !== tid) continue;
      const bornNs = times[(row + taskBornAtWord) / 2]!;
      if (bornNs <= latestNs || bornNs > timeNs + sameBirthNs) continue;
      if (times[(row + untilWord) / 2]! <= timeNs) continue;
      latestNs = bornNs;
      found = row;
    }
    return found;
  }

  /** Keeps a row of the table, whose task had a number until some time. */
  keep(tid: number, from: number, untilNs: number): void {
    const row = this.take(tid);
    this.words.copyWithin(row, from, from + taskRowWords);
    this.give(row, tid, untilNs);
  }

  /**
   * Makes a row in which nothing is but when its task began. It is found once it has been {@link give}n.
   * @returns where it begins.
   */
  make(tid: number, bornNs: number): number {
    const row = this.take(tid);
    this.words.fill(0, row, row + taskRowWords);
    this.times[(row + taskBornAtWord) / 2] = bornNs;
    return row;
  }

  /** A row is whole. @param untilNs when another task got its number, at the latest. */
  give(row: number, tid: number, untilNs: number): void {
    this.times[(row + untilWord) / 2] = untilNs;
    Atomics.store(this.words, row + numberWord, tid);
  }

  /** Takes the row that is oldest, of whoever it was; threads that do so at once take different ones. */
  private take(tid: number): number {
    const count = Atomics.add(this.words, this.countOf(tid), 1) >>> 0;
    const row = this.setOf(tid) + (count % rowsOfSet) * taskRowWords;
    Atomics.store(this.words, row + numberWord, 0);
    return row;
  }

  forget(): void {
    const { words, begin } = this;
    for (let set = 0; set < setCount; set += 1) {
      // Memory that was never written stays so.
      if (words[begin + set] === 0) continue;
      const first = this.setOf(set);
      words.fill(0, first, first + rowsOfSet * taskRowWords);
      words[begin + set] = 0;
    }
  }
}
