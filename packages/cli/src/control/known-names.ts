import type { NameKind } from '../completion/table.ts';
import { currentSession } from './current-session.ts';
import { connectToDaemon } from './run-verb.ts';

/**
 * Names that a word can be completed to, each once. Channels and events are those of the current session, or of all where
 * there is none. None where no daemon runs: none is started.
 */
export async function knownNames(kind: NameKind): Promise<readonly string[]> {
  try {
    using client = await connectToDaemon(false);
    if (kind === 'triggers') return (await client.call('list-triggers', {})).triggers.map(({ name }) => name);
    const { sessions } = await client.call('list-sessions', {});
    if (kind === 'sessions') return sessions.map(({ name }) => name);
    const current = currentSession();
    const meant = sessions.filter(({ name }) => name === current);
    const channels = (meant.length > 0 ? meant : sessions).flatMap((session) => session.channels);
    const names =
      kind === 'channels'
        ? channels.map(({ name }) => name)
        : channels.flatMap(({ rules }) => rules.map(({ rule }) => rule.name));
    return [...new Set(names)];
  } catch {
    return [];
  }
}
