/** The filter of a recording, as a reader of its records evaluates it. */
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { markerEvent } from '../session/session-rules.ts';
import type { RecordFilter } from '../transcode/record-filter.ts';

/** The event of the kernel that an event of a trace is made from, `SYSTEM:NAME`. */
export function kernelEventOf({ origin }: MappedEvent): string {
  if (origin.kind === 'event') return `${origin.format.system}:${origin.format.name}`;
  return `raw_syscalls:sys_${origin.direction === 'entry' ? 'enter' : 'exit'}`;
}

/** What a recording's filter leaves out; marks are never left out, for somebody made them for this recording. */
export function recordFilterOf(filter: string): RecordFilter {
  return { filtersOf: (event) => (kernelEventOf(event) === markerEvent ? undefined : [filter]) };
}
