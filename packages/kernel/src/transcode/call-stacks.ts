/**
 * Call stacks of events. The kernel writes them as records of their own behind the event; {@link StackJoiner} puts them
 * before it, and here each waits for the event that follows it.
 */
import type { KernelEventFormat } from '../formats/event-format.ts';
import type { MetAddresses } from '../symbols/met-addresses.ts';

/** Whose calls. */
export type StackKind = 'kernel' | 'user';

/** No stack of a record has more. */
const mostFrames = 4096;

/** Addresses are of 64 bits, behind their number in 32. */
const frameBytes = 8;
const countBytes = 4;
/** Of `common_pid` in every record. */
const tidOffset = 4;

/** The stacks that wait for the next event. */
export class CallStacks {
  private readonly frames = {
    kernel: new Int32Array(mostFrames * 2),
    user: new Int32Array(mostFrames * 2),
  };
  private readonly counts = { kernel: 0, user: 0 };
  /** Where the last record of a stack ends in its page: they are of the event that follows there. */
  private endByte = -1;
  private readonly met: MetAddresses | undefined;

  /** @param met is told of every address. */
  constructor(met?: MetAddresses) {
    this.met = met;
  }

  /** Most bytes that a stack takes in an event. */
  static readonly mostBytes: number = countBytes + mostFrames * frameBytes;

  /** Reads the records of stacks; one that does nothing where fields are missing. */
  reader(
    format: KernelEventFormat,
    kind: StackKind,
  ): (view: DataView, bytes: Uint8Array, at: number, lengthBytes: number) => void {
    const caller = format.fields.find(({ name }) => name === 'caller');
    const size = format.fields.find(({ name }) => name === 'size');
    if (caller === undefined || (kind === 'kernel' && size === undefined)) return () => undefined;
    const { offsetBytes } = caller;
    const sizeOffset = kind === 'kernel' ? size?.offsetBytes : undefined;
    return (view, _bytes, at, lengthBytes) => {
      const { counts, met } = this;
      if (!this.isBehind(at)) {
        counts.kernel = 0;
        counts.user = 0;
      }
      const room = Math.trunc((lengthBytes - offsetBytes) / frameBytes);
      const said = sizeOffset === undefined ? room : view.getUint32(at + sizeOffset, true);
      const most = Math.max(0, Math.min(room, said, mostFrames));
      const frames = this.frames[kind];
      // Addresses of the kernel are the same for all.
      const tid = kind === 'kernel' ? 0 : view.getInt32(at + tidOffset, true);
      let count = 0;
      for (let index = 0; index < most; index += 1) {
        const low = view.getInt32(at + offsetBytes + index * frameBytes, true);
        const high = view.getInt32(at + offsetBytes + index * frameBytes + 4, true);
        // Stacks of programs are as long as the record, and zeros where they end before.
        if (kind === 'user' && low === 0 && high === 0) break;
        // What the kernel puts where it ends (ULONG_MAX).
        if (low === -1 && high === -1) break;
        frames[count * 2] = low;
        frames[count * 2 + 1] = high;
        met?.add(tid, low, high);
        count += 1;
      }
      counts[kind] = count;
      this.endByte = at + lengthBytes;
    };
  }

  /** Whether what is at a place follows the last stack: a head of one word or two lies between. */
  private isBehind(at: number): boolean {
    const gap = at - this.endByte;
    return gap === 4 || gap === 8;
  }

  /** Writes the stack of the event whose record is at a place; none where no stack lies before it. */
  write(kind: StackKind, at: number, outView: DataView, pos: number): number {
    const count = this.isBehind(at) ? this.counts[kind] : 0;
    const frames = this.frames[kind];
    outView.setUint32(pos, count, true);
    let place = pos + countBytes;
    for (let index = 0; index < count * 2; index += 1, place += 4) {
      outView.setInt32(place, frames[index]!, true);
    }
    return place;
  }

  /** Forgets them: another page comes, whose places are others. */
  clear(): void {
    this.endByte = -1;
  }
}
