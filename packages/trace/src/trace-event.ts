/** Events as programs see them. */
import { EventView, type EventClassInfo, type OpenStream } from '@spoor/components';
import type { EventBatch, FieldValue } from '@spoor/ctf';
import { makeContext, makeFields, plainJson, showAs, type Members } from './members.ts';

/** What JSON.stringify shows of an event. */
export interface EventJson {
  readonly name: string;
  /** Nanoseconds from the clock's origin, in digits: a double does not hold them. */
  readonly time: string;
  readonly trace: string;
  readonly stream: number;
  readonly fields: unknown;
  readonly context: unknown;
}

/** An event on its own, with all values decoded: what `clone()` gives. */
export class EventRecord {
  readonly name: string;
  /** Nanoseconds from the clock's origin; of wall clocks, the Unix epoch. */
  readonly time: bigint;
  /** Nanoseconds after the trace's base. */
  readonly timeNs: number;
  /** Name of its trace, and index of its stream. */
  readonly trace: string;
  readonly stream: number;
  readonly cpu: number | undefined;
  readonly fields: Members;
  readonly context: Members;

  constructor(event: TraceEvent) {
    this.name = event.name;
    this.time = event.time;
    this.timeNs = event.timeNs;
    this.trace = event.stream.trace.name;
    this.stream = event.stream.index;
    this.cpu = event.cpu;
    this.fields = { ...event.fields };
    this.context = { ...event.context };
  }

  toJSON(): EventJson {
    const { name, time, trace, stream, fields, context } = this;
    return {
      name,
      time: String(time),
      trace,
      stream,
      fields: plainJson(fields),
      context: plainJson(context),
    };
  }
}

/**
 * One event. It is a flyweight: the same object is moved from event to event, and so are its `fields` and `context`.
 * Take values out of it, or `clone()` it; do not keep it. Nothing is decoded that is not read.
 */
export class TraceEvent extends EventView {
  private readonly baseNs: bigint;
  /** By class, made at the first event of each. */
  private readonly fieldsOf: (Members | undefined)[] = [];
  private readonly contextOf: (Members | undefined)[] = [];

  constructor(
    batch: EventBatch,
    streams: readonly OpenStream[],
    classes: readonly EventClassInfo[],
    baseNs: bigint,
  ) {
    super(batch, streams, classes);
    this.baseNs = baseNs;
  }

  /** Members of the payload. */
  get fields(): Members {
    const { classIndex } = this;
    return (this.fieldsOf[classIndex] ??= makeFields(this, this.info));
  }

  /**
   * Members of all contexts: of the event's class (`lttng add-context` to one event), of all events of the stream
   * (`vpid`, `procname`), of the packet (`cpu_id`). Of two of one name the first of these counts.
   */
  get context(): Members {
    const { classIndex } = this;
    return (this.contextOf[classIndex] ??= makeContext(this, this.info));
  }

  /** Nanoseconds from the clock's origin; of wall clocks, the Unix epoch. The base where the stream has no clock. */
  get time(): bigint {
    return this.baseNs + BigInt(this.timeNs);
  }

  /** The CPU that the packet's context names. */
  get cpu(): number | undefined {
    const cpu: FieldValue | undefined = this.packetContext()['cpu_id'];
    return typeof cpu === 'number' ? cpu : undefined;
  }

  /** The event with all its values, which may be kept. */
  clone(): EventRecord {
    return new EventRecord(this);
  }

  toJSON(): EventJson {
    return this.clone().toJSON();
  }
}

// Values in place of the machinery that finds them.
showAs(TraceEvent.prototype, (event) => event.clone());

/** What a program knows of the events that it reads: the fields of each, by name. */
export type EventTypes = { readonly [name: string]: { readonly [field: string]: FieldValue } };

/** An event whose fields are known by its name. */
export interface TypedEvent<Name extends string, Fields> extends Omit<TraceEvent, 'name' | 'fields'> {
  readonly name: Name;
  readonly fields: Fields;
}

/** The events of a trace whose types are known: `event.name` tells which. */
export type EventOf<Types extends EventTypes> = string extends keyof Types
  ? TraceEvent
  : { [Name in keyof Types & string]: TypedEvent<Name, Types[Name]> }[keyof Types & string];
