// The events of functions. Each names the function by an enumeration, so that every reader shows its name and place and
// the event has two or three bytes of it.
import type { Declaration, FieldPlan, IntegerPlan } from '../declaration.ts';
import { LOG_LEVELS } from '../log-level.ts';
import { labelOf, type FunctionFacts } from './facts.ts';

/** Kinds of events. */
export type FunctionEvent =
  | 'func_entry'
  | 'func_exit'
  | 'coroutine_entry'
  | 'coroutine_suspend'
  | 'coroutine_resume'
  | 'coroutine_exit';

/** Of plain functions, and of async functions and generators. */
export const plainEvents: readonly FunctionEvent[] = ['func_entry', 'func_exit'];
export const coroutineEvents: readonly FunctionEvent[] = [
  'coroutine_entry',
  'coroutine_suspend',
  'coroutine_resume',
  'coroutine_exit',
];

/** How a function was left; the values of the field `outcome`. */
export const outcomes = { returned: 0, threw: 1 } as const;

/**
 * The event of these functions, which the field `func` numbers from 0.
 * `func`; `id` tells the runs of coroutines apart; `outcome` of exits.
 */
export function declareFunctionEvent(event: FunctionEvent, functions: readonly FunctionFacts[]): Declaration {
  const isOfCoroutines = event.startsWith('coroutine');
  const labels = new Map<string, readonly [number, number]>();
  const texts = functions.map(labelOf);
  for (const [index, text] of texts.entries()) {
    if (functions[index]!.isCoroutine !== isOfCoroutines) continue;
    // A file that was loaded twice, as `x.js?a` and `x.js?b`, has each function twice.
    const label = labels.has(text) ? `${text} #${index}` : text;
    labels.set(label, [index, index]);
  }
  const func: IntegerPlan = {
    ...unsigned(functions.length <= 0x100 ? 8 : 16),
    labels,
    texts,
  };
  const fields: FieldPlan[] = [{ name: 'func', plan: func }];
  if (isOfCoroutines) fields.push({ name: 'id', plan: unsigned(32) });
  if (event.endsWith('exit')) {
    const plan = {
      ...unsigned(8),
      labels: new Map(Object.entries(outcomes).map(([label, value]) => [label, [value, value] as const])),
    };
    fields.push({ name: 'outcome', plan });
  }
  return { name: `js:${event}`, logLevel: LOG_LEVELS.debug_function, fields };
}

function unsigned(bits: 8 | 16 | 32): IntegerPlan {
  return { kind: 'integer', bits, signed: false, displayBase: 10 };
}
