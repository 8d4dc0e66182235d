import { SpoorError, describeError } from '@spoor/base';
import type { XmlElement } from '../lttng/xml.ts';
import type { VerbOutcome } from './verb.ts';

/** Codes of errors that say: it is so already. */
const harmless: ReadonlySet<string> = new Set(['control/already-started', 'control/already-stopped']);

/** What came of one session. */
export interface OfSession {
  readonly json: object;
  readonly text: string;
  readonly warnings?: readonly string[];
  /** Its element in LTTng's machine interface. */
  readonly mi?: () => XmlElement | Promise<XmlElement>;
}

/** So many sessions are worked at together: programs that have to be waited for are waited for once for all of them. */
const MOST_AT_ONCE = 32;

type Outcome = { readonly session: string } & ({ readonly outcome: OfSession } | { readonly error: unknown });

/** Does the same with several sessions, some of them at the same time; what came of them, in their order. */
async function workAtOnce(
  names: readonly string[],
  work: (session: string) => Promise<OfSession>,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const workOn = async (): Promise<void> => {
    while (next < names.length) {
      const at = next++;
      const session = names[at]!;
      try {
        outcomes[at] = { session, outcome: await work(session) };
      } catch (error) {
        outcomes[at] = { session, error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, names.length) }, workOn));
  return outcomes;
}

/** An error that says which of several sessions it is about. */
function ofSession(error: unknown, session: string): unknown {
  if (!(error instanceof SpoorError) || error.message.includes(session)) return error;
  const { code, message, where, hint, cause } = error;
  return new SpoorError(code, `session ${session}: ${message}`, { where, hint, cause });
}

/**
 * Does the same with several sessions. What is so already is a warning; another error of one does not keep the others
 * from it, but is thrown when there is only one, or told when all are done.
 */
export async function eachSession(
  names: readonly string[],
  work: (session: string) => Promise<OfSession>,
): Promise<VerbOutcome> {
  const done: { readonly session: string; readonly outcome: OfSession }[] = [];
  const warnings: string[] = [];
  const errors: unknown[] = [];
  let isWarned = false;
  for (const result of await workAtOnce(names, work)) {
    if ('outcome' in result) {
      done.push(result);
      warnings.push(...(result.outcome.warnings ?? []));
    } else {
      const { error } = result;
      const isHarmless = error instanceof SpoorError && harmless.has(error.code);
      if (isHarmless) {
        warnings.push(describeError(error));
        isWarned = true;
      } else if (names.length === 1) throw error;
      else errors.push(ofSession(error, result.session));
    }
  }
  return {
    json: { sessions: done.map(({ session, outcome }) => ({ session, ...outcome.json })) },
    text: done.map(({ outcome }) => outcome.text).join(''),
    warnings,
    errors,
    isWarned,
    mi: async () => {
      const { sessionsElement } = await import('../lttng/mi-session.ts');
      const elements = await Promise.all(done.map(async ({ outcome }) => outcome.mi?.()));
      return sessionsElement(elements.filter((element) => element !== undefined));
    },
  };
}
