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
  let isWarned = false;
  for (const session of names) {
    try {
      const outcome = await work(session);
      done.push({ session, outcome });
      warnings.push(...(outcome.warnings ?? []));
    } catch (error) {
      const isHarmless = error instanceof SpoorError && harmless.has(error.code);
      if (!isHarmless && names.length === 1) throw error;
      warnings.push(describeError(error));
      isWarned = true;
    }
  }
  return {
    json: { sessions: done.map(({ session, outcome }) => ({ session, ...outcome.json })) },
    text: done.map(({ outcome }) => outcome.text).join(''),
    warnings,
    isWarned,
    mi: async () => {
      const { sessionsElement } = await import('../lttng/mi-session.ts');
      const elements = await Promise.all(done.map(async ({ outcome }) => outcome.mi?.()));
      return sessionsElement(elements.filter((element) => element !== undefined));
    },
  };
}
