import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a directory and those above it, as far as they are missing. (Node's recursive `mkdirSync` of 20.x never
 * returns where the file system answers ENOENT to any creation, as /proc does.)
 *
 * @throws the system's error when one of them cannot be made, or is a file.
 */
export function ensureDirectory(path: string): void {
  if (isDirectory(path)) return;
  ensureDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process made it in the meantime.
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
