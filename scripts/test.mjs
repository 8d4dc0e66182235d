// `npm test`: the static checks, then every test; ends with the skipped suites, each with what it lacks,
// and one line `N passed, N failed, N skipped`. Arguments are handed to vitest (a file name filter, for one).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks } from './check.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const reportPath = join(root, '.cache', 'vitest.json');
mkdirSync(dirname(reportPath), { recursive: true });
rmSync(reportPath, { force: true });

const checks = runChecks();
const vitest = spawnSync(
  join(root, 'node_modules', '.bin', 'vitest'),
  [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);

let passed = checks.passed;
let failed = checks.failed.length;
let skipped = 0;
if (existsSync(reportPath)) {
  const report = JSON.parse(readFileSync(reportPath, 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  const lacking = new Map();
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      failed += 1;
      console.log(`failed to load: ${relative(root, file.name)}`);
    }
    for (const test of file.assertionResults) {
      if (test.status === 'failed') console.log(`failed: ${relative(root, file.name)}: ${test.fullName}`);
      if (test.status !== 'skipped' && test.status !== 'pending' && test.status !== 'todo') continue;
      const suite = `${relative(root, file.name)}: ${test.ancestorTitles.join(' › ') || test.title}`;
      lacking.set(suite, (lacking.get(suite) ?? 0) + 1);
    }
  }
  for (const [suite, count] of lacking) console.log(`skipped: ${suite} (${count})`);
}
if (vitest.status !== 0 && failed === 0) {
  failed = 1;
  console.log('failed: the test runner ended with an error that belongs to no test (see above)');
}
for (const name of checks.failed) console.log(`failed: ${name}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
