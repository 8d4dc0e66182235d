/** Which part of a recording's filter the kernel evaluates, event by event, and what is left to the reader. */
import { SpoorError } from '@spoor/base';
import type { MappedEvent } from '../mapping/event-mapping.ts';
import { kernelFilter } from '../session/kernel-filter.ts';
import { markerEvent } from '../session/session-rules.ts';
import type { TracefsInstance } from '../tracefs/instance.node.ts';
import { filterFits } from '../transcode/record-filter.ts';
import { kernelEventOf } from './recording-filter.ts';

/** One event of the kernel under a filter. */
export interface FilterShare {
  /** `SYSTEM:NAME`. */
  readonly event: string;
  /** What the kernel was told, in its language; undefined where it keeps all. */
  readonly kernel: string | undefined;
  /** `nothing` where the kernel's part says all of it, `never` where the event lacks what the filter names. */
  readonly reader: 'nothing' | 'filter' | 'never';
}

/**
 * Tells the kernel its part of a filter.
 * @param events of the trace.
 * @throws SpoorError `kernel/filter` for a filter that fits none of them.
 */
export function shareFilter(
  instance: TracefsInstance,
  events: readonly MappedEvent[],
  filter: string,
): readonly FilterShare[] {
  const shares = new Map<string, FilterShare>();
  for (const event of events) {
    const name = kernelEventOf(event);
    if (name === markerEvent) continue;
    const known = shares.get(name);
    // All calls are one event of the kernel: one of them that can pass is enough.
    if (known !== undefined && known.reader !== 'never') continue;
    if (!filterFits(event, filter)) {
      shares.set(name, { event: name, kernel: undefined, reader: 'never' });
      continue;
    }
    const part = kernelFilter(event, [filter]);
    const isTaken = part !== undefined && setKernelFilter(instance, name, part.text);
    shares.set(name, {
      event: name,
      kernel: isTaken ? part.text : undefined,
      reader: isTaken && part.isWhole ? 'nothing' : 'filter',
    });
  }
  const all = [...shares.values()];
  if (all.every(({ reader }) => reader === 'never')) {
    throw new SpoorError('kernel/filter', `the filter ${JSON.stringify(filter)} fits none of the events`, {
      hint: 'spoor list -k --fields shows what they have',
    });
  }
  return all;
}

/**
 * Sets the kernel's filter of an event.
 * @returns false where the kernel does not take it: then it keeps all, and the reader evaluates all.
 * @throws SpoorError `kernel/ERRNO` where the filter cannot be taken away either.
 */
export function setKernelFilter(instance: TracefsInstance, event: string, filter: string): boolean {
  try {
    instance.setFilter(event, filter);
    return true;
  } catch (error) {
    if (!(error instanceof SpoorError) || filter === '') throw error;
    instance.setFilter(event, '');
    return false;
  }
}
