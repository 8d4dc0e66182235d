/**
 * The memory that threads share which print text together. One thread merges and hands out batches; a helper has a few
 * slots, each with room for one batch, for where the packets of its rows lie, and for the text that becomes of it.
 * Whose turn it is with a slot, its state says:
 *
 *     free ─(a batch was put in)→ ready ─(it was printed)→ done ─(the text was written)→ free
 *                                   ↑ └─(the text has no more room)→ part ─┐
 *                                   └────────(that much was written)───────┘
 *
 * `failed` stands for `done` where printing threw; the text is then the error as JSON. `end` stands for `ready` when
 * there will be no more. Slots of a helper are used in turn.
 */

import { batchCapacity } from '@spoor/ctf';

export const slotState = { free: 0, ready: 1, part: 2, done: 3, failed: 4, end: 5 } as const;

/** Indexes into `PrintSlot.control`. */
export const slotField = { state: 0, count: 1, textBytes: 2 } as const;

/** Room for one batch and its text. */
export interface PrintSlot {
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Time of the event before the first, in nanoseconds after the base; NaN where there is none. */
  readonly lastNs: Float64Array<SharedArrayBuffer>;
  readonly streamIndex: Int32Array<SharedArrayBuffer>;
  readonly classIndex: Int32Array<SharedArrayBuffer>;
  readonly timeNs: Float64Array<SharedArrayBuffer>;
  readonly offsetBits: Int32Array<SharedArrayBuffer>;
  /** Of each stream the number of the source and the byte at which its packet begins; -1 for none. */
  readonly places: Float64Array<SharedArrayBuffer>;
  readonly text: Uint8Array<SharedArrayBuffer>;
}

export const helperState = { starting: 0, ready: 1, unfit: 2 } as const;

/** What one helper shares with the thread that merges. */
export interface PrintHelper {
  /** Two elements: a value of `helperState`, and what whoever started the helper knows its thread by. */
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly slots: readonly PrintSlot[];
}

/** A helper that was started. */
export interface StartedHelper extends PrintHelper {
  /**
   * Whether its thread is still there: one that lacks memory ends without a word. Must be told without a turn of the
   * event loop, for who asks is waiting.
   */
  readonly isAlive: () => boolean;
}

/** A slot less, and a helper waits for work while its last batch is being written. */
const slotsOfHelper = 2;

/** Text of most batches. */
const textBytes = 4 * 1024 * 1024;

/** Makes the memory that is shared with one helper. */
export function makePrintHelper(streamCount: number): PrintHelper {
  const integers = (length: number): Int32Array<SharedArrayBuffer> =>
    new Int32Array(new SharedArrayBuffer(length * 4));
  const doubles = (length: number): Float64Array<SharedArrayBuffer> =>
    new Float64Array(new SharedArrayBuffer(length * 8));
  const makeSlot = (): PrintSlot => ({
    control: integers(3),
    lastNs: doubles(1),
    streamIndex: integers(batchCapacity),
    classIndex: integers(batchCapacity),
    timeNs: doubles(batchCapacity),
    offsetBits: integers(batchCapacity),
    places: doubles(streamCount * 2),
    text: new Uint8Array(new SharedArrayBuffer(textBytes)),
  });
  return { state: integers(2), slots: Array.from({ length: slotsOfHelper }, makeSlot) };
}

/** Passes a slot on to the other side. */
export function passSlot({ control }: PrintSlot, state: number): void {
  Atomics.store(control, slotField.state, state);
  Atomics.notify(control, slotField.state);
}

/** Waits while a slot is in a state; returns the one that it is in then. */
export function stateAfter({ control }: PrintSlot, state: number): number {
  for (;;) {
    const now = Atomics.load(control, slotField.state);
    if (now !== state) return now;
    Atomics.wait(control, slotField.state, state);
  }
}

/** How long the other side may be silent before it is looked for. */
const silenceMs = 100;

/** As {@link stateAfter}, but for a side that may end: returns the same state when it has. */
export function stateAfterOrEnd({ control }: PrintSlot, state: number, isAlive: () => boolean): number {
  for (;;) {
    const outcome = Atomics.wait(control, slotField.state, state, silenceMs);
    // What it did last counts, so its life is looked at before the state is.
    const ended = outcome === 'timed-out' && !isAlive();
    const now = Atomics.load(control, slotField.state);
    if (now !== state || ended) return now;
  }
}
