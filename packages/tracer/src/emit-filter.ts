// What a filter is handed of an event, as text: values in the variables of a serialiser, as they are stored.
import type { ContextField } from './contexts.ts';
import type { ScalarPlan } from './declaration.ts';
import type { FilterAccess } from './filter-access.ts';
import { isWide } from './serialiser.ts';

/** The value that a filter sees; `contexts` are those in the variables `c0`, `c1` … */
export function accessText(access: FilterAccess, contexts: readonly ContextField[]): string {
  if (access.kind === 'context') {
    const { context } = access;
    const v = `c${contexts.indexOf(context)}`;
    if (context.kind === 'constant' || context.plan.kind === 'dynamic') return v;
    return scalarText(context.plan, v);
  }
  const v = `a${access.path.join('_')}`;
  if (access.kind === 'length') return `${v}n`;
  if (access.kind === 'scalar') return scalarText(access.plan, v);
  const { plan, index } = access;
  const at = `${v}at + ${isWide(plan) ? 2 * index : index}`;
  const value =
    plan.kind === 'string'
      ? `texts.values[${at}]`
      : isWide(plan)
        ? wideText(plan, `numbers.values[${at}]`, `numbers.values[${at} + 1]`)
        : scalarText(plan, `numbers.values[${at}]`);
  return `(${index} < ${v}n ? ${value} : undefined)`;
}

function scalarText(plan: ScalarPlan, v: string): string {
  if (plan.kind === 'string') return plan.storage === 'prepared' ? `toText(${v})` : v;
  if (plan.kind === 'float') return plan.bits === 32 ? `fround(${v})` : v;
  if (isWide(plan)) return wideText(plan, `${v}l`, `${v}h`);
  if (plan.bits === 32) return plan.signed ? `(${v} | 0)` : `(${v} >>> 0)`;
  const shift = 32 - plan.bits;
  return `(${v} << ${shift} ${plan.signed ? '>>' : '>>>'} ${shift})`;
}

function wideText(plan: ScalarPlan, low: string, high: string): string {
  return `wideValue(${low}, ${high}, ${plan.kind === 'integer' && plan.signed})`;
}
