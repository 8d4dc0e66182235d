import { isMainThread, threadId } from 'node:worker_threads';
import { tracepoint } from '../tracepoint.ts';

const threadBegin = tracepoint('nodejs:thread_begin', [
  ['thread', 'u32'],
  ['name', 'string'],
]);

/** Starts the automatic events of this thread. */
export function startAutoEvents(): void {
  threadBegin(threadId, isMainThread ? 'main' : `worker ${threadId}`);
}
