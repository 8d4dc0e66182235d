/** Where packages of Spoor lie that other processes load. A module of its own: it must stand where the packages see it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpoorError } from '@spoor/base';

/** Address of the module that a traced program loads before its own. */
export function tracerUrl(): string {
  try {
    return import.meta.resolve('@spoor/tracer/register');
  } catch (error) {
    throw new SpoorError('record/no-tracer', 'the package @spoor/tracer is not there', {
      hint: 'install spoor again',
      cause: error,
    });
  }
}

/** Folder of the built page: that of the viewer's package. */
export function pageFolder(): string {
  const manifest = fileURLToPath(import.meta.resolve('@spoor/viewer/package.json'));
  return join(dirname(manifest), 'dist');
}
