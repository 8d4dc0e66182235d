// Loaded by `node --import @spoor/tracer/register`, into the main thread and every worker, before the program. Each
// module costs its start about half a millisecond, and each built-in module that is imported as ESM has all that it
// exports made: so a program that is not traced loads nothing more than this file, and one that is traced loads one
// bundle, as CommonJS (`npm run bench -- start` guards the cost). V8 takes half of that time to compile it, so the
// compiled form is kept for the programs after (docs/design/formats.md). Without the bundle, in a checkout that only
// the compiler has seen, the modules themselves are loaded.
import { FUNCTIONS_VARIABLE, SESSION_VARIABLE } from './session-variable.ts';

/** When the compiled form is kept, if the program does not end before: what is made then holds it up for some 3 ms. */
const KEEP_AFTER_MS = 5000;

/** Nothing is kept where less memory than this is left. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
/** Compiled forms that are kept at a time, some 200 KB each. */
const MOST_KEPT = 8;

/** What of CommonJS the bundle uses. */
type Wrapped = (exports: object, require: NodeJS.Require, filename: string) => void;

/** Runs the bundle, by the compiled form that a program before has kept, if there is one. Throws what that throws. */
function loadBundle(path: string, session: string): void {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const { createRequire } = process.getBuiltinModule('node:module');
  const { Script } = process.getBuiltinModule('node:vm');
  const keptPath = compiledPath(path, session);
  let cachedData: Buffer | undefined;
  try {
    if (keptPath !== undefined) cachedData = readFileSync(keptPath);
  } catch {
    // Not yet.
  }
  // It is ASCII: V8 reads half as many bytes of it this way.
  const text = `(function (exports, require, __filename) {${readFileSync(path, 'latin1')}\n})`;
  // V8 refuses what another version made, or other flags.
  const keepLater = keptPath !== undefined && cachedData === undefined ? keeper(keptPath) : undefined;
  const script = new Script(text, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) });
  (script.runInThisContext() as Wrapped)({}, createRequire(path), path);
  keepLater?.(() => script.createCachedData());
}

/**
 * Where the compiled form of this very bundle is kept: beside the session's directory, if nobody else may write there,
 * for it is code that runs in programs.
 */
function compiledPath(bundle: string, session: string): string | undefined {
  const { lstatSync, statSync } = process.getBuiltinModule('node:fs');
  try {
    const folder = /^([^:]*)\/[^/:]+/.exec(session)?.[1];
    if (folder === undefined) return undefined;
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0)
      return undefined;
    const { ino, size, mtimeMs } = statSync(bundle);
    return `${folder}/tracer-${process.version}-${process.arch}-${ino}-${size}-${mtimeMs}.v8`;
  } catch {
    return undefined;
  }
}

/**
 * Writes the compiled form at the end of the thread, or once it has run for a while: then it holds what a start runs.
 * Made before the bundle runs, and with functions that call no others by name: these may be wrapped then, for events.
 */
function keeper(path: string): (make: () => Uint8Array) => void {
  const { closeSync, existsSync, openSync, readdirSync, renameSync, statfsSync, unlinkSync, writeSync } =
    process.getBuiltinModule('node:fs');
  const setTimer = setTimeout;
  const folder = path.slice(0, path.lastIndexOf('/'));
  const write = (draft: string, bytes: Uint8Array): void => {
    const fd = openSync(draft, 'wx', 0o600);
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    } finally {
      closeSync(fd);
    }
  };
  return (make) => {
    let isDone = false;
    const keep = (): void => {
      if (isDone) return;
      isDone = true;
      const draft = `${path}.${process.pid}-${process.hrtime.bigint()}`;
      try {
        if (existsSync(path)) return;
        const { bavail, bsize } = statfsSync(folder);
        // The rings' memory comes first. And other builds leave theirs: once they are many, all begin anew.
        if (bavail * bsize < LEAST_FREE_BYTES) return;
        const others = readdirSync(folder).filter((name) => name.startsWith('tracer-'));
        if (others.length >= MOST_KEPT) for (const name of others) unlinkSync(`${folder}/${name}`);
        write(draft, make());
        renameSync(draft, path);
      } catch {
        try {
          unlinkSync(draft);
        } catch {
          // It was never made: no space, or no permission.
        }
      }
    };
    process.on('exit', keep);
    setTimer(keep, KEEP_AFTER_MS).unref();
  };
}

/** What records entry and exit of functions. It brings a parser. */
interface Functions {
  readonly startFunctions: (hooksThreadUrl: string) => void;
}

async function loadFunctions(): Promise<Functions | undefined> {
  try {
    const { createRequire } = process.getBuiltinModule('node:module');
    return createRequire(import.meta.url)('./functions.bundle.cjs') as Functions;
  } catch {
    return import('./functions/start.ts').catch(() => undefined);
  }
}

const session = process.env[SESSION_VARIABLE] ?? '';
if (session !== '') {
  // Before automatic events begin, which tell of the files that are read and the modules that are loaded from then on.
  const functions = (process.env[FUNCTIONS_VARIABLE] ?? '') === '' ? undefined : await loadFunctions();
  let isLoaded = false;
  try {
    loadBundle(`${import.meta.dirname}/start-thread.bundle.cjs`, session);
    isLoaded = true;
  } catch {
    // No bundle; or a defect of ours, which must not end the program.
  }
  if (!isLoaded) await import('./start-thread.ts').catch(() => undefined);
  functions?.startFunctions(new URL('./functions/hooks-thread.js', import.meta.url).href);
}
