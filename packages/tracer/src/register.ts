// Loaded by `node --import @spoor/tracer/register`, into the main thread and every worker, before the program; by
// `--require` the same name is the CommonJS file that this one loads (load-tracer.ts).
const { createRequire } = process.getBuiltinModule('node:module');

/**
 * The modules themselves: in a checkout that only the compiler has seen, and in a program's own bundle, which has them in
 * itself.
 */
async function loadModules(): Promise<void> {
  const { FUNCTIONS_VARIABLE, SESSION_VARIABLE } = await import('./session-variable.ts');
  if ((process.env[SESSION_VARIABLE] ?? '') === '') return;
  // Before automatic events begin, which tell of the files that are read and the modules that are loaded from then on.
  const hasFunctions = (process.env[FUNCTIONS_VARIABLE] ?? '') !== '';
  const functions = hasFunctions ? await import('./functions/start.ts') : undefined;
  await import('./start-thread.ts');
  functions?.startFunctions(new URL('./functions/hooks-thread.js', import.meta.url).href, false);
}

try {
  createRequire(import.meta.url)('./register.bundle.cjs');
} catch {
  await loadModules().catch(() => undefined);
}
