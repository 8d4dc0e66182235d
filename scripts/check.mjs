// The checks that run no test: types, lint, format. Each prints its name and time; any failure makes exit status 1.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules', '.bin', name);

const checks = [
  ['types of the packages', 'tsc', ['-b']],
  ['types of tests, benchmarks and scripts', 'tsc', ['-p', 'tsconfig.tests.json']],
  ...(existsSync(join(root, 'packages/viewer/src'))
    ? [['types of the viewer', 'tsc', ['-p', 'packages/viewer']]]
    : []),
  ['lint', 'oxlint', ['--type-aware', '--deny-warnings']],
  ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
];

/** Runs all checks; returns how many passed and which failed. */
export function runChecks() {
  const failed = [];
  for (const [name, tool, args] of checks) {
    const began = performance.now();
    const done = spawnSync(bin(tool), args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    const verdict = done.status === 0 ? 'ok' : 'FAILED';
    if (done.status !== 0) failed.push(name);
    console.log(`check: ${name}: ${verdict} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  }
  return { passed: checks.length - failed.length, failed };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = runChecks().failed.length === 0 ? 0 : 1;
}
