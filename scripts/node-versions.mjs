// Installs the releases of Node.js that tests/tiers run programs with, as tests/node-versions pins them, into
// `.cache/node-versions`. Does nothing when they are there.
// Prints a line each: major version, path of the program. Usage: node scripts/node-versions.mjs
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifestFolder = join(root, 'tests/node-versions');
/** What is installed from; the lock file has the hash of each package. */
const inputs = ['package.json', 'package-lock.json'];
/** Where the major versions are: one folder a content of the lock file, so that a change of it is seen. */
const cache = join(root, '.cache/node-versions');
/** The registry may be busy. */
const attempts = 3;

function lockHash() {
  const hash = createHash('sha256');
  for (const name of inputs) hash.update(readFileSync(join(manifestFolder, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The installed releases: path of the program by major version. */
function installedNodes() {
  const folder = join(cache, lockHash(), 'node_modules');
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder)
      .sort()
      .flatMap((name) => {
        const major = /^node-(\d+)-/.exec(name)?.[1];
        const path = join(folder, name, 'bin/node');
        return major !== undefined && existsSync(path) ? [[major, path]] : [];
      }),
  );
}

/** Installs what is not there yet; answers an error's text, or undefined when all is well. */
function installNodes() {
  if (installedNodes().size > 0) return undefined;
  const folder = join(cache, lockHash());
  const draft = `${folder}.${process.pid}.draft`;
  let failure;
  try {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft, { recursive: true });
      for (const name of inputs) copyFileSync(join(manifestFolder, name), join(draft, name));
      const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
      const done = spawnSync('npm', args, { cwd: draft, encoding: 'utf8', timeout: 240_000 });
      failure =
        done.status === 0 ? undefined : `npm ci failed: ${done.stderr?.trim() || done.error?.message}`;
      if (failure === undefined) break;
    }
    if (failure !== undefined) return failure;
    const modules = join(draft, 'node_modules');
    // Headers and manuals are a third of it.
    for (const name of readdirSync(modules).filter((one) => one.startsWith('node-'))) {
      for (const part of ['include', 'share'])
        rmSync(join(modules, name, part), { recursive: true, force: true });
    }
    renameSync(draft, folder);
  } catch (error) {
    // Somebody else was quicker, perhaps.
    if (installedNodes().size === 0) return error.message;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return installedNodes().size > 0 ? undefined : `there is no Node.js for ${process.arch} among them`;
}

const failure = installNodes();
if (failure !== undefined) console.error(`spoor: the releases of Node.js could not be installed: ${failure}`);
else for (const [major, path] of installedNodes()) console.log(`${major} ${path}`);
process.exitCode = failure === undefined ? 0 : 1;
