// `npm test`: the static checks, then every test; ends with the skipped suites, each with what it lacks,
// and one line `N passed, N failed, N skipped`. Arguments are handed to vitest (a file name filter, for one).
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './check.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tallyPath = join(root, '.cache', 'tests.json');
mkdirSync(dirname(tallyPath), { recursive: true });
rmSync(tallyPath, { force: true });

/** What the reporter has written of the tests; undefined before. */
function tally() {
  return existsSync(tallyPath) ? JSON.parse(readFileSync(tallyPath, 'utf8')) : undefined;
}

/** Runs the tests in a process group of their own, which ends as a whole. Resolves to whether all was well. */
function runTests() {
  const reporters = ['--reporter=default', '--reporter=./scripts/tally-reporter.mjs'];
  const vitest = spawn(
    join(root, 'node_modules', '.bin', 'vitest'),
    ['run', ...reporters, ...process.argv.slice(2)],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: { ...process.env, SPOOR_TEST_TALLY: tallyPath },
    },
  );
  const group = vitest.pid;
  const end = (signal) => {
    if (group !== undefined && vitest.exitCode === null) process.kill(-group, signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal));
  const watch = setInterval(() => {
    if (tally()?.stalled === true) end('SIGKILL');
  }, 1000);
  return new Promise((resolve) => {
    vitest.on('close', (status) => {
      clearInterval(watch);
      resolve(status === 0);
    });
  });
}

const checks = runChecks();
const isWell = await runTests();
const { passed, failed, skipped, lacking } = tally() ?? { passed: 0, failed: [], skipped: 0, lacking: {} };
for (const name of failed) console.log(`failed: ${name}`);
for (const [suite, count] of Object.entries(lacking)) console.log(`skipped: ${suite} (${count})`);
if (!isWell && failed.length === 0) {
  failed.push('the test runner');
  console.log('failed: the test runner ended with an error that belongs to no test (see above)');
}
for (const name of checks.failed) console.log(`failed: ${name}`);
const failures = failed.length + checks.failed.length;
console.log(`${passed + checks.passed} passed, ${failures} failed, ${skipped} skipped`);
process.exitCode = failures === 0 ? 0 : 1;
