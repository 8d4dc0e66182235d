/** Where packages of Spoor lie that other processes load. A module of its own: it must stand where the packages see it. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpoorError } from '@spoor/base';

/** Path of the file that a traced program loads before its own. */
export function tracerPath(): string {
  try {
    return createRequire(import.meta.url).resolve('@spoor/tracer/register');
  } catch (error) {
    throw new SpoorError('record/no-tracer', 'the package @spoor/tracer is not there, or not built', {
      hint: 'install spoor again; in a checkout: npm run build',
      cause: error,
    });
  }
}

/** Path of the file that the consumer of `spoor record` runs. */
export function consumerPath(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'bin', 'consumer.cjs');
}

/** Folder of the built page: that of the viewer's package. */
export function pageFolder(): string {
  const manifest = fileURLToPath(import.meta.resolve('@spoor/viewer/package.json'));
  return join(dirname(manifest), 'dist');
}
