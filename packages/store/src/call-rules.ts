/** Which events are calls of functions: where one is entered, and where it is left. */

/** What an event of a class does to the stack of calls of its thread. */
export interface CallRule {
  /** A call begins or goes on, or ends or waits. */
  readonly edge: 'enter' | 'leave';
  /** Of async functions and generators, whose calls are runs with pauses. */
  readonly isCoroutine: boolean;
  /** Whether a run begins or ends here; absent where it goes on or waits, and of plain functions. */
  readonly run?: 'begin' | 'end';
  /**
   * The field that tells the function: of an enumeration with names and places, or an address. Absent where the event
   * tells none: it leaves what was entered last.
   */
  readonly functionField: 'func' | 'addr' | undefined;
}

/** What stacks of calls are called. */
export const CALLS_NAME = 'functions';
/** What runs of async functions and generators are called. */
export const RUNS_NAME = 'async functions';

const coroutineEvents: Readonly<Record<string, Pick<CallRule, 'edge' | 'run'>>> = {
  'js:coroutine_entry': { edge: 'enter', run: 'begin' },
  'js:coroutine_suspend': { edge: 'leave' },
  'js:coroutine_resume': { edge: 'enter' },
  'js:coroutine_exit': { edge: 'leave', run: 'end' },
};

const plainName = /^(js|lttng_ust_cyg_profile|lttng_ust_cyg_profile_fast):func_(entry|exit)$/;

/**
 * Knows the events of `spoor record --functions`, and those of `liblttng-ust-cyg-profile.so` and its fast form (whose exits
 * tell no address). Undefined for all others.
 */
export function callRuleOf(eventName: string, fieldNames: ReadonlySet<string>): CallRule | undefined {
  const coroutine = Object.hasOwn(coroutineEvents, eventName) ? coroutineEvents[eventName] : undefined;
  if (coroutine !== undefined) {
    if (!fieldNames.has('func') || !fieldNames.has('id')) return undefined;
    return { ...coroutine, isCoroutine: true, functionField: 'func' };
  }
  const plain = plainName.exec(eventName);
  if (plain === null) return undefined;
  const edge = plain[2] === 'entry' ? 'enter' : 'leave';
  const field = plain[1] === 'js' ? 'func' : 'addr';
  const functionField = fieldNames.has(field) ? field : undefined;
  if (functionField === undefined && (edge === 'enter' || field === 'func')) return undefined;
  return { edge, isCoroutine: false, functionField };
}
