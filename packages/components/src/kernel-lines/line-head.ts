/** What stands before an event's own text: thread, processor, flags, time. As the kernel's file `trace` has it. */
import { contextLetters } from '@spoor/kernel';

/** A name of 15 bytes, its number of 7 digits, the processor, and what stands between; there is room for twice as much. */
const threadWords = 24;
/** Numbers of threads are less (PID_MAX_LIMIT). */
const mostThreads = 4_194_304;

const encoder = new TextEncoder();

/** Puts text into words; what is left of them is zero. @returns how many bytes the text has. */
function toWords(text: string, words: Int32Array, from: number, most: number): number {
  const bytes = encoder.encode(text).subarray(0, most * 4);
  words.fill(0, from, from + most);
  for (const [index, byte] of bytes.entries()) {
    words[from + (index >> 2)]! |= byte << ((index & 3) * 8);
  }
  return bytes.length;
}

/** The first part of a processor's lines, that of the thread which runs there. */
export class ThreadHead {
  /** `            name-1234    [001] `; up to three bytes of the last word are none of it. */
  words: Int32Array = new Int32Array(threadWords);
  length = 0;
  /** Whose part it is. */
  tid = -1;
  private readonly cpu: string;
  private readonly commands: ReadonlyMap<number, string>;
  /** What the parts of threads are that were here before. */
  private readonly known = new Map<number, { readonly words: Int32Array; readonly length: number }>();

  constructor(cpu: number, commands: ReadonlyMap<number, string>) {
    this.cpu = String(cpu).padStart(3, '0');
    this.commands = commands;
    this.change(0);
  }

  /** Another thread runs. */
  change(tid: number): void {
    let part = this.known.get(tid);
    if (part === undefined) {
      const name = (this.commands.get(tid) ?? '<...>').padStart(16);
      const words = new Int32Array(threadWords);
      const length = toWords(`${name}-${String(tid).padEnd(7)} [${this.cpu}] `, words, 0, threadWords);
      part = { words, length };
      if (this.known.size < mostThreads) this.known.set(tid, part);
    }
    this.words = part.words;
    this.length = part.length;
    this.tid = tid;
  }
}

/** By the common flags, and the depths times 256: five letters and the space behind them, in two words each. */
export class FlagLetters {
  readonly words: Int32Array = new Int32Array(65_536 * 2);

  /** Makes those of some flags, which are zero until then. */
  make(flags: number): void {
    toWords(`${contextLetters(flags & 255, flags >>> 8)} `, this.words, flags * 2, 2);
  }
}

/** The digits of 0 to 99, as they stand in memory when stored little-endian. */
const pairs = Uint16Array.from(
  { length: 100 },
  (_, value) => (48 + Math.floor(value / 10)) | ((48 + (value % 10)) << 8),
);

/** Times as seconds with microseconds, rounded as the kernel does, and `: ` behind them. */
export class LineTimes {
  private readonly originSeconds: number;
  /** Microseconds at which the present second begins. */
  private beginUs = -1e7;
  private readonly words = new Int32Array(6);
  private length = 0;

  /** @param originSeconds whole seconds that times are counted from. */
  constructor(originSeconds: number) {
    this.originSeconds = originSeconds;
  }

  /** @param timeNs since the origin. @returns the position behind it. */
  put(outView: DataView, pos: number, timeNs: number): number {
    const microseconds = Math.floor((timeNs + 500) / 1000);
    let fraction = microseconds - this.beginUs;
    if (!(fraction >= 0 && fraction < 1e6)) {
      const second = Math.floor(microseconds / 1e6);
      this.beginUs = second * 1e6;
      fraction = microseconds - this.beginUs;
      this.length = toWords(`${String(this.originSeconds + second).padStart(5)}.`, this.words, 0, 6);
    }
    const { words, length } = this;
    for (let done = 0; done < length; done += 4) outView.setInt32(pos + done, words[done >> 2]!, true);
    const at = pos + length;
    const upper = (fraction / 10_000) | 0;
    const rest = (fraction - upper * 10_000) | 0;
    const middle = (rest / 100) | 0;
    outView.setUint16(at, pairs[upper]!, true);
    outView.setUint16(at + 2, pairs[middle]!, true);
    outView.setUint16(at + 4, pairs[(rest - middle * 100) | 0]!, true);
    outView.setUint16(at + 6, 0x203a, true);
    return at + 8;
  }
}
