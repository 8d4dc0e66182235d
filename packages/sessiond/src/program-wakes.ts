/** How a consumer hears of programs that call it (`SwitchWaker`). */
import { type FSWatcher, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WAKE_FILE } from '@spoor/ringbuffer';

/**
 * Calls whenever a program writes to the session's file for that, which is made before this returns; keeps nothing alive.
 * @returns undefined where the system has no watch to give: then the consumer must not sleep.
 */
export function watchWakes(sessionPath: string, onWake: () => void): FSWatcher | undefined {
  const path = join(sessionPath, WAKE_FILE);
  try {
    writeFileSync(path, '', { flag: 'a', mode: 0o600 });
    const watcher = watch(path, { persistent: false }, onWake);
    // It looks now and then all the same.
    return watcher.on('error', () => undefined);
  } catch {
    return undefined;
  }
}
