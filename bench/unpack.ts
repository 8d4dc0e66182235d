// What does it cost to unpack a trace that is packed with Zstandard or gzip, against the programs that pack them? Both write
// what they unpack to a file and check its checksum; Node.js, which has to start and compile, is charged.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command as commandNeed, repoRoot } from '../tests/support/machine.ts';
import { atMost, command, compare, ratioAtMost, type Contender } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const lacking = [commandNeed('zstd'), commandNeed('gzip')].filter(({ met }) => !met);
if (lacking.length > 0) {
  console.log(`bench: unpack: left out, ${lacking.map(({ lack }) => lack).join('; ')}`);
  process.exit(0);
}

const { dir } = await ustTrace();
const scratch = mkdtempSync(join(tmpdir(), 'spoor-bench-unpack-'));
const tar = join(scratch, 'trace.tar');

const program = `
import { openArchive } from '@spoor/archive';
import { nodeMeans } from '@spoor/archive/node';
import { FileSource } from '@spoor/ctf/node';
const files = openArchive(new FileSource(process.argv[1]), nodeMeans);
if (!files.some(({ path }) => path.endsWith('metadata'))) throw new Error('there is no trace in it');
`;

function run(...[name, ...args]: readonly [string, ...string[]]): void {
  const done = spawnSync(name, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${name}: ${done.stderr}`);
}

const spoor = (archive: string): Contender =>
  command(
    `spoor, ${archive}`,
    [process.execPath, '--input-type=module', '-e', program, join(scratch, archive)],
    {
      cwd: repoRoot,
    },
  );

try {
  run('tar', '-cf', tar, '-C', dir, '.');
  run('zstd', '-q', '-3', tar, '-o', `${tar}.zst`);
  run('gzip', '-k', tar);
  await compare({
    name: 'unpack',
    question: 'What does it cost to unpack a trace that is packed?',
    facts: Object.fromEntries(
      ['', '.zst', '.gz'].map((end) => [`tar${end.replace('.', '_')}Bytes`, statSync(tar + end).size]),
    ),
    contenders: [
      spoor('trace.tar.zst'),
      command('zstd', ['zstd', '-q', '-d', '-f', `${tar}.zst`, '-o', join(scratch, 'out')]),
      spoor('trace.tar.gz'),
      command('gzip', ['sh', '-c', 'exec gzip -dc "$1" >"$2"', 'sh', `${tar}.gz`, join(scratch, 'out')]),
    ],
    judge: [
      ratioAtMost('spoor, trace.tar.zst', 'zstd', 'cpuS', 6),
      ratioAtMost('spoor, trace.tar.gz', 'gzip', 'cpuS', 2),
      atMost('spoor, trace.tar.zst', 'peakRssBytes', 120e6),
      atMost('spoor, trace.tar.gz', 'peakRssBytes', 120e6),
    ],
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
