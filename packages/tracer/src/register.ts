// Loaded by `node --import @spoor/tracer/register`, into the main thread and every worker.
import { startAutoEvents } from './auto/start.ts';
import { threadSession } from './session.ts';

if (threadSession?.auto === true) startAutoEvents();
