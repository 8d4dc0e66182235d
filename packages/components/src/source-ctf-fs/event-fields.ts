/** All fields of event after event, in the order of a flow. Guarded by bench/read.ts. */
import {
  FieldSlots,
  slotDecoderOf,
  type DecodeSlots,
  type EventBatch,
  type PacketCursor,
  type SlotLayout,
} from '@spoor/ctf';
import type { Flow } from '../event-flow.ts';
import type { EventClassInfo } from './trace-info.ts';

/**
 * Decodes every field of the events of a flow's batches into slots that are used again for each: no memory is taken for
 * an event, and a text is made only when it is asked for.
 *
 *     const fields = new EventFields(flow);
 *     while (flow.next()) {
 *       for (let row = 0; row < flow.batch.count; row++) {
 *         const { scopes } = fields.decode(row);
 *         // e.g. fields.slots.numbers[slot], with the slots that `scopes` tells
 *       }
 *     }
 */
export class EventFields {
  /** Values of the event decoded last. */
  readonly slots: FieldSlots = new FieldSlots();
  /** The flow's batch: stream, class and time of its rows. */
  readonly batch: EventBatch;
  readonly eventClasses: readonly EventClassInfo[];
  /** Where each stream is, by its index; streams that are not read leave holes. */
  private readonly cursors: readonly PacketCursor[];
  private readonly layouts: (SlotLayout | undefined)[];
  private readonly decoders: DecodeSlots[];

  constructor(flow: Flow) {
    this.batch = flow.batch;
    this.eventClasses = flow.eventClasses;
    const cursors: PacketCursor[] = [];
    for (const [index, stream] of flow.streams.entries()) {
      if (stream !== undefined) cursors[index] = stream.reader.cursor;
    }
    this.cursors = cursors;
    this.layouts = flow.eventClasses.map(() => undefined);
    this.decoders = flow.eventClasses.map((_, classIndex): DecodeSlots => (bytes, view, p, ext, slots) => {
      this.layoutOf(classIndex);
      this.decoders[classIndex]!(bytes, view, p, ext, slots);
    });
  }

  /** Rows of the batch. */
  get count(): number {
    return this.batch.count;
  }

  /**
   * Decodes a row of the batch.
   * @returns which slot holds which field; one and the same for all events of a class.
   * @throws SpoorError `ctf/packet-overrun` when a variant's selector chooses no option.
   */
  decode(row: number): SlotLayout {
    const { batch, slots } = this;
    const classIndex = batch.classIndex[row]!;
    const cursor = this.cursors[batch.streamIndex[row]!]!;
    const { bytes } = cursor;
    slots.bytes = bytes;
    this.decoders[classIndex]!(bytes, cursor.view, batch.offsetBits[row]!, cursor.externals, slots);
    return this.layouts[classIndex]!;
  }

  /** Which slot holds which field of the events of a class. */
  layoutOf(classIndex: number): SlotLayout {
    return this.layouts[classIndex] ?? this.prepare(classIndex);
  }

  private prepare(classIndex: number): SlotLayout {
    const { decoder, localIndex } = this.eventClasses[classIndex]!;
    const { layout, decode } = slotDecoderOf(decoder, localIndex);
    this.slots.reserve(layout.slotCount);
    this.layouts[classIndex] = layout;
    this.decoders[classIndex] = decode;
    return layout;
  }
}
