// `npm run fuzz -- [--minutes N] [--seed N] [--target NAME] [--case N]`: fuzzes the readers of traces, metadata, index
// files, filters and archives. Prints the seed, by which a run is had again; what it finds is made small and saved below
// `.cache/fuzz/finds`. Ends with status 1 when there was a find, a crash, a hang or too much memory.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    target: { type: 'string' },
    case: { type: 'string' },
  },
});
/** A case that uses more processor time than this is endless. */
const mostCpuS = 60;
const cache = join(root, '.cache', 'fuzz');
const outDir = join(cache, 'js');
rmSync(outDir, { recursive: true, force: true });
const compiled = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.fuzz.json'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (compiled.status !== 0) process.exit(1);

const finds = join(cache, 'finds');
mkdirSync(finds, { recursive: true });
const progress = join(cache, `progress-${process.pid}`);
console.log(
  `fuzz: seed ${values.seed}, ${values.case === undefined ? `${values.minutes} minutes` : 'one case'}`,
);

/** Processor time of a process in seconds; 0 once it is gone. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

const options = ['seed', 'target', 'case'].flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}`, values[name]],
);
const child = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    // What a reader may hold at most, whatever a trace says of itself.
    '--max-old-space-size=512',
    join(outDir, 'tests', 'fuzz', 'worker.js'),
    '--seconds',
    String(Number(values.minutes) * 60),
    '--finds',
    finds,
    '--progress',
    progress,
    ...options,
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);

let at = '';
let since = 0;
const watch = setInterval(() => {
  let now = at;
  try {
    now = readFileSync(progress, 'utf8').trim();
  } catch {
    // Not begun yet.
  }
  const spent = cpuSeconds(child.pid);
  if (now !== at) {
    at = now;
    since = spent;
  } else if (spent - since > mostCpuS) {
    console.log(`fuzz: endless: seed ${values.seed}, ${at}`);
    child.kill('SIGKILL');
  }
}, 1000);
child.on('close', (status, signal) => {
  clearInterval(watch);
  rmSync(progress, { force: true });
  if (status === null || status > 1)
    console.log(`fuzz: ended by ${signal ?? status} in ${at} of seed ${values.seed}`);
  process.exitCode = status ?? 1;
});
