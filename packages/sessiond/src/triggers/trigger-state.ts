// What a daemon keeps of triggers and maps, so that the next one goes on: a file of JSON that is replaced.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { SpoorError } from '@spoor/base';
import type { Trigger } from '@spoor/control';
import { checkTrigger } from '@spoor/control/schema';
import { checkTexts } from '@spoor/trigger';
import type { StoredMap } from './counter-maps.ts';
import type { Numbered } from './watch-description.ts';

const STATE_VERSION = 1;

/** Triggers and maps, with the numbers that programs know them by. */
export interface TriggerState {
  readonly version: number;
  /** None that is greater was ever given. */
  readonly nextNumber: number;
  /** Nanoseconds from the Unix epoch to the origin of the monotonic clock, for the times of notices. */
  readonly clockOffsetNs: string;
  readonly triggers: readonly Numbered<Trigger>[];
  readonly maps: readonly StoredMap[];
}

/**
 * Reads the state; undefined where there is none.
 * @throws SpoorError `trigger/state`, `control/malformed-trigger` when the file is damaged or of another release.
 */
export function readTriggerState(path: string): TriggerState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  let state: TriggerState;
  try {
    state = JSON.parse(text) as TriggerState;
  } catch (error) {
    throw new SpoorError('trigger/state', 'the saved triggers cannot be read', { where: path, cause: error });
  }
  if (state.version !== STATE_VERSION) {
    throw new SpoorError(
      'trigger/state',
      `the saved triggers are of version ${String(state.version)}, not ${STATE_VERSION}`,
      { where: path },
    );
  }
  for (const { value } of state.triggers) checkTexts(checkTrigger(value));
  return state;
}

/** Replaces the state. Throws what the file system throws. */
export function writeTriggerState(path: string, state: Omit<TriggerState, 'version'>): void {
  const draft = `${path}.draft`;
  writeFileSync(draft, `${JSON.stringify({ version: STATE_VERSION, ...state }, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}
