import { noText, type CodePlace } from '@spoor/store';

/**
 * What the analyses need of an event of a trace. They take events in order of time, and may be given the same
 * object again and again with other content (a flyweight), so they keep values and never the event.
 */
export interface TraceEvent {
  /** Full name, such as `http_server:request_begin`. */
  readonly name: string;
  /** Same object for all events of one class: what is found out about a class is remembered under it. */
  readonly eventClass: object;
  /** Nanoseconds after the trace set's base. */
  readonly timeNs: number;
  /** Number of the thread that made the event, from 0, dense, the same through the whole trace set. */
  readonly thread: number;
  /** Value of a payload field, or undefined if the class has no such field. */
  field(name: string): unknown;
  /** Number of its thread to the operating system, where the event itself tells. */
  readonly tid?: number | undefined;
  /** Number of the processor that it came from, another one for each of all machines; where the trace tells. */
  readonly cpu?: number | undefined;
  /** How often events that may have been of its thread were lost before it; absent where that is not known. */
  readonly lossCount?: number;
  /** What is known of an address of its process, at its time. */
  placeOf?(address: bigint): CodePlace | undefined;
}

/** An integer field as a number; `fallback` for a field that is absent or no integer. */
export function integerOf(value: unknown, fallback: number): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null && 'value' in value)
    return integerOf(value.value, fallback);
  return fallback;
}

/**
 * A field as text for people: the label of an enumeration, a string as it is, numbers in decimal. '' if absent, also
 * where the event says so itself by {@link noText}.
 */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value === noText ? '' : value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  if (typeof value === 'object' && value !== null) {
    if ('label' in value && typeof value.label === 'string') return value.label;
    if ('labels' in value && Array.isArray(value.labels) && value.labels.length > 0) {
      return String(value.labels[0]);
    }
    if ('value' in value) return textOf(value.value);
  }
  return '';
}

/** What an event class is to the analysis of spans. */
export interface EventRole {
  readonly name: string;
  /** `begin` and `end` events come in pairs, a `complete` event tells of a whole span, a `point` stands alone. */
  readonly kind: 'begin' | 'end' | 'complete' | 'point';
  /** Name of the span: the event's without `_begin` or `_end`. */
  readonly spanName: string;
  /** Number of the span's name among those met so far. */
  readonly spanNumber: number;
  /** Whether the class has a `request` field: the id of the enclosing server request on the same thread, or 0. */
  readonly hasRequest: boolean;
  readonly hasId: boolean;
}

/** Finds the role of events by their names and fields, once a class. */
export class EventRoles {
  private readonly known = new Map<object, EventRole>();
  private readonly spanNumbers = new Map<string, number>();

  /** The role of the event's class. */
  of(event: TraceEvent): EventRole {
    const known = this.known.get(event.eventClass);
    if (known !== undefined) return known;
    const role = this.roleOf(event);
    this.known.set(event.eventClass, role);
    return role;
  }

  private roleOf(event: TraceEvent): EventRole {
    const { name } = event;
    const whole = event.field('start_ns') !== undefined && event.field('duration_ns') !== undefined;
    // `lttng_statedump_end` ends what `lttng_statedump_start` began: neither is a span of a thread.
    const isOfStateDump = name.startsWith('lttng_statedump_');
    const [kind, spanName] = isOfStateDump
      ? (['point', name] as const)
      : name.endsWith('_begin')
        ? (['begin', name.slice(0, -6)] as const)
        : name.endsWith('_end')
          ? (['end', name.slice(0, -4)] as const)
          : ([whole ? 'complete' : 'point', name] as const);
    let spanNumber = this.spanNumbers.get(spanName);
    if (spanNumber === undefined) {
      spanNumber = this.spanNumbers.size;
      this.spanNumbers.set(spanName, spanNumber);
    }
    const hasRequest = event.field('request') !== undefined;
    const hasId = event.field('id') !== undefined;
    return { name, kind, spanName, spanNumber, hasRequest, hasId };
  }
}
