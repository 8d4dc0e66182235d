/** What `spoor view` shows: directories that are named, or what a session has written. */
import { existsSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import { ControlClient } from '@spoor/control';
import { currentSession } from './current-session.ts';

/**
 * The directories that are meant: those that are named; of one word that is no path, what the session of that name has
 * written; without a word, that of the current session.
 * @throws SpoorError `control/no-trace`, `control/no-session`.
 */
export async function viewedDirectories(words: readonly string[]): Promise<readonly string[]> {
  const [word] = words;
  if (words.length > 1 || (word !== undefined && (existsSync(word) || word.includes('/')))) return words;
  const session = word ?? currentSession();
  if (session === undefined) {
    throw new SpoorError('control/no-trace', 'no directory is named, and there is no current session', {
      hint: 'spoor view DIR',
    });
  }
  let client: ControlClient;
  try {
    client = await ControlClient.connect();
  } catch (error) {
    // Without a daemon there are no sessions: the word is a directory that is not there.
    if (word !== undefined) return words;
    throw error;
  }
  try {
    const { session: model } = await client.call('get-session', { session });
    const outputs = [model.output, ...model.snapshotOutputs.map(({ output }) => output)];
    const paths = outputs.flatMap((output) =>
      output?.kind === 'local' && existsSync(output.path) ? [output.path] : [],
    );
    if (paths.length > 0) return paths;
    throw new SpoorError('control/no-trace', `session ${session} has written no trace yet`);
  } finally {
    client.close();
  }
}
