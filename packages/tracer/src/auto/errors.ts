import { threadFacts } from './thread-facts.ts';
import { tracepoint } from './tracepoint.ts';
import { watchEmitter } from './emitters.ts';
import { noText, textOrNone } from './text.ts';
import { describeThrown, stackOf } from './thrown.ts';

const threadEnd = tracepoint(
  'nodejs:thread_end',
  [
    ['id', 'u32'],
    ['exit_code', 'i32'],
  ],
  { logLevel: 'info' },
);
const uncaughtError = tracepoint(
  'nodejs:uncaught_error',
  [
    ['origin', 'string'],
    ['name', 'string'],
    ['code', 'string'],
    ['message', 'string'],
    ['stack', 'string'],
  ],
  { logLevel: 'crit' },
);
const unhandledRejection = tracepoint(
  'nodejs:unhandled_rejection',
  [
    ['name', 'string'],
    ['code', 'string'],
    ['message', 'string'],
  ],
  { logLevel: 'err' },
);
const warning = tracepoint(
  'nodejs:warning',
  [
    ['name', 'string'],
    ['code', 'string'],
    ['message', 'string'],
  ],
  { logLevel: 'warning' },
);

/**
 * Events of errors that nobody caught, of warnings and of the thread's exit. A listener for 'unhandledRejection'
 * would keep a program alive that Node.js ends, so `process.emit` is watched instead: no listener is ever added.
 */
export function startErrorEvents(): void {
  watchEmitter(process, (_process, name, first, second) => {
    switch (name) {
      case 'uncaughtExceptionMonitor': {
        const thrown = describeThrown(first);
        // What Node.js prints of a rejection depends on whether its stack was read before.
        const stack = second === 'unhandledRejection' ? noText : stackOf(first);
        uncaughtError(textOrNone(second), thrown.name, thrown.code, thrown.message, stack);
        break;
      }
      case 'unhandledRejection': {
        const thrown = describeThrown(first);
        unhandledRejection(thrown.name, thrown.code, thrown.message);
        break;
      }
      case 'warning': {
        const thrown = describeThrown(first);
        warning(thrown.name, thrown.code, thrown.message);
        break;
      }
      case 'exit':
        threadEnd(threadFacts().threadId, typeof first === 'number' ? first : 0);
        break;
      default:
        break;
    }
  });
}
