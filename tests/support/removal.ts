/** Removal of what a test made. */
import { rmSync } from 'node:fs';

/** Removes a directory with all in it; patient with processes that leave something there as they end. */
export function removeTree(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 100, retryDelay: 50 });
}
