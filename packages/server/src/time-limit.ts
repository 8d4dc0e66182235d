import { Script, createContext } from 'node:vm';

const context = createContext({ work: undefined });
const call = new Script('work()');

/**
 * Does work that may never end, such as a search with somebody's regular expression, for at most `limitMs`. Starting
 * costs a tenth of a millisecond. What `work` was changing when it was stopped must not be used again.
 * @returns what `work` returned, or undefined when it was stopped.
 */
export function withinTime<Value>(limitMs: number, work: () => Value): { readonly value: Value } | undefined {
  context['work'] = work;
  try {
    return { value: call.runInContext(context, { timeout: limitMs }) as Value };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  } finally {
    context['work'] = undefined;
  }
}
