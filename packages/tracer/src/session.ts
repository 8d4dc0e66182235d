import { sessionOrMake, sharedSession, type ThreadSession } from './session-slot.ts';
import { namedSessions } from './session-variable.ts';
import { clearRepeatingTimer, setRepeatingTimer } from './primordials.ts';
import { isPassing } from './retry-pace.ts';
import { attachThread } from './attach-thread.ts';
import { ThreadHub } from './thread-hub.ts';

/** How often a thread that could not join tries to. */
const JOIN_EVERY_MS = 1000;

/** Whether the last attempt failed for want of what there may be later. */
let isShort = false;

function attach(): ThreadHub | undefined {
  isShort = false;
  try {
    return attachThread();
  } catch (error) {
    isShort = isPassing(error);
    return undefined;
  }
}

/** The session of this thread, or undefined when the program is not traced. */
const threadSession: ThreadSession | undefined = sharedSession(attach);

/**
 * Calls back with the session of this thread: now, or once it can join the one that is named, where it could not for want of
 * memory, space or descriptors. Keeps no program alive.
 */
export function whenJoined(callback: (session: ThreadSession) => void): void {
  if (threadSession !== undefined) {
    callback(threadSession);
    return;
  }
  if (!isShort || namedSessions() === '') return;
  const timer = setRepeatingTimer(() => {
    const session = sharedSession(attach);
    if (session === undefined && isShort) return;
    clearRepeatingTimer(timer);
    if (session === undefined) return;
    session.tell(
      'a thread joined late for want of descriptors: its events of before are not recorded, nor counted',
    );
    callback(session);
  }, JOIN_EVERY_MS).unref();
}

/** The session of this thread; one without recordings where the program is not traced. */
export function localSession(): ThreadSession {
  return threadSession ?? sessionOrMake(() => new ThreadHub([], 0n));
}
