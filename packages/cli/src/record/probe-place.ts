// Places in programs, as options have them: paths are taken as a shell takes commands.
import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { programPlaceName, withProgramPath } from '@spoor/kernel';

/** A path from the working directory, or a program of `PATH` by its name; whole, for whoever reads it elsewhere. */
function programPath(path: string): string {
  if (!path.includes('/') && !existsSync(path)) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      if (folder !== '' && existsSync(join(folder, path))) return join(folder, path);
    }
  }
  return resolve(path);
}

/**
 * The place with the whole path of its program, and the name that its events have unless they are given one.
 * @throws SpoorError `kernel/probe`.
 */
export function readProgramPlace(text: string): { readonly name: string; readonly location: string } {
  return { name: programPlaceName(text), location: withProgramPath(text, programPath) };
}
