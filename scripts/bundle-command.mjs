// Makes packages/cli/dist/spoor.cjs of what `tsc -b` made: the command with all that it needs to read traces, as one
// file. CommonJS, because only of that Node.js 20 can keep V8's compiled form. What other verbs load when they run is
// left out: they find it beside the file, as they do without it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { foreignLicenses } from './foreign-licenses.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cli = join(root, 'packages/cli');

/** What the modules of verbs may bring along; all else of theirs is loaded when they run. */
const wanted = /^(?:commander|@spoor\/base)$|\/convert\/|component-options|\/(?:verb|map-options)\.js$/;

function isLeftOut(id, importer) {
  if (id === 'koffi' || id.startsWith('node:')) return true;
  // Tables need libraries that are larger than all the rest, and few people ask for them, or for the kernel's pages.
  if (/^@spoor\/components\/(?:arrow|ftrace|parquet)$/.test(id)) return true;
  return (
    importer !== undefined && /\/dist\/(?:commands|control)$/.test(dirname(importer)) && !wanted.test(id)
  );
}

const licenses = foreignLicenses();

/** Escapes of what is not ASCII, which stands in strings alone: one such character, and V8 takes two bytes for each. */
function ascii(code) {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

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
        for (const file of Object.values(files)) if (file.type === 'chunk') file.code = ascii(file.code);
      },
    },
  ],
  ssr: { noExternal: true, target: 'node' },
  build: {
    ssr: 'dist/main.js',
    target: 'node20',
    outDir: 'dist',
    emptyOutDir: false,
    minify: false,
    rolldownOptions: {
      external: isLeftOut,
      output: {
        format: 'cjs',
        codeSplitting: false,
        // Comments and spaces go, names stay: they are in messages of errors and in profiles.
        minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
        entryFileNames: 'spoor.cjs',
        postBanner: () => ascii(licenses.banner()),
      },
    },
  },
});
