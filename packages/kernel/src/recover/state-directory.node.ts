/**
 * What is kept of this machine between recordings, and between boots: formats and symbols of boots, by which a persistent
 * ring can be read after the next start, and notes of recordings that go on, by which those of killed recorders are
 * completed. `/var/lib/spoor`, or what `SPOOR_STATE_DIR` says.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SpoorError } from '@spoor/base';

/** Names the directory where another one is wanted. */
export const STATE_DIRECTORY_VARIABLE = 'SPOOR_STATE_DIR';

/** The directory; nothing is made. */
export function stateDirectory(): string {
  const named = process.env[STATE_DIRECTORY_VARIABLE];
  return named === undefined || named === '' ? '/var/lib/spoor' : named;
}

/**
 * Writes a file of the directory whole or not at all; none but its owner may read it.
 * @throws SpoorError `kernel/state` where nothing can be written.
 */
export function writeState(folder: string, name: string, content: string | Uint8Array): void {
  const place = join(stateDirectory(), folder);
  try {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const draft = join(place, `.${name}.${process.pid}.part`);
    writeFileSync(draft, content, { mode: 0o600 });
    renameSync(draft, join(place, name));
  } catch (error) {
    throw new SpoorError('kernel/state', `cannot write into ${place}`, {
      hint: `${STATE_DIRECTORY_VARIABLE} names another directory`,
      cause: error,
    });
  }
}

/** A file of the directory; undefined where there is none. */
export function readState(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(stateDirectory(), folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** Names of what a folder has. */
export function listState(folder: string): readonly string[] {
  try {
    return readdirSync(join(stateDirectory(), folder)).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

/** Removes a file or a folder, if it is there. */
export function removeState(folder: string, name: string): void {
  try {
    rmSync(join(stateDirectory(), folder, name), { recursive: true, force: true });
  } catch {
    // Where nothing can be kept nothing has to be removed.
  }
}

/** Gives a file another name; answers whether it was there. */
export function renameState(folder: string, from: string, to: string): boolean {
  const place = join(stateDirectory(), folder);
  try {
    renameSync(join(place, from), join(place, to));
    return true;
  } catch {
    return false;
  }
}
