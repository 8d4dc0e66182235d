import { sessionOrMake, sharedSession, type ThreadSession } from './session-slot.ts';
import { ThreadHub, attachThread } from './thread-hub.ts';

/** The session of this thread, or undefined when the program is not traced. */
export const threadSession: ThreadSession | undefined = sharedSession(attachThread);

/** The session of this thread; one without recordings where the program is not traced. */
export function localSession(): ThreadSession {
  return threadSession ?? sessionOrMake(() => new ThreadHub([], 0n));
}
