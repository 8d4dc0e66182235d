/** Which arguments of system calls are texts: paths and names that end with a NUL. */
import type { KernelField } from '../formats/event-format.ts';

/** Names of such arguments in the kernel's formats. */
const textNames = new Set([
  'filename',
  'pathname',
  'path',
  'oldname',
  'newname',
  'from_pathname',
  'to_pathname',
  'dev_name',
  'dir_name',
  'special',
  'specialfile',
  'new_root',
  'put_old',
  'library',
  'name',
  'uname',
  'name_user',
  '_type',
  '_description',
]);

/** Their `name` has a length beside it and need not end. */
const counted = new Set(['sethostname', 'setdomainname']);

/** Whether an argument is a text. */
export function isTextArgument(call: string, { name, type }: Pick<KernelField, 'name' | 'type'>): boolean {
  return textNames.has(name) && /^(?:const )?char (?:const )?\*$/.test(type) && !counted.has(call);
}

/**
 * The argument that a field of the kernel's format has the text of, as newer kernels record it behind the arguments:
 * `__filename_val` is what `filename` points to.
 */
export function textOfArgument(field: string): string | undefined {
  return /^__(\w+)_val$/.exec(field)?.[1];
}
