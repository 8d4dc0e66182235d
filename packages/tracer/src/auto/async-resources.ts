import { createHook } from 'node:async_hooks';
import { tracepoint } from './tracepoint.ts';
import { textOrNone } from './text.ts';

/** Events of the life of asynchronous resources: when they are made, and when their callbacks run. */
export function startAsyncEvents(): void {
  const asyncInit = tracepoint(
    'async:init',
    [
      ['id', 'u64'],
      ['trigger_id', 'u64'],
      ['type', 'cached-string'],
    ],
    { logLevel: 'debug_system' },
  );
  const runBegin = tracepoint('async:run_begin', [['id', 'u64']], { logLevel: 'debug_system' });
  const runEnd = tracepoint('async:run_end', [['id', 'u64']], { logLevel: 'debug_system' });
  // What a hook throws ends the program; tracepoints never throw.
  createHook({
    init: (id, type, triggerId) => asyncInit(id, triggerId, textOrNone(type)),
    before: (id) => runBegin(id),
    after: (id) => runEnd(id),
  }).enable();
}

/** Events of the end of asynchronous resources. Node.js then has every promise watched by the garbage collector. */
export function startAsyncEndEvents(): void {
  const asyncDestroy = tracepoint('async:destroy', [['id', 'u64']], { logLevel: 'debug_system' });
  const promiseResolve = tracepoint('async:promise_resolve', [['id', 'u64']], { logLevel: 'debug_system' });
  createHook({
    destroy: (id) => asyncDestroy(id),
    promiseResolve: (id) => promiseResolve(id),
  }).enable();
}
