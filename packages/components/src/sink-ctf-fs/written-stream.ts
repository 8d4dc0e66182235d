/** What copiers of streams need to know of what they write. */
import type { ByteSink, StreamConversion, TraceClass } from '@spoor/ctf';

/** A stream being written. */
export interface WrittenStream {
  /** As it is written. */
  readonly traceClass: TraceClass;
  readonly conversion: StreamConversion;
  /** Of its file. */
  readonly sink: ByteSink;
}
