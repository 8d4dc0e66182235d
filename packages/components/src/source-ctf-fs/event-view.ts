/** An event as a program sees it: a window on a row of a batch. */
import {
  shownEventName,
  type Accessor,
  type EventBatch,
  type EventClass,
  type FieldValue,
  type Scope,
} from '@spoor/ctf';
import type { EventArguments } from '../filter-utils-events/field-reference.ts';
import type { EventClassInfo, StreamInfo } from './trace-info.ts';
import type { OpenStream } from './trace-set.ts';

const noMembers: { readonly [member: string]: FieldValue } = {};

/**
 * One event. The same object is moved from event to event: take values out of it, do not keep it.
 * Fields are decoded when asked for.
 */
export class EventView {
  private row = 0;
  private readonly payloads: Accessor[] = [];
  private readonly commonContexts: Accessor[] = [];
  private readonly specificContexts: Accessor[] = [];
  private readonly batch: EventBatch;
  private readonly streams: readonly OpenStream[];
  private readonly classes: readonly EventClassInfo[];

  constructor(batch: EventBatch, streams: readonly OpenStream[], classes: readonly EventClassInfo[]) {
    this.batch = batch;
    this.streams = streams;
    this.classes = classes;
  }

  /** Moves the view to a row of its batch. */
  moveTo(row: number): this {
    this.row = row;
    return this;
  }

  /** The event's class in the trace set. */
  get info(): EventClassInfo {
    return this.classes[this.batch.classIndex[this.row]!]!;
  }

  /** Name of the event's class, such as `shop:order_placed`. */
  get name(): string {
    return shownEventName(this.info.eventClass);
  }

  get eventClass(): EventClass {
    return this.info.eventClass;
  }

  /** Index of the event's class in the trace set. */
  get classIndex(): number {
    return this.batch.classIndex[this.row]!;
  }

  get stream(): StreamInfo {
    return this.streams[this.batch.streamIndex[this.row]!]!.info;
  }

  /** Nanoseconds after the trace set's base. */
  get timeNs(): number {
    return this.batch.timeNs[this.row]!;
  }

  /** A top-level member of the payload; undefined when the class has none of that name. */
  field(name: string): FieldValue | undefined {
    return this.read('event-payload', name);
  }

  /** All members of the payload. */
  payload(): { readonly [member: string]: FieldValue } {
    return this.structure(this.payloads, 'event-payload');
  }

  /** Members of the context that all events of the stream carry (LTTng: `lttng add-context`). */
  commonContext(): { readonly [member: string]: FieldValue } {
    return this.structure(this.commonContexts, 'event-common-context');
  }

  /** Members of the context of this event class alone. */
  specificContext(): { readonly [member: string]: FieldValue } {
    return this.structure(this.specificContexts, 'event-specific-context');
  }

  /** Members of the context of the packet that holds the event. */
  packetContext(): { readonly [member: string]: FieldValue } {
    return this.streams[this.batch.streamIndex[this.row]!]!.packetContext();
  }

  /** What functions take that read of the event's bytes: good until the next batch. */
  get place(): EventArguments {
    const stream = this.streams[this.batch.streamIndex[this.row]!]!;
    const { cursor } = stream.reader;
    return [cursor.bytes, cursor.view, this.batch.offsetBits[this.row]!, cursor.externals, stream];
  }

  /** Reads by a function that the decoder of the event's class made. */
  readWith(accessor: Accessor): FieldValue | undefined {
    const { cursor } = this.streams[this.batch.streamIndex[this.row]!]!.reader;
    return accessor(cursor.bytes, cursor.view, this.batch.offsetBits[this.row]!, cursor.externals);
  }

  /** @param accessors of the scope, by class: kept here, for the decoder looks them up by names. */
  private structure(accessors: Accessor[], scope: Scope): { readonly [member: string]: FieldValue } {
    const classIndex = this.batch.classIndex[this.row]!;
    let accessor = accessors[classIndex];
    if (accessor === undefined) {
      const { decoder, localIndex } = this.info;
      accessor = decoder.accessor(localIndex, scope);
      accessors[classIndex] = accessor;
    }
    return (this.readWith(accessor) as { readonly [member: string]: FieldValue } | undefined) ?? noMembers;
  }

  private read(scope: Scope, member?: string): FieldValue | undefined {
    const { decoder, localIndex } = this.info;
    return this.readWith(decoder.accessor(localIndex, scope, member));
  }
}
