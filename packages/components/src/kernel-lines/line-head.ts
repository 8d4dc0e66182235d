/** What stands before an event's own text: thread, processor, flags, time. As the kernel's file `trace` has it. */
import { contextLetters } from '@spoor/kernel';
import { putMicroseconds } from './line-text.ts';
import { secondNs } from './second.ts';

/** Parts that are kept where they are found at once; of one processor, whose threads are few at a time. */
const slots = 512;
/** Doubles of eight bytes that a part has: a name of 15 bytes, numbers, letters; there is room for twice as much. */
const partWords = 14;
/** The same of a second: digits of 64 bits and a point. */
const secondWords = 3;
/** Names and numbers of threads, kept for all processors; more are made anew. */
const mostNames = 65_536;

const encoder = new TextEncoder();

/**
 * Puts text into words of eight bytes; what is left of them is zero. They are doubles because these are moved in one
 * instruction: none is NaN, of which bits might be lost, for that takes a byte above 0xf0 before one of 0x7f or 0xff,
 * which UTF-8 never has.
 * @returns how many bytes the text has.
 */
function toWords(text: string, words: Float64Array, from: number, most: number): number {
  const bytes = new Uint8Array(words.buffer, words.byteOffset + from * 8, most * 8);
  bytes.fill(0);
  return encoder.encodeInto(text, bytes).written;
}

/** The texts `            name-1234   ` of threads. */
export class ThreadNames {
  private readonly commands: ReadonlyMap<number, string>;
  private readonly known = new Map<number, string>();

  constructor(commands: ReadonlyMap<number, string>) {
    this.commands = commands;
  }

  of(tid: number): string {
    let name = this.known.get(tid);
    if (name === undefined) {
      name = `${(this.commands.get(tid) ?? '<...>').padStart(16)}-${String(tid).padEnd(7)}`;
      if (this.known.size < mostNames) this.known.set(tid, name);
    }
    return name;
  }
}

/** Writes the heads of a processor's lines. */
export class LineHead {
  /**
   * Where the present second begins, of which times are written in microseconds, rounded as the kernel does: half a
   * microsecond before it.
   */
  beginNs: number = Number.NEGATIVE_INFINITY;
  private readonly names: ThreadNames;
  private readonly originSeconds: number;
  private readonly cpu: string;
  /** By slots: the number of a thread, and its flags; and the text of both. */
  private readonly keys = new Int32Array(slots * 2).fill(-1);
  private readonly lengths = new Int32Array(slots);
  private readonly parts = new Float64Array(slots * partWords);
  private readonly second = new Float64Array(secondWords);
  private secondLength = 0;

  /** @param originSeconds whole seconds that times are counted from. */
  constructor(cpu: number, names: ThreadNames, originSeconds: number) {
    this.cpu = String(cpu).padStart(3, '0');
    this.names = names;
    this.originSeconds = originSeconds;
  }

  /** Goes to the second of a time. @returns nanoseconds since then, also of times that no double tells exactly. */
  enter(timeNs: number): number {
    const second = Math.floor((timeNs + 500) / secondNs);
    this.beginNs = second * secondNs - 500;
    const text = `${String(this.originSeconds + second).padStart(5)}.`;
    this.secondLength = toWords(text, this.second, 0, secondWords);
    return Math.max(0, Math.min(secondNs - 1, timeNs - this.beginNs));
  }

  private make(slot: number, tid: number, flags: number): void {
    const text = `${this.names.of(tid)} [${this.cpu}] ${contextLetters(flags & 255, flags >>> 8)} `;
    this.lengths[slot] = toWords(text, this.parts, slot * partWords, partWords);
    this.keys[slot * 2] = tid;
    this.keys[slot * 2 + 1] = flags;
  }

  /**
   * Writes one, up to the colon behind the time; what is behind it is overwritten.
   * @param flags the common flags, and the depths times 256.
   * @param sinceNs since the present second began, a whole number. @returns the position behind it.
   */
  put(outView: DataView, pos: number, tid: number, flags: number, sinceNs: number): number {
    const slot = (tid + flags * 11 + (flags >>> 6)) & (slots - 1);
    const { keys, parts, lengths, second, secondLength } = this;
    if (keys[slot * 2] !== tid || keys[slot * 2 + 1] !== flags) this.make(slot, tid, flags);
    const from = slot * partWords;
    // Five words are what nearly all have.
    outView.setFloat64(pos, parts[from]!, true);
    outView.setFloat64(pos + 8, parts[from + 1]!, true);
    outView.setFloat64(pos + 16, parts[from + 2]!, true);
    outView.setFloat64(pos + 24, parts[from + 3]!, true);
    outView.setFloat64(pos + 32, parts[from + 4]!, true);
    const length = lengths[slot]!;
    for (let done = 40; done < length; done += 8) {
      outView.setFloat64(pos + done, parts[from + (done >> 3)]!, true);
    }
    const at = pos + length;
    outView.setFloat64(at, second[0]!, true);
    for (let done = 8; done < secondLength; done += 8) {
      outView.setFloat64(at + done, second[done >> 3]!, true);
    }
    return putMicroseconds(outView, at + secondLength, (sinceNs / 1000) | 0);
  }
}
