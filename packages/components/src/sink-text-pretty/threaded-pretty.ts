/**
 * Prints text by several threads, byte for byte as one does. This thread reads and merges, which is a small part of the
 * work; it gives a batch to a helper that has room for it and otherwise prints it itself. What each made is written in
 * the order of the batches. Guarded by bench/read.ts.
 */
import { SpoorError } from '@spoor/base';
import type { EventBatch } from '@spoor/ctf';
import type { EventFlow } from '../event-flow.ts';
import type { PrettyOptions } from './options.ts';
import { PrettySink, type TextOutput } from './pretty-sink.ts';
import {
  helperState,
  passSlot,
  slotField,
  slotState,
  stateAfterOrEnd,
  type PrintSlot,
  type StartedHelper,
} from './print-slot.ts';
import { printSlot, type PrintFailure } from './serve-printing.ts';

/** Text of this thread that waits for that of a helper before it. */
class HeldText {
  private bytes = new Uint8Array(1 << 20);
  private length = 0;

  add(bytes: Uint8Array, length: number): void {
    if (this.length + length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + length));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(bytes.subarray(0, length), this.length);
    this.length += length;
  }

  writeTo(output: TextOutput): void {
    if (this.length > 0) output.write(this.bytes, this.length);
    this.length = 0;
  }
}

/** Batches of this thread that may wait for a helper's; then it waits too, so that memory stays bounded. */
const mostHeld = 2;

/** A helper and which of its slots is next. */
interface Helper extends StartedHelper {
  turn: number;
}

/** A batch that was given to a helper. */
interface Given {
  readonly helper: Helper;
  readonly slot: PrintSlot;
}

/** Prints batch after batch of a flow. */
export class ThreadedPrettySink {
  private readonly flow: EventFlow;
  private readonly output: TextOutput;
  private helpers: readonly Helper[] = [];
  private readonly start: () => readonly StartedHelper[];
  private batches = 0;
  private readonly sink: PrettySink;
  /** What is to be written, in order. */
  private readonly waiting: (Given | HeldText)[] = [];
  private readonly spare: HeldText[] = Array.from({ length: mostHeld }, () => new HeldText());
  /** Where this thread's text goes; undefined where nothing is before it. */
  private held: HeldText | undefined;
  private lastNs = NaN;
  private readonly options: PrettyOptions;
  private readonly messages: (line: string) => void;

  /**
   * @param messages hears of lost events and packets, one line each.
   * @param start starts the helpers, after the first batch: who waits for the first text does not wait for them.
   */
  constructor(
    flow: EventFlow,
    output: TextOutput,
    options: PrettyOptions,
    messages: (line: string) => void,
    start: () => readonly StartedHelper[],
  ) {
    this.flow = flow;
    this.output = output;
    this.start = start;
    this.options = options;
    this.messages = messages;
    const own: TextOutput = {
      write: (bytes, length) => {
        if (this.held === undefined) this.output.write(bytes, length);
        else this.held.add(bytes, length);
      },
    };
    this.sink = new PrettySink(flow, own, options, messages);
  }

  /** Prints the events of the flow's batch. */
  consume(batch: EventBatch): void {
    this.writeFinished();
    if (batch.count === 0) return;
    this.batches += 1;
    if (this.batches === 2) {
      this.helpers = this.start().map((helper) => ({ ...helper, turn: 0 }));
      // What a helper prints comes after what is here.
      this.sink.flush();
    }
    const helper = this.helpers.find((candidate) => hasRoom(candidate, batch.count));
    if (helper === undefined) this.printHere(batch);
    else this.give(helper, batch);
    this.lastNs = batch.timeNs[batch.count - 1]!;
  }

  /** Writes what is left, when there are no more events, and lets the helpers go. */
  finish(): void {
    while (this.waiting.length > 0) this.writeFirst();
    for (const { slots } of this.helpers) for (const slot of slots) passSlot(slot, slotState.end);
    this.sink.finish();
  }

  private printHere(batch: EventBatch): void {
    while (this.waiting.length > 0 && this.spare.length === 0) this.writeFirst();
    if (this.waiting.length > 0) {
      this.held = this.spare.pop()!;
      this.waiting.push(this.held);
    }
    this.sink.continueAfter(this.lastNs);
    this.sink.consume(batch);
    if (this.helpers.length > 0) this.sink.flush();
    this.held = undefined;
  }

  private give(helper: Helper, batch: EventBatch): void {
    const slot = helper.slots[helper.turn % helper.slots.length]!;
    helper.turn += 1;
    const { count } = batch;
    slot.streamIndex.set(batch.streamIndex.subarray(0, count));
    slot.classIndex.set(batch.classIndex.subarray(0, count));
    slot.timeNs.set(batch.timeNs.subarray(0, count));
    slot.offsetBits.set(batch.offsetBits.subarray(0, count));
    slot.places.fill(-1);
    let inWindows = false;
    for (const { info, reader } of this.flow.streams) {
      if (reader.packetNumber === 0) continue;
      slot.places[info.index * 2] = reader.sourceNumber;
      slot.places[info.index * 2 + 1] = reader.packetByte;
      if (reader.windowByte > 0) inWindows = true;
    }
    if (inWindows) this.placeInPackets(slot, count);
    slot.lastNs[0] = this.lastNs;
    slot.control[slotField.count] = count;
    passSlot(slot, slotState.ready);
    this.waiting.push({ helper, slot });
    this.sink.tellLosses(batch.timeNs[count - 1]!);
  }

  /** Makes the positions of a slot's events, which lie in windows of their packets, those in whole packets. */
  private placeInPackets({ streamIndex, offsetBits }: PrintSlot, count: number): void {
    const { streams } = this.flow;
    for (let row = 0; row < count; row++) {
      offsetBits[row]! += streams[streamIndex[row]!]!.reader.windowByte * 8;
    }
  }

  /** Writes what needs no waiting for. */
  private writeFinished(): void {
    for (;;) {
      const [first] = this.waiting;
      if (first === undefined || isUnfinished(first)) return;
      this.writeFirst();
    }
  }

  /** Writes the first of what waits, as soon as it is finished. */
  private writeFirst(): void {
    const first = this.waiting.shift()!;
    if (first instanceof HeldText) {
      first.writeTo(this.output);
      this.spare.push(first);
      return;
    }
    const { helper, slot } = first;
    const { control, text } = slot;
    let writtenBytes = 0;
    let state = stateAfterOrEnd(slot, slotState.ready, helper.isAlive);
    while (state === slotState.part) {
      const length = control[slotField.textBytes]!;
      this.output.write(text, length);
      writtenBytes += length;
      passSlot(slot, slotState.ready);
      state = stateAfterOrEnd(slot, slotState.ready, helper.isAlive);
    }
    if (state === slotState.ready) {
      this.printInstead(first, writtenBytes);
      return;
    }
    const length = control[slotField.textBytes]!;
    if (state === slotState.failed) throw errorOf(text.slice(0, length));
    this.output.write(text, length);
    passSlot(slot, slotState.free);
  }

  /** Prints a batch of a helper that has ended, of whose text some may be written already. */
  private printInstead({ helper, slot }: Given, writtenBytes: number): void {
    if (this.helpers.includes(helper)) {
      this.helpers = this.helpers.filter((other) => other !== helper);
      this.messages('warning: a thread that helped to print has ended early; its part is printed without it');
    }
    // This thread's own streams are further on.
    const set = this.flow.streams[0]?.set;
    if (set === undefined) throw new TypeError('a batch without a stream');
    const flow = set.read();
    let toSkip = writtenBytes;
    const output: TextOutput = {
      write: (bytes, length) => {
        const skipped = Math.min(toSkip, length);
        toSkip -= skipped;
        if (length > skipped) this.output.write(bytes.subarray(skipped, length), length - skipped);
      },
    };
    printSlot(slot, flow, new PrettySink(flow, output, this.options, () => {}));
  }
}

/** Whether a helper has room for a batch. */
function hasRoom({ state, slots, turn }: Helper, count: number): boolean {
  if (Atomics.load(state, 0) !== helperState.ready) return false;
  const slot = slots[turn % slots.length]!;
  return count <= slot.timeNs.length && Atomics.load(slot.control, slotField.state) === slotState.free;
}

function isUnfinished(first: Given | HeldText): boolean {
  return (
    !(first instanceof HeldText) && Atomics.load(first.slot.control, slotField.state) === slotState.ready
  );
}

function errorOf(bytes: Uint8Array): SpoorError {
  const { code, message, where, hint } = JSON.parse(new TextDecoder().decode(bytes)) as PrintFailure;
  return new SpoorError(code, message, { where, hint });
}
