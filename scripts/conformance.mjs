// `npm run conformance`: compiles tests/conformance/table.ts and runs it.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = join(root, '.cache', 'conformance', 'js');
rmSync(outDir, { recursive: true, force: true });
const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
const compiled = spawnSync(
  join(root, 'node_modules', '.bin', 'tsc'),
  ['-p', 'tsconfig.conformance.json'],
  options,
);
if (compiled.status !== 0) process.exit(1);
const table = join(outDir, 'tests', 'conformance', 'table.js');
process.exitCode = spawnSync(process.execPath, ['--enable-source-maps', table], options).status ?? 1;
