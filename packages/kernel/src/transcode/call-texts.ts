/**
 * Texts that system calls are given. A probe just before a call is made records the text, the number of the call and the
 * address of the text; the entry of the call, which is the next of that thread, takes the text of its address.
 */
import type { KernelEventFormat } from '../formats/event-format.ts';

/** A text that was read before its call began. */
interface PendingText {
  readonly low: number;
  readonly high: number;
  readonly bytes: Uint8Array;
}

/** Fields of the probes. */
export const callTextFields = { address: 'at', text: 'text' } as const;

/** No call has more texts; older ones are of calls that were lost. */
const mostTexts = 4;
/** More threads than this have not made their calls only after losses. */
const mostThreads = 65_536;

/** Offset of the number of the task in records. */
const tidOffset = 4;

/** What is waiting for its call, by thread. */
export class CallTexts {
  private readonly pending = new Map<number, PendingText[]>();
  /** Calls whose text nobody read. */
  missingCount = 0;

  /** Reads the records of the probes; one that does nothing where fields are missing. */
  reader(
    format: KernelEventFormat,
  ): (view: DataView, bytes: Uint8Array, at: number, lengthBytes: number) => void {
    const address = format.fields.find(({ name }) => name === callTextFields.address);
    const text = format.fields.find(({ name }) => name === callTextFields.text);
    if (address === undefined || text?.shape.kind !== 'dynamic') return () => undefined;
    const addressOffset = address.offsetBytes;
    const textOffset = text.offsetBytes;
    const base = text.shape.relative ? textOffset + 4 : 0;
    return (view, bytes, at, lengthBytes) => {
      const place = view.getUint32(at + textOffset, true);
      const begin = base + (place & 0xffff);
      const length = place >>> 16;
      // What the kernel could not read has no bytes, not even the NUL of an empty text.
      if (length === 0 || begin + length > lengthBytes) return;
      const end = bytes.indexOf(0, at + begin);
      const stop = at + begin + length;
      this.add(
        view.getInt32(at + tidOffset, true),
        view.getInt32(at + addressOffset, true),
        view.getInt32(at + addressOffset + 4, true),
        bytes.slice(at + begin, end < 0 || end > stop ? stop : end),
      );
    };
  }

  private add(tid: number, low: number, high: number, bytes: Uint8Array): void {
    let texts = this.pending.get(tid);
    if (texts === undefined) {
      if (this.pending.size >= mostThreads) this.pending.clear();
      texts = [];
      this.pending.set(tid, texts);
    }
    const known = texts.findIndex((text) => text.low === low && text.high === high);
    if (known >= 0) texts.splice(known, 1);
    else if (texts.length === mostTexts) texts.shift();
    texts.push({ low, high, bytes });
  }

  /** The text at an address, for the call that a thread is about to make. */
  find(tid: number, low: number, high: number): Uint8Array | undefined {
    const texts = this.pending.get(tid);
    if (texts === undefined) return undefined;
    for (const text of texts) if (text.low === low && text.high === high) return text.bytes;
    return undefined;
  }

  /**
   * Writes a text and a NUL: nothing but that where it was not read.
   * @param isLast whether the call has no further text: all of the thread are forgotten.
   * @returns where the next field begins.
   */
  write(tid: number, low: number, high: number, isLast: boolean, out: Uint8Array, pos: number): number {
    const text = this.find(tid, low, high);
    if (isLast) this.pending.delete(tid);
    if (text === undefined) {
      // No text at all was given.
      if (low !== 0 || high !== 0) this.missingCount += 1;
      out[pos] = 0;
      return pos + 1;
    }
    out.set(text, pos);
    out[pos + text.length] = 0;
    return pos + text.length + 1;
  }

  /** Forgets all: what was lost may have been calls that texts are waiting for. */
  clear(): void {
    this.pending.clear();
  }
}
