/** Which events a program asks for. */
import { closestName, SpoorError } from '@spoor/base';
import {
  EventsFilter,
  parseTimeBound,
  type EventFlow,
  type EventRule,
  type TraceSet,
} from '@spoor/components';
import { OutputPort } from '@spoor/graph';

/**
 * A point in time: nanoseconds from the clock's origin, a date, or text as `spoor --begin` takes it
 * (`2026-03-01 10:02:03.5` or `10:02:03` in UTC, or seconds).
 */
export type Instant = bigint | Date | string;

/** Which events to read; what is left out lets everything through. */
export interface Selection {
  /** Patterns of event names: `sched_*`. */
  readonly events?: string | readonly string[];
  /** Patterns of the names of events to leave out. */
  readonly exclude?: string | readonly string[];
  /** An expression over fields and contexts: `size > 4096 && $ctx.vpid == 42`. */
  readonly filter?: string;
  /** `LEVEL..`: at least as severe; `LEVEL`: this one only. */
  readonly logLevel?: string;
  /** Leave out events before this time. */
  readonly begin?: Instant;
  /** Leave out events after this time. */
  readonly end?: Instant;
  /** Ends the reading early, without an error. */
  readonly signal?: AbortSignal;
}

const selectionNames: Readonly<Record<keyof Selection, true>> = {
  events: true,
  exclude: true,
  filter: true,
  logLevel: true,
  begin: true,
  end: true,
  signal: true,
};

/**
 * Refuses options that do not exist: one that is mistyped would otherwise select nothing, without a word.
 * @param others options that there are beside those of a selection.
 * @throws SpoorError `trace/option`.
 */
export function checkOptions(given: object, others: readonly string[] = []): void {
  const known = [...Object.keys(selectionNames), ...others];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const near = closestName(unknown, known);
  throw new SpoorError('trace/option', `there is no option ${unknown}`, {
    hint: near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`,
  });
}

function nanosecondsOf(instant: Instant, set: TraceSet): bigint {
  if (typeof instant === 'bigint') return instant;
  if (typeof instant === 'string') return parseTimeBound(instant, true, set.baseNs);
  return BigInt(instant.getTime()) * 1_000_000n;
}

/** The selection without what is before a time. */
export function selectFrom(selection: Selection, fromNs: bigint, set: TraceSet): Selection {
  const { begin } = selection;
  const isLater = begin !== undefined && nanosecondsOf(begin, set) > fromNs;
  return isLater ? selection : { ...selection, begin: fromNs };
}

function listOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}

function ruleOf({ events, exclude, filter, logLevel }: Selection): EventRule {
  return {
    ...(events === undefined ? {} : { names: listOf(events) }),
    ...(exclude === undefined ? {} : { exclude: listOf(exclude) }),
    ...(filter === undefined ? {} : { filter }),
    ...(logLevel === undefined ? {} : { logLevel }),
  };
}

/**
 * Begins a reading of what is selected.
 * @throws SpoorError `filter/…` for a wrong expression, `convert/time` for a text that is no time, `convert/no-date` for a
 * time of day where the trace's clock is beyond the calendar; BytesAwaited.
 */
export function select(set: TraceSet, selection: Selection): EventFlow {
  const { begin, end, signal } = selection;
  const rule = ruleOf(selection);
  const read = (): EventFlow =>
    set.read({
      ...(begin === undefined ? {} : { beginNs: nanosecondsOf(begin, set) }),
      ...(end === undefined ? {} : { endNs: nanosecondsOf(end, set) }),
      ...(signal === undefined ? {} : { signal }),
    });
  if (Object.keys(rule).length === 0) return read();
  const filter = new EventsFilter({
    ...rule,
    messages: (line) => {
      if (!set.warnings.includes(line)) set.warnings.push(line);
    },
  });
  filter.input.connect(new OutputPort('events', read));
  return filter.output.open();
}
