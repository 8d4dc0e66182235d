// Loads the tracer into a thread, before the program, and synchronously: Node.js then runs a CommonJS program as it does
// without it. `scripts/bundle-tracer.mjs` makes of this module the CommonJS file that `--require` names and `register.ts`
// loads. Each module costs a program's start about half a millisecond, and each built-in module that is imported as ESM
// has all that it exports made: so a program that is not traced loads nothing more than this file, and one that is traced
// loads one bundle, as CommonJS, and another one with its first event (`npm run bench -- start` guards the cost). V8 takes half
// of that time to compile them, so the compiled forms are kept for the programs after (docs/design/formats.md).
//
// Nothing is imported here that imports more: the file also gets into children of the program that are run by a Node.js too
// old for the tracer, which must not notice it.
import { hubPaths } from '@spoor/ringbuffer/hub-place';
import type { Script } from 'node:vm';
import { followHubs, type Begun } from './follow-hub.ts';
import { markJoining } from './joining-mark.ts';
import { isWorker, makeStandingBy } from './stand-by.ts';
import { FUNCTIONS_VARIABLE, SESSION_VARIABLE, setFollowedHubs } from './session-variable.ts';

/** When the compiled form is kept, if the program does not end before: what is made then holds it up for some 3 ms. */
const KEEP_AFTER_MS = 5000;

/**
 * How long a thread waits until another one has compiled the tracer for it, before it does so itself. It takes some 50 ms; on a
 * machine that is busy with hundreds of programs, which would be busier still if they all did it, seconds.
 */
const MOST_TURN_MS = 5000;
/** Who has not done it by then was killed. */
const MOST_DRAFT_MS = 30_000;

/** How often a thread tries to load the tracer that could not read its files. */
const LOAD_EVERY_MS = 1000;

/** Nothing is kept where less memory than this is left. */
const LEAST_FREE_BYTES = 32 * 1024 * 1024;
/** Compiled forms that are kept at a time, some 200 KB each; two of each build. */
const MOST_KEPT = 16;

/** Where the bundles are. */
export interface Place {
  readonly folder: string;
  /** That of a module there: to make one costs a program that has none half a millisecond, for `node:module` is loaded. */
  readonly require: NodeJS.Require;
}

function bundleIn(folder: string): string {
  return `${folder}/start-thread.bundle.cjs`;
}

/** What a thread needs from its first event on. */
function secondBundleIn(folder: string): string {
  return `${folder}/first-event.bundle.cjs`;
}

/**
 * Each bundle is a function of what it uses of CommonJS; the first one also of what loads the second, the second also of what it takes
 * of the first one, and it answers what it gives to that.
 */
type First = (
  require: NodeJS.Require,
  filename: string,
  loadSecond: (...taken: readonly unknown[]) => unknown,
) => void;
type Second = (require: NodeJS.Require, filename: string, ...taken: readonly unknown[]) => unknown;

/** Where the compiled form is kept, and the file that this thread has begun for it, if all others wait for that. */
interface Kept {
  readonly path: string;
  readonly draft?: number | undefined;
}

/** A bundle that was read. */
interface Bundle {
  readonly path: string;
  readonly text: Buffer;
  readonly cachedData: Buffer | undefined;
}

/** Reads a bundle, and the compiled form that a program before has kept, if there is one. */
function readBundle(path: string, kept: Kept | undefined): Bundle {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  let cachedData: Buffer | undefined;
  try {
    if (kept !== undefined && kept.draft === undefined) cachedData = readFileSync(kept.path);
  } catch {
    // Not yet.
  }
  return { path, text: readFileSync(path), cachedData };
}

function compile({ path, text, cachedData }: Bundle): Script {
  const vm = process.getBuiltinModule('node:vm');
  // It is ASCII: V8 reads half as many bytes of it this way.
  // (In two steps: the encoding would be looked up by functions that no program has compiled yet.)
  const source = text.toString('latin1');
  return new vm.Script(source, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) });
}

/**
 * Runs what the start of a thread takes. What its first event takes is compiled then; it is read now, for a program may
 * have no descriptor or no right for it later, or another release in its place. Throws what the first throws.
 * @param kept undefined where no compiled form is taken and none is left.
 */
function loadBundle({ folder, require }: Place, kept: Kept | undefined): void {
  const keptSecond = kept === undefined ? undefined : secondOf(kept);
  let first: Bundle;
  let second: Bundle | undefined;
  try {
    first = readBundle(bundleIn(folder), kept);
    second = readBundle(secondBundleIn(folder), keptSecond);
  } catch (error) {
    // Those of the drafts may have been the last free descriptors, and others wait for them.
    dropDraft(kept);
    dropDraft(keptSecond);
    throw error;
  }
  // V8 refuses what another version made, or other flags.
  const keep = kept !== undefined && first.cachedData === undefined ? keeper(kept) : undefined;
  const keepSecond =
    keptSecond !== undefined && second.cachedData === undefined ? keeper(keptSecond) : undefined;
  let secondScript: Script | undefined;
  const compileSecond = (): Script => (secondScript ??= compile(second!));
  const loadSecond = (...taken: readonly unknown[]): unknown => {
    const given = (compileSecond().runInThisContext() as Second)(require, secondBundleIn(folder), ...taken);
    // Its text is the script's from now on.
    second = undefined;
    return given;
  };
  const script = compile(first);
  try {
    (script.runInThisContext() as First)(require, bundleIn(folder), loadSecond);
  } finally {
    // A defect of ours is no reason to let the others wait.
    keep?.(() => script.createCachedData());
    // Threads that begin together may have their first events together.
    const isAwaited = keptSecond?.draft !== undefined;
    keepSecond?.(() => (isAwaited ? compileSecond() : secondScript)?.createCachedData());
  }
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

/** The draft of a compiled form that is wanted at once: who makes it compiles for all. */
function firstDraft(path: string): string {
  return `${path}.first`;
}

function dropDraft(kept: Kept | undefined): void {
  if (kept?.draft === undefined) return;
  const { closeSync, unlinkSync } = process.getBuiltinModule('node:fs');
  unlinkQuietly(unlinkSync, firstDraft(kept.path));
  closeSync(kept.draft);
}

/** The place of the second bundle's compiled form, with a draft where the first one has one. */
function secondOf({ path: first, draft }: Kept): Kept {
  const path = `${first}.second`;
  if (draft === undefined) return { path };
  try {
    return { path, draft: process.getBuiltinModule('node:fs').openSync(firstDraft(path), 'wx', 0o600) };
  } catch {
    // It is kept later.
    return { path };
  }
}

/** Whether more memory is left than the rings may want. */
function hasRoom(folder: string): boolean {
  const { bavail, bsize } = process.getBuiltinModule('node:fs').statfsSync(folder);
  return bavail * bsize >= LEAST_FREE_BYTES;
}

/**
 * In a program that runs, as all others do that a session meets: one thread of all compiles, which takes three times as long as
 * all else, and the others wait until it is done. Answers `wait` meanwhile.
 */
function takeTurn(path: string | undefined, isPatient: boolean): Kept | undefined | 'wait' {
  if (path === undefined) return undefined;
  const { existsSync, openSync, unlinkSync } = process.getBuiltinModule('node:fs');
  const draft = firstDraft(path);
  try {
    if (existsSync(path)) return { path };
    // To be refused by `openSync` takes ten times as long.
    if (isPatient && existsSync(draft) && !isOlder(draft, MOST_DRAFT_MS)) return 'wait';
    if (!hasRoom(path.slice(0, path.lastIndexOf('/')))) return { path };
    return { path, draft: openSync(draft, 'wx', 0o600) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return { path };
    // Whoever began it so long ago was killed: another one begins anew.
    if (isOlder(draft, MOST_DRAFT_MS)) unlinkQuietly(unlinkSync, draft);
    return isPatient ? 'wait' : { path };
  }
}

function isOlder(path: string, ageMs: number): boolean {
  const found = process.getBuiltinModule('node:fs').statSync(path, { throwIfNoEntry: false });
  return found !== undefined && Date.now() - found.mtimeMs > ageMs;
}

/**
 * Writes the compiled form at the end of the thread, or once it has run for a while: then it holds what a start runs. If
 * all others wait for it, what there is now is written at once, and replaced later.
 * Made before the bundle runs, and with functions that call no others by name: these may be wrapped then, for events.
 */
function keeper({ path, draft: first }: Kept): (make: () => Uint8Array | undefined) => void {
  const { closeSync, existsSync, openSync, readdirSync, renameSync, statfsSync, unlinkSync, writeSync } =
    process.getBuiltinModule('node:fs');
  const setTimer = setTimeout;
  const folder = path.slice(0, path.lastIndexOf('/'));
  const write = (fd: number, bytes: Uint8Array): void => {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
  };
  /** Answers whether there is any use in trying it again. */
  const keep = (draft: string, make: () => Uint8Array | undefined, begun?: number): boolean => {
    let fd = begun;
    try {
      const { bavail, bsize } = statfsSync(folder);
      // The rings' memory comes first. And other builds leave theirs: once they are many, all begin anew.
      if (fd === undefined && bavail * bsize < LEAST_FREE_BYTES) return false;
      const bytes = make();
      // The thread has had no event yet.
      if (bytes === undefined) return true;
      const others = readdirSync(folder).filter(
        (name) => name.startsWith('tracer-') && `${folder}/${name}` !== draft,
      );
      if (others.length >= MOST_KEPT) for (const name of others) unlinkSync(`${folder}/${name}`);
      fd ??= openSync(draft, 'wx', 0o600);
      write(fd, bytes);
      renameSync(draft, path);
    } catch {
      // No space, no permission, or another thread is at it: what was not made here is not taken away.
      if (fd !== undefined) unlinkQuietly(unlinkSync, draft);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
    return false;
  };
  return (make) => {
    if (first !== undefined) keep(firstDraft(path), make, first);
    let isDone = false;
    const keepLater = (): void => {
      if (isDone || (first === undefined && existsSync(path))) return;
      isDone = !keep(`${path}.${process.pid}-${process.hrtime.bigint()}`, make);
    };
    process.on('exit', keepLater);
    setTimer(keepLater, KEEP_AFTER_MS).unref();
  };
}

function unlinkQuietly(unlink: (path: string) => void, path: string): void {
  try {
    unlink(path);
  } catch {
    // Somebody has begun all of them anew.
  }
}

/** What records entry and exit of functions. It brings a parser. */
interface Functions {
  readonly startFunctions: (hooksThreadUrl: string, isLate: boolean) => void;
}

function wantsFunctions(): boolean {
  return (process.env[FUNCTIONS_VARIABLE] ?? '') !== '';
}

function loadFunctions({ folder, require }: Place): Functions | undefined {
  if (!wantsFunctions()) return undefined;
  const path = `${folder}/functions.bundle.cjs`;
  try {
    return require(path) as Functions;
  } catch {
    return undefined;
  } finally {
    if (Object.hasOwn(require.cache, path)) Object.defineProperty(require.cache, path, { enumerable: false });
  }
}

/** The part of `node:worker_threads` that is used. */
interface WorkerThreads {
  readonly isMainThread: boolean;
  /** Null in the main thread, and in threads that Node.js runs for itself. */
  readonly parentPort: unknown;
  /** Node.js 22.14 and later. */
  readonly isInternalThread?: boolean;
}

/**
 * Whether this is a thread that Node.js runs for itself, as it does for hooks of `module.register`: it preloads there too
 * what is named by `--require`, and the tracer registers hooks of its own, which would begin yet another such thread.
 */
function isThreadOfNode(): boolean {
  // Such a thread has no file and no arguments. To load what says it surely takes milliseconds.
  if (process.argv.length > 1) return false;
  const { isMainThread, isInternalThread, parentPort } = process.getBuiltinModule(
    'node:worker_threads',
  ) as WorkerThreads;
  return !isMainThread && (isInternalThread ?? parentPort === null);
}

/**
 * Loads what records this thread: at once if it is traced, or may have functions recorded, else when its user's session daemon
 * has a session, in workers once they have an event for it (`stand-by.ts`). Never throws.
 */
export function loadTracer(place: Place): void {
  if (typeof process.getBuiltinModule !== 'function') return;
  try {
    if (isThreadOfNode()) return;
    const bundle = bundleIn(place.folder);
    const session = process.env[SESSION_VARIABLE] ?? '';
    if (session !== '') {
      if (!load(place, keptOf(compiledPath(bundle, session)))) loadLater(place);
      return;
    }
    const hubs = hubPaths(process.env);
    const hrtime = process.hrtime.bigint;
    let waitsFromMs: number | undefined;
    let isLate = false;
    const loadNow = (kept: Kept | undefined): boolean => {
      setFollowedHubs(hubs);
      const isLoaded = load(place, kept, isLate);
      if (isLoaded) standingBy?.clear();
      return isLoaded;
    };
    const loadFromStandBy = (): boolean => {
      const isLoaded = loadNow(keptOf(compiledPath(bundle, hubs[0] ?? '')));
      if (isLoaded) end();
      return isLoaded;
    };
    const standingBy = isWorker() ? makeStandingBy(hubs, loadFromStandBy) : undefined;
    const loadMarked = (): boolean => {
      const hub = hubs[0] ?? '';
      const unmark = markJoining(hub);
      try {
        return loadNow(keptOf(compiledPath(bundle, hub)));
      } finally {
        unmark();
      }
    };
    const begin = (isRunning: boolean, mayStandBy: boolean): Begun => {
      if (standingBy !== undefined && mayStandBy && !wantsFunctions()) {
        const followed = standingBy.follow();
        if (followed !== 'not so') return followed;
      }
      // It makes a worker, which runs by now.
      if (isLate && !isRunning && !isWorker()) return loadMarked() || 'turn';
      const path = compiledPath(bundle, hubs[0] ?? '');
      const nowMs = Number(hrtime()) / 1e6;
      waitsFromMs ??= nowMs;
      // Who stands by has its tracepoints open.
      const mayWait = isRunning && standingBy?.isOn !== true;
      const kept = mayWait ? takeTurn(path, nowMs - waitsFromMs < MOST_TURN_MS) : keptOf(path);
      if (kept === 'wait') return 'turn';
      standingBy?.end();
      return loadNow(kept) || 'turn';
    };
    // Functions that a session may want some day, of a daemon that is yet to come, are rewritten as their modules are loaded.
    const end = followHubs(hubs, begin, wantsFunctions());
    isLate = true;
  } catch {
    // As in `load`.
  }
}

function keptOf(path: string | undefined): Kept | undefined {
  return path === undefined ? undefined : { path };
}

/** In a thread that began when no descriptor was left: the tracer is loaded once there is one. */
function loadLater(place: Place): void {
  const timer = setInterval(() => {
    if (load(place, undefined, true)) clearInterval(timer);
  }, LOAD_EVERY_MS).unref();
}

/** Answers false where no descriptor is left to read the files with. */
function load(place: Place, kept: Kept | undefined, isLate = false): boolean {
  try {
    // Before automatic events begin, which tell of the files that are read and the modules that are loaded from then on.
    const functions = loadFunctions(place);
    loadBundle(place, kept);
    if (functions === undefined) return true;
    const { pathToFileURL } = process.getBuiltinModule('node:url');
    functions.startFunctions(pathToFileURL(`${place.folder}/functions/hooks-thread.js`).href, isLate);
  } catch (error) {
    // Else a defect of ours, which must not end the program.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'EMFILE' && code !== 'ENFILE';
  }
  return true;
}
