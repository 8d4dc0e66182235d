/** Begins the run of a command with all plug-ins that there are. */
import type { GeneralOptions } from '../commands/general-options.ts';
import { Session } from './session.ts';

/** A session with its plug-ins loaded. */
export async function openSession(options: GeneralOptions & { readonly strict?: boolean }): Promise<Session> {
  return new Session(options);
}
