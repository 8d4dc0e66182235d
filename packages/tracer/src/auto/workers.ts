import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { tracepoint } from './tracepoint.ts';
import { guarded, guardedListener } from './guard.ts';
import { currentRequest } from './request-context.ts';

const workerBegin = tracepoint(
  'worker:thread_begin',
  [
    ['id', 'u32'],
    ['request', 'u32'],
  ],
  { logLevel: 'info' },
);
const workerEnd = tracepoint(
  'worker:thread_end',
  [
    ['id', 'u32'],
    ['request', 'u32'],
    ['exit_code', 'i32'],
  ],
  { logLevel: 'info' },
);

/** Spans of the worker threads that this thread starts, from the constructor to the exit. */
export function startWorkerEvents(): void {
  const states = new WeakMap<Worker, { readonly id: number; readonly request: number }>();

  // Not 'error': a listener for that would keep a worker's failure from ending the program.
  const onExit = guardedListener(function onWorkerExit(this: Worker, exitCode: number): void {
    const state = states.get(this);
    if (state === undefined) return;
    states.delete(this);
    workerEnd(state.id, state.request, exitCode);
  });

  subscribe(
    'worker_threads',
    guarded((message: unknown) => {
      const { worker } = message as { worker: Worker };
      // Node's own thread for module hooks (in 20) is none of the program's, and has no end.
      if (!workerBegin.enabled || worker.constructor.name === 'InternalWorker') return;
      // Thread numbers are unique in a process, which makes them good ids for spans.
      const state = { id: worker.threadId, request: currentRequest() };
      states.set(worker, state);
      worker.on('exit', onExit);
      workerBegin(state.id, state.request);
    }),
  );
}
