/** The threads that write text for `spoor report`. This module lies at the top of `dist`, beside `bin`. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The file of such a thread. */
export function reportThread(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'report-worker.cjs');
}
