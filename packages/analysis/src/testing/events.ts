import type { TraceEvent } from '../event.ts';

/** An event for tests, as plain data. */
export interface PlainEvent {
  readonly name: string;
  readonly timeNs: number;
  readonly thread?: number;
  readonly tid?: number;
  readonly cpu?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Yields plain events through one re-used object, as a reader of traces does. */
export function* asTraceEvents(events: readonly PlainEvent[]): Generator<TraceEvent> {
  const classes = new Map<string, object>();
  let now: PlainEvent = { name: '', timeNs: 0 };
  const view: TraceEvent = {
    get name() {
      return now.name;
    },
    get timeNs() {
      return now.timeNs;
    },
    get thread() {
      return now.thread ?? 0;
    },
    get tid() {
      return now.tid;
    },
    get cpu() {
      return now.cpu;
    },
    get eventClass() {
      const known = classes.get(now.name) ?? {};
      classes.set(now.name, known);
      return known;
    },
    field: (name) => now.fields?.[name],
  };
  for (const event of events) {
    now = event;
    yield view;
  }
}
