/** The helper's side of printing by several threads: prints the batches that are put into its slots. */
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
  stateAfter,
  type PrintHelper,
  type PrintSlot,
} from './print-slot.ts';

/** What crosses from one thread to another of an error that ends the printing. */
export interface PrintFailure {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly hint?: string;
}

function failureOf(error: unknown): PrintFailure {
  if (!(error instanceof SpoorError)) {
    return { code: 'text/failed', message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, where, hint } = error;
  return {
    code,
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** Text into a slot; where it has no more room, what is there is handed over first. */
class SlotOutput implements TextOutput {
  slot: PrintSlot;
  used = 0;

  constructor(slot: PrintSlot) {
    this.slot = slot;
  }

  write(bytes: Uint8Array, length: number): void {
    const { text } = this.slot;
    for (let from = 0; from < length;) {
      if (this.used === text.length) this.handOver();
      const part = Math.min(length - from, text.length - this.used);
      text.set(bytes.subarray(from, from + part), this.used);
      this.used += part;
      from += part;
    }
  }

  /** Waits until what is there was written. */
  handOver(): void {
    const { slot } = this;
    slot.control[slotField.textBytes] = this.used;
    passSlot(slot, slotState.part);
    stateAfter(slot, slotState.part);
    this.used = 0;
  }

  /** Leaves an error in place of text. */
  fail(error: unknown): void {
    if (this.used > 0) this.handOver();
    const text = new TextEncoder().encode(JSON.stringify(failureOf(error)));
    this.write(text, text.length);
  }
}

function batchOf({ control, streamIndex, classIndex, timeNs, offsetBits }: PrintSlot): EventBatch {
  return {
    count: control[slotField.count]!,
    room: timeNs.length,
    streamIndex,
    classIndex,
    timeNs,
    offsetBits,
  };
}

/**
 * Prints the batch of a slot.
 * @param flow of the sink; its streams are moved to the packets that the rows lie in.
 */
export function printSlot(slot: PrintSlot, flow: EventFlow, sink: PrettySink): void {
  moveStreams(flow, slot);
  sink.continueAfter(slot.lastNs[0]!);
  sink.consume(batchOf(slot));
  sink.flush();
}

function moveStreams({ streams }: EventFlow, { places }: PrintSlot): void {
  for (const { info, reader } of streams) {
    const sourceIndex = places[info.index * 2]!;
    const startByte = places[info.index * 2 + 1]!;
    if (sourceIndex < 0) continue;
    if (reader.packetNumber > 0 && reader.sourceNumber === sourceIndex && reader.packetByte === startByte)
      continue;
    if (!reader.returnTo(sourceIndex, startByte)) {
      throw new SpoorError('trace/changed', 'a packet is not there any more', {
        where: `${info.path} at byte ${startByte}`,
        hint: 'it was written while it was read; --workers 1 reads it once',
      });
    }
  }
}

/** Waits until there is a batch in a slot; false when there will be none. */
function waitForBatch({ control }: PrintSlot): boolean {
  for (;;) {
    const now = Atomics.load(control, slotField.state);
    if (now === slotState.ready) return true;
    if (now === slotState.end) return false;
    Atomics.wait(control, slotField.state, now);
  }
}

/**
 * Prints what is put into the helper's slots until there will be no more.
 * @param flow of the same traces, opened by this thread; it is not read, only its streams are moved to packets.
 */
export function servePrinting({ state, slots }: PrintHelper, flow: EventFlow, options: PrettyOptions): void {
  const output = new SlotOutput(slots[0]!);
  const sink = new PrettySink(flow, output, options, () => {});
  Atomics.store(state, 0, helperState.ready);
  for (let turn = 0; ; turn++) {
    const slot = slots[turn % slots.length]!;
    if (!waitForBatch(slot)) return;
    output.slot = slot;
    output.used = 0;
    let outcome: number = slotState.done;
    try {
      printSlot(slot, flow, sink);
    } catch (error) {
      outcome = slotState.failed;
      output.fail(error);
    }
    slot.control[slotField.textBytes] = output.used;
    passSlot(slot, outcome);
  }
}
