// What `register` loads into each thread of a traced program: the session first, since the declarations of the
// automatic events look for it. `scripts/bundle-tracer.mjs` makes one file of this module and all that it imports.
import { whenJoined } from './session.ts';
import { startAutoEvents } from './auto/start.ts';

whenJoined((session) => session.whenAuto(startAutoEvents));
