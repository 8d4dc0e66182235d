/**
 * Addresses that call stacks of a recording have, each once: a table in shared memory, which all threads that read rings
 * put them into, and from which names are looked for when the recording ends.
 */

/** An address, and the thread whose it is: 0 for those of the kernel. */
export interface MetAddress {
  readonly tid: number;
  readonly low: number;
  readonly high: number;
}

const wordsOfSlot = 4;
const headWords = 2;
/** Words of the head: how many slots are taken; 1 once an address found no room. */
const countWord = 0;
const fullWord = 1;
/** States of a slot. */
const taken = 1;
const claimed = -1;
/** Slots, a power of two: 8 MiB. */
const usualSlots = 1 << 19;

/** The table. Threads add to it at the same time. */
export class MetAddresses {
  readonly memory: SharedArrayBuffer;
  private readonly words: Int32Array;
  private readonly mask: number;
  private readonly most: number;

  /** @param memory of a table that another thread made; a new one without. */
  constructor(memory: SharedArrayBuffer = MetAddresses.makeMemory(usualSlots)) {
    this.memory = memory;
    this.words = new Int32Array(memory);
    const slots = (this.words.length - headWords) / wordsOfSlot;
    this.mask = slots - 1;
    // Beyond that looking for a place becomes slow.
    this.most = Math.floor(slots * 0.75);
  }

  /** @param slots a power of two. */
  static makeMemory(slots: number): SharedArrayBuffer {
    return new SharedArrayBuffer((headWords + slots * wordsOfSlot) * 4);
  }

  /** Adds an address, if it is not there. Two threads that add one at the same time may both. */
  add(tid: number, low: number, high: number): void {
    const { words, mask } = this;
    let hash = Math.imul(low, 0x9e37_79b1) ^ Math.imul(high, 0x85eb_ca6b) ^ Math.imul(tid, 0xc2b2_ae35);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = headWords + slot * wordsOfSlot;
      const state = Atomics.load(words, at);
      if (state === taken) {
        if (words[at + 1] === tid && words[at + 2] === low && words[at + 3] === high) return;
        continue;
      }
      if (state === claimed) continue;
      if (words[countWord]! >= this.most) {
        Atomics.store(words, fullWord, 1);
        return;
      }
      // Who comes second looks at the next slot.
      if (Atomics.compareExchange(words, at, 0, claimed) !== 0) continue;
      words[at + 1] = tid;
      words[at + 2] = low;
      words[at + 3] = high;
      Atomics.add(words, countWord, 1);
      Atomics.store(words, at, taken);
      return;
    }
  }

  /** Whether an address found no room. */
  get isFull(): boolean {
    return Atomics.load(this.words, fullWord) === 1;
  }

  get size(): number {
    return Atomics.load(this.words, countWord);
  }

  *[Symbol.iterator](): Generator<MetAddress> {
    const { words } = this;
    for (let at = headWords; at < words.length; at += wordsOfSlot) {
      if (Atomics.load(words, at) !== taken) continue;
      yield { tid: words[at + 1]!, low: words[at + 2]!, high: words[at + 3]! };
    }
  }
}
