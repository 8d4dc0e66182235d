// Makes a checkout ready to run: dependencies, compiled packages, the viewer's page.
// Uses Node's built-in modules only, and does nothing that an unchanged checkout does not need.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTracer } from './bundle-tracer.mjs';
import { removeStale } from './remove-stale.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`spoor: Node.js 20.19 or newer is needed, this is ${process.versions.node}.`);
  process.exit(1);
}

/** Runs a command in the checkout, its output on stderr; ends this process if it fails. */
function run(command, args, what) {
  const began = performance.now();
  process.stderr.write(`spoor: ${what}…\n`);
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    process.stderr.write(`spoor: ${what} failed (${done.error?.message ?? `exit ${done.status}`}).\n`);
    process.exit(1);
  }
  process.stderr.write(`spoor: ${what}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

/** Path and content of each file under the given places, as one hash. */
function hashOf(places) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) {
        if (name !== 'node_modules' && name !== 'dist') visit(join(path, name));
      }
    } else {
      hash.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0');
    }
  };
  for (const place of places) visit(join(root, place));
  return hash.digest('hex');
}

/** Does the work only when the hash of its inputs differs from the stamp that the last time left. */
function whenChanged(stamp, hash, needed, work) {
  const path = join(root, stamp);
  if (!needed && existsSync(path) && readFileSync(path, 'utf8') === hash) return;
  work();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hash);
}

const bin = (name) => join(root, 'node_modules', '.bin', name);

whenChanged(
  'node_modules/.lock-hash',
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex'),
  !existsSync(bin('tsc')),
  () => run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'installing dependencies'),
);

run(bin('tsc'), ['-b'], 'compiling');
for (const name of readdirSync(join(root, 'packages'))) removeStale(join(root, 'packages', name));
await bundleTracer();

const commands = ['spoor.cjs', 'control.cjs', 'report.cjs', 'record.cjs'].map((name) =>
  join(root, 'packages/cli/dist', name),
);
const compiledMs = readdirSync(join(root, 'packages')).map(
  (name) =>
    statSync(join(root, 'packages', name, 'dist/.tsbuildinfo'), { throwIfNoEntry: false })?.mtimeMs ?? 0,
);
const changedMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1;
if (Math.min(...commands.map(changedMs)) < Math.max(...compiledMs)) {
  run(process.execPath, [join(root, 'scripts/bundle-command.mjs')], 'bundling the command');
}
const chapter = join(root, 'docs/manual/filter.md');
if (changedMs(join(root, 'packages/cli/man/spoor.1')) < Math.max(changedMs(chapter), ...compiledMs)) {
  run(process.execPath, [join(root, 'scripts/man-pages.mjs')], 'writing the manual pages');
}

if (existsSync(join(root, 'packages/viewer/vite.config.ts'))) {
  whenChanged(
    'packages/viewer/dist/.inputs-hash',
    hashOf([
      'packages/viewer',
      'packages/base/src',
      'packages/store/src',
      'packages/server/src',
      'package-lock.json',
    ]),
    !existsSync(join(root, 'packages/viewer/dist/index.html')),
    () => run(bin('vite'), ['build', '--logLevel', 'warn', 'packages/viewer'], 'building the viewer'),
  );
}
