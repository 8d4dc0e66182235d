/**
 * Which thread this is. node:worker_threads takes a millisecond to load, which the start of a program does not wait for:
 * ask only once there is an event to tell of.
 */
export function threadFacts(): { readonly threadId: number; readonly isMainThread: boolean } {
  return process.getBuiltinModule('node:worker_threads');
}
