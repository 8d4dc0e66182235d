/**
 * What threads that read rings beside each other ask of each other: to hand on what is in their rings by now. Rings are read in
 * any order; who meets something that another ring tells of has that one read before it goes on.
 */
import { ringBell } from '@spoor/sys';

/** Changed, and waiters woken, whenever something is asked for or answered. */
const changesWord = 0;
/** Of each thread, behind that. */
const wordsOfThread = { asked: 0, answered: 1, state: 2, count: 3 } as const;

const states = {
  /** It has no rings to read. */
  away: 0,
  /** It answers. */
  here: 1,
  /** It waits itself, and answers no sooner than it has gone on. */
  waiting: 2,
} as const;

/** Words for so many threads. */
export function peerWords(threadCount: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer((1 + threadCount * wordsOfThread.count) * 4));
}

/** The place of a thread among the others. */
export interface PeerPlace {
  /** Of {@link peerWords}. */
  readonly words: Int32Array;
  readonly index: number;
  /** Descriptors of all threads' bells; undefined where they have none, and cannot be woken. */
  readonly bells: readonly (number | undefined)[];
}

/**
 * In so long a time nobody waits for others more often than its own rings may be left alone in all: answers may be many and slow,
 * or one may have died.
 */
const spanMs = 100;

/** The others, of one thread. */
export class ReaderPeers {
  private readonly words: Int32Array;
  private readonly index: number;
  private readonly canWake: boolean;
  private readonly wake: (index: number) => void;
  private mostMs = 0;
  private isHere = false;
  /** When the time began of which {@link spentMs} has been waited. */
  private beganMs = 0;
  private spentMs = 0;

  /** @param wake has a thread that sleeps look at once. */
  constructor({ words, index, bells }: PeerPlace, wake = (other: number): void => ringBell(bells[other]!)) {
    this.canWake = !bells.includes(undefined);
    this.words = words;
    this.index = index;
    this.wake = wake;
  }

  private wordOf(index: number, word: Exclude<keyof typeof wordsOfThread, 'count'>): number {
    return 1 + index * wordsOfThread.count + wordsOfThread[word];
  }

  private set state(state: number) {
    Atomics.store(this.words, this.wordOf(this.index, 'state'), state);
  }

  private change(): void {
    Atomics.add(this.words, changesWord, 1);
    Atomics.notify(this.words, changesWord);
  }

  /**
   * This thread answers from now on.
   * @param mostMs for how long at most, within {@link spanMs}, it waits for answers itself, for its own rings fill meanwhile;
   * 0 asks nobody.
   */
  join(mostMs: number): void {
    this.mostMs = this.canWake ? mostMs : 0;
    this.isHere = true;
    this.state = states.here;
  }

  /** This thread has no rings to read: nobody waits for it. */
  leave(): void {
    this.isHere = false;
    this.state = states.away;
    this.answer(this.asked);
  }

  /**
   * Has the others hand on what is in their rings by now, and waits until they have; answers them meanwhile.
   * @param serve hands on what is in the rings of this thread.
   */
  settle(serve: () => void): void {
    this.wait((state) => state !== states.away, serve);
  }

  /** The same amid what it hands on itself, so that it cannot answer: others that cannot either are not waited for. */
  settleNow(): void {
    // Who has no rings, and may sleep for long after this, is not to be waited for.
    if (!this.isHere) return;
    // Whoever does this last sees who has done it before: they never wait for each other.
    this.state = states.waiting;
    this.wait((state) => state === states.here, undefined);
    this.state = states.here;
  }

  private wait(isAsked: (state: number) => boolean, serve: (() => void) | undefined): void {
    const { words, index } = this;
    const beganMs = performance.now();
    if (beganMs - this.beganMs >= spanMs) {
      this.beganMs = beganMs;
      this.spentMs = 0;
    }
    const untilMs = beganMs + this.mostMs - this.spentMs;
    if (untilMs - beganMs < 1) return;
    let waits: (readonly [answered: number, until: number])[] = [];
    for (let other = 0; this.wordOf(other, 'asked') < words.length; other += 1) {
      if (other === index || !isAsked(Atomics.load(words, this.wordOf(other, 'state')))) continue;
      waits.push([
        this.wordOf(other, 'answered'),
        (Atomics.add(words, this.wordOf(other, 'asked'), 1) + 1) | 0,
      ]);
      this.change();
      this.wake(other);
    }
    for (;;) {
      const changes = Atomics.load(words, changesWord);
      waits = waits.filter(([answered, until]) => ((Atomics.load(words, answered) - until) | 0) < 0);
      const leftMs = untilMs - performance.now();
      if (waits.length === 0 || leftMs <= 0) break;
      const { asked } = this;
      if (serve !== undefined && this.isAsked(asked)) {
        serve();
        this.answer(asked);
        continue;
      }
      Atomics.wait(words, changesWord, changes, leftMs);
    }
    this.spentMs += performance.now() - beganMs;
  }

  /** What has been asked for until now: all that is in the rings now is handed on for it, and then {@link answer}ed. */
  get asked(): number {
    return Atomics.load(this.words, this.wordOf(this.index, 'asked'));
  }

  /** Whether somebody waits. */
  isAsked(asked: number): boolean {
    return asked !== Atomics.load(this.words, this.wordOf(this.index, 'answered'));
  }

  /** @param asked what had been asked for before the rings were read. */
  answer(asked: number): void {
    if (Atomics.exchange(this.words, this.wordOf(this.index, 'answered'), asked) !== asked) this.change();
  }
}
