import { CALLS_NAME, RUNS_NAME, callRuleOf, type CallRule } from './call-rules.ts';

/** What automatic events carry for a text that is absent or empty. */
export const noText = '-';

/**
 * How events of a type take part in spans, decided once per type from its name and its fields. `enter` and `leave` are calls of
 * functions, which lie in each other.
 */
export type SpanRole = 'point' | 'begin' | 'end' | 'complete' | 'enter' | 'leave';

/** Verdict of {@link spanRuleOf}. */
export interface SpanRule {
  readonly role: SpanRole;
  /** What spans of this type are called: the event's name without its `_begin` or `_end`. */
  readonly spanName: string;
  /** Of events of calls, which may begin or end a run besides: then `role` is that of the run. */
  readonly call?: CallRule;
}

/**
 * Applies the conventions of automatic events: `X_begin` and `X_end` with a field `id` delimit spans, and an event
 * with `start_ns` and `duration_ns` is a whole span; calls of functions are what {@link callRuleOf} says. All else is a point in time.
 */
export function spanRuleOf(eventName: string, fieldNames: ReadonlySet<string>): SpanRule {
  const call = callRuleOf(eventName, fieldNames);
  if (call?.run !== undefined) return { role: call.run, spanName: RUNS_NAME, call };
  if (call !== undefined) return { role: call.edge, spanName: CALLS_NAME, call };
  if (fieldNames.has('id')) {
    if (eventName.endsWith('_begin')) return { role: 'begin', spanName: eventName.slice(0, -6) };
    if (eventName.endsWith('_end')) return { role: 'end', spanName: eventName.slice(0, -4) };
  }
  if (fieldNames.has('start_ns') && fieldNames.has('duration_ns')) {
    return { role: 'complete', spanName: eventName };
  }
  return { role: 'point', spanName: eventName };
}
