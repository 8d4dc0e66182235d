// The place of a thread's session, before there is one: the declarations of automatic events, which look for it, wait there.
import { keepSlot, threadSlot } from './thread-slot.ts';

if (threadSlot() === undefined) keepSlot(undefined);
