import { hasWorkerModule } from '@spoor/sys';

const mainThread = { threadId: 0, isMainThread: true } as const;

/**
 * Which thread this is. node:worker_threads brings the streams of Node.js, which takes two milliseconds and leaves a quarter of a
 * megabyte behind: where nobody has loaded it there is the main thread alone.
 */
export function threadFacts(): { readonly threadId: number; readonly isMainThread: boolean } {
  return hasWorkerModule() ? process.getBuiltinModule('node:worker_threads') : mainThread;
}
