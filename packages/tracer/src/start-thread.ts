// What `register` loads into each thread of a traced program. `scripts/bundle-tracer.mjs` makes files of this module and all
// that it imports. The thread joins its sessions when all else is evaluated, for what that may load uses it.
import './own-slot.ts';
import { startAutoEvents } from './auto/start.ts';
import { whenJoined } from './session.ts';

whenJoined((session) => session.whenAuto(startAutoEvents));
