/** Standard input, which can be read once only, as a source that can be read at any place. */
import { spoolInput } from '@spoor/archive/node';
import type { ByteSource } from '@spoor/ctf';

let content: ByteSource | undefined;

/** All of standard input; it is read to its end at the first call. */
export function standardInput(): ByteSource {
  content ??= spoolInput(0, 'standard input');
  return content;
}
