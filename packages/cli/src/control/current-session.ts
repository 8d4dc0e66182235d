/** The current session of a user: the one that verbs mean when none is named. LTTng's is in another file. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';
import { type ControlClient, type Environment, homeDirectory } from '@spoor/control';
import { globMatches, parseGlob } from '@spoor/filter';
import type { SessionsOptions } from './verb.ts';

function settingsPath(environment: Environment): string {
  return join(homeDirectory(environment), '.spoorrc');
}

/** Name of the current session; undefined when none was made or chosen. */
export function currentSession(environment: Environment = process.env): string | undefined {
  try {
    return /^session=(.*)$/m.exec(readFileSync(settingsPath(environment), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** @throws SpoorError `control/settings`. */
export function setCurrentSession(name: string, environment: Environment = process.env): void {
  const path = settingsPath(environment);
  try {
    writeFileSync(`${path}.draft`, `session=${name}\n`, { mode: 0o600 });
    renameSync(`${path}.draft`, path);
  } catch (cause) {
    throw new SpoorError('control/settings', 'cannot note the current session', { where: path, cause });
  }
}

/** There is no current session any more, if it was this one. */
export function forgetCurrentSession(name: string, environment: Environment = process.env): void {
  if (currentSession(environment) === name) rmSync(settingsPath(environment), { force: true });
}

/**
 * The session that is meant.
 * @throws SpoorError `control/no-current-session`.
 */
export function sessionNamed(named: string | undefined): string {
  const name = named ?? currentSession();
  if (name !== undefined) return name;
  throw new SpoorError('control/no-current-session', 'no session is named, and there is no current one', {
    hint: 'spoor create makes one, spoor set-session chooses one',
  });
}

/**
 * The sessions that are meant: one by its name, all, or those that fit a pattern.
 * @throws SpoorError `control/no-current-session`, `control/no-session` when none fits the pattern.
 */
export async function sessionsNamed(
  client: ControlClient,
  named: string | undefined,
  { all, glob }: SessionsOptions,
): Promise<readonly string[]> {
  if (all === undefined && glob === undefined) return [sessionNamed(named)];
  const { sessions } = await client.call('list-sessions', {});
  const names = sessions.map(({ name }) => name);
  if (all === true) return names;
  const pattern = parseGlob(typeof glob === 'string' ? glob : (named ?? '*'));
  const fitting = names.filter((name) => globMatches(pattern, name));
  if (fitting.length > 0) return fitting;
  throw new SpoorError('control/no-session', 'the name of no session fits the pattern', {
    hint: 'spoor list shows the sessions',
  });
}
