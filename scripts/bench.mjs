// `npm run bench [NAME…]`: compiles bench/*.ts into .cache/bench/js and runs the named ones, or all, one after the
// other, each in a process of its own. Options after `--` are handed to each benchmark. Ends with status 1 when a
// benchmark breaks; a missed goal is shown in its table and by status 3 with SPOOR_BENCH_STRICT=1.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = join(root, '.cache', 'bench', 'js');
const known = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.ts') && name !== 'harness.ts')
  .map((name) => name.slice(0, -3))
  .sort();

const words = process.argv.slice(2);
const firstOption = words.findIndex((word) => word.startsWith('-'));
const names = firstOption === -1 ? words : words.slice(0, firstOption);
const options = firstOption === -1 ? [] : words.slice(firstOption);
if (names.length === 0 && options.length > 0) {
  console.error(`bench: name what gets ${options.join(' ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no benchmark named ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}

rmSync(outDir, { recursive: true, force: true });
const compiled = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.bench.json'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (compiled.status !== 0) process.exit(1);

// Certificates that Node.js 20 reads at each start, where this names them: three times as long as all else an empty program does.
const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env;

const broken = [];
const missed = [];
for (const name of names.length > 0 ? names : known) {
  const report = join(root, '.cache', 'bench', `${name}.json`);
  rmSync(report, { force: true });
  const done = spawnSync(
    process.execPath,
    ['--enable-source-maps', join(outDir, 'bench', `${name}.js`), ...options],
    { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (done.status !== 0) {
    broken.push(name);
    console.error(`bench: ${name} ended with ${done.signal ?? `status ${done.status}`}`);
  } else if (existsSync(report)) {
    const { verdicts } = JSON.parse(readFileSync(report, 'utf8'));
    for (const verdict of verdicts) if (verdict.met === false) missed.push(`${name}: ${verdict.text}`);
  }
}
for (const text of missed) console.log(`missed: ${text}`);
for (const name of broken) console.log(`broken: ${name}`);
if (broken.length > 0) process.exitCode = 1;
else if (missed.length > 0 && process.env.SPOOR_BENCH_STRICT === '1') process.exitCode = 3;
