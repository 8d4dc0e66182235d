// Loads the command in the quickest way that is there. `dist/spoor.cjs` is the command as one file, `dist/control.cjs`
// the verbs about sessions, `dist/report.cjs` the verb `report` and `dist/record.cjs` the verb `record`, all made by scripts/bundle-command.mjs, because a hundred modules take Node.js longer to find than a short trace to read; V8's
// compiled form of it is kept below the user's cache directory. Without one of them everything works, only later. CommonJS itself,
// because the loader of ES modules takes as long to start as all of this.
const {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const { homedir } = require('node:os');
const { dirname, isAbsolute, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

const packageFolder = dirname(__dirname);

/** Oldest release of Node.js, as package.json has it: what comes below would fail in words that help nobody. */
const oldestNode = [20, 19];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
  writeSync(
    2,
    `spoor: Node.js ${process.versions.node} is older than ${oldestNode.join('.')}, which Spoor needs (install a newer release: https://nodejs.org/en/download)\n`,
  );
  process.exit(1);
}

/** Verbs about sessions, which a file of their own runs: nothing that reads traces is loaded for them. */
const controlVerbs = new Set(
  (
    'create enable-event enable-channel add-context start stop snapshot rotate enable-rotation disable-rotation clear ' +
    'destroy list status top set-session disable-event disable-channel track untrack add-trigger list-triggers ' +
    'remove-trigger listen add-map-channel show-maps export-maps regenerate save load sessiond version'
  ).split(' '),
);
/** Options that may stand before such a verb, and have no value of their own, or have it with them. */
const beforeVerb = /^(?:-n|--no-sessiond|-q|--quiet|--mi=\w+|--group=.*)$/;
/** The same, with a value that follows. */
const withValue = /^(?:-m|--mi|-g|--group)$/;

function isControlVerb(args) {
  let at = 0;
  while (beforeVerb.test(args[at]) || withValue.test(args[at])) at += beforeVerb.test(args[at]) ? 1 : 2;
  return controlVerbs.has(args[at]);
}

/** Verbs that a file of their own runs, if they are the first word. */
const ownFiles = new Set(['report', 'record']);

/** Name of the file that the command is loaded from. */
function bundleName() {
  const args = process.argv.slice(2);
  if (ownFiles.has(args[0])) return `${args[0]}.cjs`;
  return isControlVerb(args) ? 'control.cjs' : 'spoor.cjs';
}

/** Compiled forms kept at most: of other versions of Spoor and of Node.js. */
const mostKept = 8;
const largestBytes = 32 * 1024 * 1024;

/** Modules of Node.js that take milliseconds to load, and that few commands need. */
const heavy = new Set(['node:child_process', 'node:worker_threads', 'node:zlib']);

/**
 * The exports of the command's main module.
 * @param keepsCompiled whether the compiled form is kept, when there is none.
 * @param name of the file in `dist`, where the arguments do not tell.
 */
async function loadCommand(keepsCompiled = true, name = bundleName()) {
  const bundle = join(packageFolder, 'dist', name);
  return isUsable(bundle) ? loadBundle(bundle, keepsCompiled) : import('../dist/main.js');
}

exports.loadCommand = loadCommand;

/** Whether the bundle is there, no older than what `tsc -b` made in a checkout, and right for these arguments. */
function isUsable(bundle) {
  // Plug-ins import the packages themselves, and must meet the same classes as the command.
  if (process.argv.some((word) => word.startsWith('--plugin-path'))) return false;
  const stat = statSync(bundle, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const packages = join(packageFolder, '..');
  return readdirSync(packages).every((name) => {
    const built = join(packages, name, 'dist', '.tsbuildinfo');
    return (statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= stat.mtimeMs;
  });
}

function loadBundle(bundle, keepsCompiled) {
  // It has no other characters than those of ASCII, so that V8 holds it in half of the memory.
  const source = readFileSync(bundle, 'latin1');
  const cache = process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined ? cacheFolder() : undefined;
  const { ino, size, mtimeMs } = statSync(bundle);
  const name = `${process.version}-${process.arch}-${ino}-${size}-${Math.floor(mtimeMs)}.v8`;
  const cachedData = cache === undefined ? undefined : readPrivate(cache, name);
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname, importModule) {${source}\n})`,
    {
      filename: bundle,
      ...(cachedData === undefined ? {} : { cachedData }),
    },
  );
  if (
    keepsCompiled &&
    cache !== undefined &&
    (cachedData === undefined || script.cachedDataRejected === true)
  ) {
    // At the end of the run, when it is known which functions are needed; `--help` and the like need too few.
    process.once('exit', (status) => {
      if (status === 0 && process.argv.slice(2).some((word) => !word.startsWith('-'))) {
        keep(cache, name, script.createCachedData());
      }
    });
  }
  const module = { exports: {} };
  const load = createRequire(bundle);
  const loadLater = (name) =>
    heavy.has(name) ? new Proxy({}, { get: (_, key) => load(name)[key] }) : load(name);
  /** `import()` of the bundle, which as a script has none of its own. */
  const importModule = (specifier) => {
    if (mayOpenFew()) readInTurn(load, specifier);
    return import(specifier.startsWith('.') ? new URL(specifier, pathToFileURL(bundle)).href : specifier);
  };
  script.runInThisContext()(module.exports, loadLater, module, bundle, dirname(bundle), importModule);
  return module.exports;
}

/** Whether less than a thousand files may be open, and Node.js can require ES modules. */
function mayOpenFew() {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return process.features.require_module && Number(limit) < 1024;
  } catch {
    return false;
  }
}

/** Loads modules one after the other: to import them Node.js opens the files of all that one names at once. */
function readInTurn(load, specifier) {
  const { emitWarning } = process;
  try {
    // That Node.js calls it experimental is no news for the user.
    process.emitWarning = () => {};
    load(specifier);
  } catch {
    // Imported, it says what is wrong.
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Where the user keeps what can be made again; undefined where there is no such place. */
function cacheFolder() {
  const set = process.env['XDG_CACHE_HOME'] ?? '';
  try {
    return join(isAbsolute(set) ? set : join(homedir(), '.cache'), 'spoor', 'compiled');
  } catch {
    return undefined;
  }
}

/** Whether what a stat is of belongs to this user and no other may write it: what it holds is run. */
function isPrivate({ uid, mode }) {
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}

/**
 * What a file keeps, if nobody else can have written it and it is as it was written. It is there twice, and both must be
 * equal: V8 crashes on a compiled form of which a bit is wrong, for it looks at lengths alone, and to compare takes less
 * time than to load what computes checksums.
 */
function readPrivate(folder, name) {
  let descriptor;
  try {
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || !isPrivate(stat)) return undefined;
    descriptor = openSync(join(folder, name), 'r');
    const file = fstatSync(descriptor);
    if (!file.isFile() || !isPrivate(file) || file.size > largestBytes) return undefined;
    const bytes = Buffer.allocUnsafeSlow(file.size);
    if (readSync(descriptor, bytes, 0, file.size, 0) !== file.size) return undefined;
    const kept = bytes.subarray(0, file.size >> 1);
    return kept.length > 0 && kept.equals(bytes.subarray(kept.length)) ? kept : undefined;
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** Keeps a file, whole or not at all, and lets the oldest go. Where it cannot be kept nothing is said: it is not needed. */
function keep(folder, name, bytes) {
  try {
    // Below a home that is there, level by level: recursively, Node.js 20 never comes back from places like /proc.
    for (const made of [dirname(dirname(folder)), dirname(folder), folder]) {
      if (!existsSync(made)) mkdirSync(made, { mode: 0o700 });
    }
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || !isPrivate(stat)) return;
    const made = join(folder, `${process.pid}.tmp`);
    try {
      writeFileSync(made, Buffer.concat([bytes, bytes]), { mode: 0o600 });
      renameSync(made, join(folder, name));
    } catch (error) {
      rmSync(made, { force: true });
      throw error;
    }
    const kept = readdirSync(folder).map((file) => ({ file, ageMs: -statSync(join(folder, file)).mtimeMs }));
    kept.sort((left, right) => left.ageMs - right.ageMs);
    for (const { file } of kept.slice(mostKept)) unlinkSync(join(folder, file));
  } catch {
    // A full disk, no home, another process that was quicker.
  }
}
