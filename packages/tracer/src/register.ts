// Loaded by `node --import @spoor/tracer/register`, into the main thread and every worker. The session comes first:
// the declarations of the automatic events look for it.
import { threadSession } from './session.ts';
import { startAutoEvents } from './auto/start.ts';

if (threadSession?.auto === true) startAutoEvents();
