// Makes packages/cli/dist/spoor.cjs of what `tsc -b` made: the command with all that it needs to read traces, as one
// file; control.cjs, the verbs about sessions with all that they need; report.cjs, the verb `report` with what reads the
// kernel's pages; and record.cjs, the verb `record` and its consumer, without what records the kernel. CommonJS, because only of that Node.js 20 can
// keep V8's compiled form. What other verbs load when they run is left out: they find it beside the file, as they do
// without it.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { foreignLicenses } from './foreign-licenses.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'packages/cli');

/** What the modules of verbs may bring along; all else of theirs is loaded when they run. */
const wanted =
  /^(?:commander|@spoor\/base)$|\/convert\/|component-options|\/(?:verb|sessions-verb|map-options|report-thread|show-by|units)\.js$|^@spoor\/sys\/open-files$/;

function isLeftOutOfReading(id, importer) {
  if (id === 'koffi' || id.startsWith('node:')) return true;
  // Tables need libraries that are larger than all the rest, and few people ask for them, or for the kernel's pages.
  if (/^@spoor\/(?:components\/(?:arrow|ftrace|parquet|raw-rings|report)|sessiond\/record)$/.test(id))
    return true;
  return (
    importer !== undefined && /\/dist\/(?:commands|control)$/.test(dirname(importer)) && !wanted.test(id)
  );
}

/** What verbs about sessions may be made of. */
const mayBeOfVerbs =
  /^(?:commander|@spoor\/(?:base|control|filter|tracer\/names|sys\/open-files))$|\/packages\/cli\/dist\/(?:(?:control|lttng|commands)\/)?[\w-]+\.js$|\/cli\/dist\/record\/values\.js$/;

/** The modules that one imports before it runs, and so on; of the command's own modules alone. */
const importsOf = new Map();
function staticImports(path) {
  let known = importsOf.get(path);
  if (known === undefined) {
    known = new Set();
    importsOf.set(path, known);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    for (const [, id] of text.matchAll(
      /^(?:import|export|\})[^'"(]*? from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]/gm,
    )) {
      const full = id.startsWith('.') ? join(dirname(path), id) : id;
      known.add(full);
      if (id.startsWith('.')) for (const further of staticImports(full)) known.add(further);
    }
  }
  return known;
}

/**
 * A module is left out whole, with all that it imports: what is left out of a module that is not would be loaded with it,
 * whichever verb runs.
 */
function isLeftOutOfVerbs(id, importer) {
  if (id === 'koffi' || id.startsWith('node:')) return true;
  if (/node_modules|\/packages\/(?!cli\/)/.test(importer ?? '')) return false;
  const path = id.startsWith('.') && importer !== undefined ? join(dirname(importer), id) : id;
  if (!mayBeOfVerbs.test(path))
    return !/node_modules|\/packages\/(?:base|control|filter|tracer|sys)\//.test(path);
  return [...staticImports(path)].some((name) => !name.startsWith('node:') && !mayBeOfVerbs.test(name));
}

/** Modules that `record` loads when they are needed: which start threads of files beside them, or look where they lie. */
const besideRecord = /\/(?:kernel-dry-run|probe-place|installed)\.js$|^@spoor\/sessiond\/kernel-part$/;

/** Escapes of what is not ASCII, which stands in strings alone: one such character, and V8 takes two bytes for each. */
function ascii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** @param isLeftOut whether a module is loaded when it is needed, from beside the file. */
async function bundle(input, output, isLeftOut) {
  const licenses = foreignLicenses();
  await build({
    root: cli,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [
      licenses.plugin,
      {
        name: 'script',
        // A script cannot import; who runs it gives it a function that does.
        renderChunk: (code) => ({ code: code.replaceAll(/\bimport\(/g, 'importModule('), map: null }),
        // Behind the minifier, which would write escaped characters as themselves again.
        generateBundle(_options, files) {
          for (const file of Object.values(files)) {
            if (file.type !== 'chunk') continue;
            const elsewhere = file.imports.filter((id) => isAbsolute(id));
            if (elsewhere.length > 0) {
              throw new Error(`${output} would look for ${elsewhere.join(', ')} on every machine`);
            }
            file.code = ascii(file.code);
          }
        },
      },
    ],
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: `dist/${input}`,
      target: 'node20',
      outDir: 'dist',
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        // Asked by the name in the source alone: it is asked again by the path that was found for the name, which no rule
        // knows; whether that made a module of all importers a path of this machine hung on who asked first.
        external: (id, importer, isResolved) => !isResolved && isLeftOut(id, importer),
        output: {
          format: 'cjs',
          codeSplitting: false,
          // Comments and spaces go, names stay: they are in messages of errors and in profiles.
          minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
          entryFileNames: output,
          postBanner: () => ascii(licenses.banner()),
        },
      },
    },
  });
}

await bundle('main.js', 'spoor.cjs', isLeftOutOfReading);
await bundle('verb-main.js', 'control.cjs', isLeftOutOfVerbs);
await bundle(
  'record-main.js',
  'record.cjs',
  (id) => id === 'koffi' || id.startsWith('node:') || besideRecord.test(id),
);
await bundle('report-main.js', 'report.cjs', (id) => id === 'koffi' || id.startsWith('node:'));
