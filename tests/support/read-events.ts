// Events of a trace as plain data, for tests that look at single ones.
import { openTrace } from '@spoor/components/node';
import { expect } from 'vitest';

type Members = Readonly<Record<string, unknown>>;

/** An event with what it has of fields and contexts; empty where there is none. */
export interface ReadEvent {
  readonly name: string;
  /** Nanoseconds after the trace set's base. */
  readonly timeNs: number;
  /** That of all events of its stream. */
  readonly context: Members;
  /** That of its class. */
  readonly ownContext: Members;
  readonly fields: Members;
}

/** All events of a trace, in the order of time; fails where there is anything to warn of. */
export function readEvents(path: string): readonly ReadEvent[] {
  const set = openTrace(path);
  const events = Array.from(set.events(), (event): ReadEvent => {
    return {
      name: event.name,
      timeNs: event.timeNs,
      context: event.commonContext() ?? {},
      ownContext: event.specificContext() ?? {},
      fields: event.payload() ?? {},
    };
  });
  expect(set.warnings).toEqual([]);
  return events;
}

/** Whether the kernel's state is told by it, and nothing that happened. */
export function isOfStateDump({ name }: Pick<ReadEvent, 'name'>): boolean {
  return name.startsWith('lttng_statedump_');
}
