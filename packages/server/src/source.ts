import type { TraceStore } from '@spoor/store';
import type { FieldSection } from './protocol.ts';

/** Fields of one event, decoded when somebody looks at it. */
export interface DecodedEvent {
  readonly logLevel: string | undefined;
  readonly sections: readonly FieldSection[];
}

/** What the server shows. The traces on disk are one source; tests bring others. */
export interface ViewSource {
  readonly title: string;
  readonly paths: readonly string[];
  /** Time 0, in nanoseconds after the Unix epoch if `absolute`. */
  readonly baseNs: bigint;
  readonly absolute: boolean;
  /** What readers complained about so far; grows. */
  readonly warnings: readonly string[];
  /**
   * Fills the store in the order of time. After each step (some thousand events) the store can be looked at; the
   * value of a step is the share of the work done, 0 to 1.
   */
  index(store: TraceStore): Iterable<number>;
  /** All fields of an event, for the details. */
  decode(event: number): DecodedEvent;
  /** The payload on one line, for the table and for searches in it. */
  fieldsText(event: number): string;
  /** What to write on a span that this event begins. */
  label(event: number): string;
}
