// Makes the CommonJS files that the tracer loads into programs (packages/tracer/src/load-tracer.ts says why): one that
// every program loads, two for those that are traced (what their start takes, and what their first event takes), and
// another of what is loaded besides to record functions. Does nothing for a file that is newer than all that goes into it.
// Run by scripts/bootstrap.mjs, and before the tests.
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
    ...text.matchAll(
      /let (node_\w+) = require\("(node:[\w/]+)"\);(?:\s*\1 = (?:require_\w+\.)?__toESM\(\1, 1\);)?/g,
    ),
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
  // The directive stays first.
  return lazy.replace('"use strict";', (directive) => `${directive}let ${names};`);
}

/** What a bundle requires by its own place is required by that of the bundle: to make another `require` loads much. */
function withOwnRequire(text) {
  const made = '(0, node_module.createRequire)(require("url").pathToFileURL(__filename).href)';
  if (!text.includes(made)) throw new Error('the bundle makes its require in another way than before');
  return text.replaceAll(made, 'require');
}

/** Other characters than ASCII by their codes: they are in texts only, and V8 reads two bytes a character where one is. */
function asAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Text that is one function: what wraps it need not be put around it in each program. */
function functionText(parameters, text) {
  return `(function(${parameters}){"use strict";${text.replace(/^[`'"]use strict[`'"];/, '')}\n})`;
}

/** How the bundler writes that two files require each other, and what each has for the other. */
const requireLines = /^const require_\w+ = require\("\.\/[\w-]+\.cjs"\);$/gm;
const exportLines =
  /^(?:exports\.(?<name>\w+) = (?<own>[\w$]+);|Object\.defineProperty\(exports, (?:Symbol.*|"(?<got>\w+)", \{\n.*\n.*\n *return (?<from>[\w$]+);\n.*\n\}\);))$/gm;

/**
 * Of two files that require each other, makes functions of which the first calls the second when it first uses something of that,
 * by `loadSecond`, with what that wants of the first: all of it must have been made by then, and be never assigned anew. By
 * place, not by name: objects with a hundred properties take V8 as long to make as all else.
 */
function partInTwo(...chunks) {
  const [first, second] = chunks.map(({ name, code }) => {
    const exported = new Map(
      [...code.matchAll(exportLines)].map(({ groups: { name, own, got, from } }) => [
        name ?? got,
        own ?? from,
      ]),
    );
    const text = code.replace(requireLines, '').replace(exportLines, '');
    const left = /.*(?:\brequire\("\.|^exports\.|\(exports,).*/m.exec(text)?.[0];
    if (left !== undefined) throw new Error(`the bundle is parted in another way than before: ${left}`);
    return { exported, text, uses: new RegExp(`\\brequire_${name.replaceAll('-', '_')}\\.(\\w+)`, 'g') };
  });
  const assigned = new Set(
    [...`${first.text}${second.text}`.matchAll(/^let ([\w$]+)/gm)].map(([, name]) => name),
  );
  /** What one of them uses of the other: by the name for that, the own one. */
  const usesIn = ({ text }, { uses, exported }) =>
    new Map(
      [...text.matchAll(uses)].map(([, name]) => {
        const own = exported.get(name);
        if (own === undefined || assigned.has(own)) throw new Error(`${name} may change`);
        return [name, own];
      }),
    );
  const wanted = usesIn(second, first);
  const given = usesIn(first, second);
  const places = new Map([...given.keys()].map((name, place) => [name, place]));
  return [
    functionText(
      ['require', '__filename', 'loadSecond'],
      `let __second;const __builtin=process.getBuiltinModule;
function __load(){return loadSecond(__builtin,${[...wanted.values()]})}
${first.text.replace(second.uses, (_, name) => `(__second??=__load())[${places.get(name)}]`)}`,
    ),
    functionText(
      ['require', '__filename', '__builtin', ...[...wanted.keys()].map((name) => `__first_${name}`)],
      `${second.text.replace(first.uses, (_, name) => `__first_${name}`)}return[${[...given.values()]}];`,
    ),
  ];
}

/** Less text and fewer strings to compile; functions and classes keep their names, for stacks. */
const mangle = {
  toplevel: true,
  keepNames: true,
  reserved: ['require', 'exports', '__filename', '__dirname'],
};

/**
 * Modules of which a thread needs nothing before its first event: to have compiled what they are takes a tenth of its start.
 * None of them may take built-ins as it is evaluated, which the program may have replaced by then.
 */
const firstEventModules = new RegExp(
  `/(?:${[
    'ringbuffer/dist/(?:reader|producer|ring-file|copier|reader-waker|counter-file|reader-progress|snapshot-process|ring-store|ring-header|ring-state|counter-reader|counter-text)',
    'sys/dist/(?:library|memory|owned-descriptor)',
    'ctf/dist/(?:tsdl-field-writer|tsdl-writer|tsdl-names|tsdl-lexer|tsdl-plain-event|emitter|lttng-layout|implied-roles|field-classes)',
    'filter/dist/(?:program|parser|lexer|emit|integers|evaluate|name-template|compile|print|expression)',
    'tracer/dist/(?:emit-serialiser|walk|emit-coerce|filter-access|string-cache|coerce|serialiser|emit-write|emit-filter|compile|walk-first|text|tracepoint-list|trace-class)',
  ].join('|')})\\.js$`,
);

const forTraced = (text) => withLazyBuiltins(withOwnRequire(text));

/** What each bundle is made of, and what is done with its text: every program pays for the first one. */
const bundles = [
  // It also gets into children that an old Node.js runs.
  { input: 'preload.js', outputs: ['register.bundle.cjs'], target: 'es2018', mangle },
  {
    input: 'start-thread.js',
    outputs: ['start-thread.bundle.cjs', 'first-event.bundle.cjs'],
    second: firstEventModules,
    before: forTraced,
    after: asAscii,
    mangle,
  },
  { input: 'functions/start.js', outputs: ['functions.bundle.cjs'] },
];

const same = (text) => text;

/** Makes the bundles that are not there or older than a module; answers whether there were any. */
export async function bundleTracer() {
  let isMade = false;
  for (const bundle of bundles) if (await makeBundle(bundle)) isMade = true;
  return isMade;
}

/** The texts are finished in three steps: `before` is made short, and then `after`. */
async function makeBundle({
  target = 'esnext',
  second,
  before = same,
  mangle = false,
  after = same,
  ...names
}) {
  const input = join(dist, names.input);
  const outputs = names.outputs.map((name) => join(dist, name));
  const newestInputMs = Math.max(...inputs.map(newestMs));
  if (outputs.every((output) => existsSync(output) && statSync(output).mtimeMs > newestInputMs)) return false;
  const { rolldown } = await import('rolldown');
  const { minifySync } = await import('rolldown/experimental');
  const licenses = foreignLicenses();
  const bundle = await rolldown({
    input,
    plugins: [licenses.plugin],
    platform: 'node',
    transform: { target },
    external: ['koffi', /^node:/],
    preserveEntrySignatures: 'allow-extension',
    // The generated text of serialisers names no variables of the bundle, but stack traces do: names stay.
    onLog: (level, log, handler) => handler(level === 'warn' ? 'error' : level, log),
  });
  try {
    const { output: chunks } = await bundle.generate({
      format: 'cjs',
      // Wrappers must not see the global object where the program gave no `this`.
      strict: true,
      minify: false,
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      ...(second && {
        codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: 'second', test: second }] },
      }),
    });
    const named = (name) => chunks.find((chunk) => chunk.name === name);
    const texts = second ? partInTwo(chunks[0], named('second')) : [chunks[0].code];
    for (const [index, output] of outputs.entries()) {
      const { code, errors } = minifySync(output, before(texts[index]), {
        compress: false,
        mangle,
        codegen: { removeWhitespace: true },
      });
      if (errors.length > 0) throw new Error(`${output}: ${errors[0].message}`);
      // Whole or absent, for programs that start meanwhile.
      const draft = `${output}.${process.pid}.draft.cjs`;
      try {
        writeFileSync(draft, licenses.banner() + after(code));
        renameSync(draft, output);
      } finally {
        rmSync(draft, { force: true });
      }
    }
  } finally {
    await bundle.close();
  }
  return true;
}

/** For vitest (`globalSetup`): process tests run what was built. */
export async function setup() {
  if (existsSync(join(dist, 'start-thread.js'))) await bundleTracer();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleTracer();
