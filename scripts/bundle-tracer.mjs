// Makes the CommonJS files that the tracer loads into programs (packages/tracer/src/load-tracer.ts says why): one that
// every program loads, one for those that are traced, and another of what is loaded besides to record functions. Does
// nothing for a file that is newer than all that goes into it. Run by scripts/bootstrap.mjs, and before the tests.
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foreignLicenses } from './foreign-licenses.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'packages/tracer/dist');
/** Compiled packages that may go into the bundle. */
const inputs = ['base', 'ctf', 'filter', 'sys', 'ringbuffer', 'tracer'].map((name) =>
  join(root, 'packages', name, 'dist'),
);

/** When the newest compiled module was written. */
function newestMs(folder) {
  if (!existsSync(folder)) return 0;
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestMs(path));
    else if (entry.name.endsWith('.js')) newest = Math.max(newest, statSync(path).mtimeMs);
  }
  return newest;
}

/**
 * Has built-in modules loaded when something of them is first used: one that only some automatic events need (dns,
 * perf_hooks …) costs the start of a program up to a millisecond. And by another way than `require`, which makes of each a
 * module for `import` as well, and which a program may have put its own in the place of by then.
 */
function withLazyBuiltins(text) {
  const imported = [
    ...text.matchAll(/let (node_\w+) = require\("(node:[\w/]+)"\);(?:\s*\1 = __toESM\(\1, 1\);)?/g),
  ];
  if (imported.length === 0)
    throw new Error('the bundle imports built-in modules in another way than before');
  let lazy = text;
  for (const [statement, name, module] of imported) {
    const value = `(${name}??=__builtin("${module}"))`;
    lazy = lazy
      .replace(statement, '')
      // A default import is the module itself.
      .replace(new RegExp(`(?<![\\w.$])${name}\\.default\\b`, 'g'), () => value)
      .replace(new RegExp(`(?<![\\w.$])${name}\\.`, 'g'), () => `${value}.`);
    if (new RegExp(`(?<![\\w.$])${name}(?!\\w|\\?\\?=)`).test(lazy))
      throw new Error(`${name} is used as a whole`);
  }
  const names = imported.map(([, name]) => name).join(',');
  const head = `let ${names};const __builtin=process.getBuiltinModule;`;
  // The directive stays first.
  return lazy.replace(/^(?:[`'"]use strict[`'"];)?/, (directive) => `${directive}${head}`);
}

/** Other characters than ASCII by their codes: they are in texts only, and V8 reads two bytes a character where one is. */
function asAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Its whole text is one function: what wraps it need not be put around it in each program. */
function asFunction(text) {
  return `(function(exports,require,__filename){${text}\n})`;
}

/** Less text and fewer strings to compile; functions and classes keep their names, for stacks. */
const mangle = {
  toplevel: true,
  keepNames: true,
  reserved: ['require', 'exports', '__filename', '__dirname'],
};

/** What each bundle is made of, and what is done with its text: every program pays for the first one. */
const bundles = [
  // It also gets into children that an old Node.js runs.
  { input: 'preload.js', output: 'register.bundle.cjs', target: 'es2018', mangle },
  {
    input: 'start-thread.js',
    output: 'start-thread.bundle.cjs',
    before: withLazyBuiltins,
    after: (text) => asFunction(asAscii(text)),
    mangle,
  },
  { input: 'functions/start.js', output: 'functions.bundle.cjs' },
];

const same = (text) => text;

/** Makes the bundles that are not there or older than a module; answers whether there were any. */
export async function bundleTracer() {
  let isMade = false;
  for (const bundle of bundles) if (await makeBundle(bundle)) isMade = true;
  return isMade;
}

/** The text is finished in three steps: `before` is made short, and then `after`. */
async function makeBundle({ target = 'esnext', before = same, mangle = false, after = same, ...names }) {
  const input = join(dist, names.input);
  const output = join(dist, names.output);
  const isThere = existsSync(output);
  if (isThere && statSync(output).mtimeMs > Math.max(...inputs.map(newestMs))) return false;
  const { rolldown } = await import('rolldown');
  const { minifySync } = await import('rolldown/experimental');
  const licenses = foreignLicenses();
  const bundle = await rolldown({
    input,
    plugins: [licenses.plugin],
    platform: 'node',
    transform: { target },
    external: ['koffi', /^node:/],
    // The generated text of serialisers names no variables of the bundle, but stack traces do: names stay.
    onLog: (level, log, handler) => handler(level === 'warn' ? 'error' : level, log),
  });
  // Whole or absent, for programs that start meanwhile.
  const draft = `${output}.${process.pid}.draft.cjs`;
  try {
    await bundle.write({
      file: draft,
      format: 'cjs',
      // Wrappers must not see the global object where the program gave no `this`.
      strict: true,
      minify: false,
    });
    const { code, errors } = minifySync(draft, before(readFileSync(draft, 'utf8')), {
      compress: false,
      mangle,
      codegen: { removeWhitespace: true },
    });
    if (errors.length > 0) throw new Error(`${output}: ${errors[0].message}`);
    writeFileSync(draft, licenses.banner() + after(code));
    renameSync(draft, output);
  } finally {
    rmSync(draft, { force: true });
    await bundle.close();
  }
  return true;
}

/** For vitest (`globalSetup`): process tests run what was built. */
export async function setup() {
  if (existsSync(join(dist, 'start-thread.js'))) await bundleTracer();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleTracer();
