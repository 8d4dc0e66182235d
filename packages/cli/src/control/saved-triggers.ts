/** The counter maps and triggers that are saved with a session: those that are about it. */
import type { ControlClient, SavedSession, Session, Trigger } from '@spoor/control';

/** A session with what is saved beside it. */
export type SessionWithTriggers = Session & Pick<SavedSession, 'maps' | 'triggers'>;

/** The sessions that a trigger names. */
function sessionsOf({ condition, actions }: Omit<Trigger, 'ownerUid'>): ReadonlySet<string> {
  const named = [condition, ...actions].flatMap((part) => ('session' in part ? [part.session] : []));
  return new Set(named);
}

/**
 * Sessions with their maps, and with the triggers that name them first.
 * @returns beside them a line for each trigger that names no session, and so is in no file.
 */
export async function withTriggers(
  client: ControlClient,
  sessions: readonly Session[],
): Promise<{ readonly sessions: readonly SessionWithTriggers[]; readonly warnings: readonly string[] }> {
  const { triggers } = await client.call('list-triggers', {});
  const { maps } = await client.call('list-maps', {});
  const warnings = triggers
    .filter((trigger) => sessionsOf(trigger).size === 0)
    .map(({ name }) => `trigger ${name} is about no session: it is not saved`);
  const complete = sessions.map((session): SessionWithTriggers => {
    const own = maps.flatMap(({ session: owner, ...map }) => (owner === session.name ? [map] : []));
    const about = triggers
      .filter((trigger) => [...sessionsOf(trigger)][0] === session.name)
      .map(({ name, condition, actions }) => ({ name, condition, actions }));
    return {
      ...session,
      ...(own.length === 0 ? {} : { maps: own }),
      ...(about.length === 0 ? {} : { triggers: about }),
    };
  });
  return { sessions: complete, warnings };
}

/** The triggers of a saved session under another name of it. */
export function renamedTriggers(saved: SavedSession, name: string): Pick<SavedSession, 'triggers'> {
  const rename = <Part extends object>(part: Part): Part =>
    'session' in part && part.session === saved.name ? { ...part, session: name } : part;
  if (saved.triggers === undefined) return {};
  return {
    triggers: saved.triggers.map(({ name: trigger, condition, actions }) => ({
      // Of another session: one of the same name may be there.
      name: saved.name === name ? trigger : `${trigger}-${name}`,
      condition: rename(condition),
      actions: actions.map(rename),
    })),
  };
}
