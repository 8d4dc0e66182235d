/** Standard input, which can be read once only, as a source that can be read at any place. */
import { fstatSync } from 'node:fs';
import { spoolInput } from '@spoor/archive/node';
import { SpoorError } from '@spoor/base';
import type { ByteSource } from '@spoor/ctf';

/** Name of that source. */
export const standardInputName = 'standard input';

let content: ByteSource | undefined;

/**
 * All of standard input; it is read to its end at the first call.
 * @param check throws by its first 512 bytes where it is not what is wanted, before the rest is read.
 * @throws SpoorError `input/directory`; what `check` throws.
 */
export function standardInput(check?: (head: Uint8Array) => void): ByteSource {
  if (content === undefined && fstatSync(0).isDirectory()) {
    throw new SpoorError('input/directory', 'standard input is a directory', {
      hint: 'name the directory; standard input can be a file or what another command prints',
    });
  }
  content ??= spoolInput(0, standardInputName, check);
  return content;
}
