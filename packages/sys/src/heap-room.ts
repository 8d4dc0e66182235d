// A worker thread that has used up its heap is ended by Node.js there and then: where that is in the middle of a call of
// koffi, the whole process goes with it (`native-calls.ts`). So no such call begins with little left.

/** More than koffi takes while it is loaded. */
const LEAST_BYTES = 3 * 2 ** 20;

/**
 * Whether the calling thread can call koffi without using up its heap, even if all its young objects should live on. Always
 * so in the main thread, whose end is that of the process. Takes 0.1 ms in a worker, 1 ms the first time.
 */
export function hasHeapRoom(): boolean {
  // To load the module in the main thread takes a millisecond.
  if (!hasWorkerModule()) return true;
  const { isMainThread, resourceLimits } = process.getBuiltinModule('node:worker_threads');
  if (isMainThread) return true;
  const { maxOldGenerationSizeMb = Infinity, maxYoungGenerationSizeMb = 0 } = resourceLimits;
  const statistics = process.getBuiltinModule('node:v8').getHeapStatistics();
  // The limit of old objects: what the worker was given, or the program by its command line, which counts young ones too.
  const limitBytes = Math.min(
    maxOldGenerationSizeMb * 2 ** 20,
    statistics.heap_size_limit - maxYoungGenerationSizeMb * 2 ** 20,
  );
  return limitBytes - statistics.used_heap_size >= LEAST_BYTES;
}

/** Whether the program has loaded what starts workers, as it is in workers. */
export function hasWorkerModule(): boolean {
  return hasBuiltin('worker_threads');
}

/** Whether a built-in module has been loaded, by whomever; true where Node.js does not tell. */
export function hasBuiltin(name: string): boolean {
  const { moduleLoadList } = process as NodeJS.Process & { readonly moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes(`NativeModule ${name}`) !== false;
}
