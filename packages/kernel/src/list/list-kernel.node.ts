/** What of the running kernel can be recorded, read bit by bit: whoever else has work in this process gets to it in between. */
import { findTracefs, listEvents, readNamedFormats } from '../tracefs/tracefs.node.ts';
import { describeEvents, describeSyscalls, type ListedKernelEvent } from './describe-kernel.ts';

/** What of the list is wanted. */
export interface KernelListRequest {
  /** System calls in place of events; they always have their arguments. */
  readonly syscalls: boolean;
  /** Whether events have their fields. */
  readonly fields: boolean;
}

/** So many formats are read and described at a stretch, which takes about ten milliseconds. */
const FORMATS_AT_ONCE = 32;

/**
 * Lists events, or system calls, by name.
 * @throws SpoorError `kernel/no-tracefs`, `kernel/permission`.
 */
export async function listKernelEvents({
  syscalls,
  fields,
}: KernelListRequest): Promise<readonly ListedKernelEvent[]> {
  const root = findTracefs();
  const names = listEvents(root);
  if (!syscalls && !fields) return describeEvents(names, undefined, undefined);
  const wanted = syscalls ? names.filter((name) => name.startsWith('syscalls:')) : names;
  const listed: ListedKernelEvent[] = [];
  for (let at = 0; at < wanted.length; at += FORMATS_AT_ONCE) {
    const some = wanted.slice(at, at + FORMATS_AT_ONCE);
    const formats = readNamedFormats(root, some, undefined);
    const context = { layout: formats.layout };
    listed.push(...(syscalls ? describeSyscalls(formats, context) : describeEvents(some, formats, context)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return listed.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}
