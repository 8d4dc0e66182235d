// Loaded by `node --import @spoor/tracer/register`, into the main thread and every worker, before the program. Each
// module costs its start about half a millisecond, and each built-in module that is imported as ESM has all that it
// exports made: so a program that is not traced loads nothing more than this file, and one that is traced loads one
// bundle, as CommonJS (`npm run bench -- start` guards the cost). Without the bundle, in a checkout that only the
// compiler has seen, the modules themselves are loaded.
import { SESSION_VARIABLE } from './session-variable.ts';

if ((process.env[SESSION_VARIABLE] ?? '') !== '') {
  let isLoaded = false;
  try {
    const { createRequire } = process.getBuiltinModule('node:module');
    createRequire(import.meta.url)('./start-thread.bundle.cjs');
    isLoaded = true;
  } catch {
    // No bundle; or a defect of ours, which must not end the program.
  }
  if (!isLoaded) await import('./start-thread.ts').catch(() => undefined);
}
