import { sharedSession, type ThreadSession } from './session-slot.ts';
import { attachThread } from './thread-hub.ts';

/** The session of this thread, or undefined when the program is not traced. */
export const threadSession: ThreadSession | undefined = sharedSession(attachThread);
