// What does it cost to unpack a trace that is packed with Zstandard, against zstd itself? Node.js, which has to start and
// compile, is charged; the checksum is checked by both.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command as commandNeed, repoRoot } from '../tests/support/machine.ts';
import { atMost, command, compare, ratioAtMost } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const lack = commandNeed('zstd');
if (!lack.met) {
  console.log(`bench: unpack: left out, ${lack.lack}`);
  process.exit(0);
}

const { dir } = await ustTrace();
const scratch = mkdtempSync(join(tmpdir(), 'spoor-bench-unpack-'));
const archive = join(scratch, 'trace.tar.zst');

const program = `
import { readFileSync } from 'node:fs';
import { ZstdFrames } from '@spoor/archive';
import { MemorySource } from '@spoor/ctf';
const bytes = readFileSync(process.argv[1]);
let unpackedBytes = 0;
const end = new ZstdFrames().unpack(new MemorySource('A', bytes), 0, (part) => void (unpackedBytes += part.length));
if (end !== bytes.length) throw new Error('there is more than one frame');
console.log(unpackedBytes);
`;

try {
  const tar = spawnSync('tar', ['-cf', '-', '-C', dir, '.'], { maxBuffer: 2 ** 31 });
  const packed = spawnSync('zstd', ['-q', '-3', '-c'], { input: tar.stdout, maxBuffer: 2 ** 31 });
  if (tar.status !== 0 || packed.status !== 0) throw new Error('the trace cannot be packed');
  writeFileSync(archive, packed.stdout);
  await compare({
    name: 'unpack',
    question: 'What does it cost to unpack a trace that is packed with Zstandard?',
    facts: { packedBytes: packed.stdout.length, unpackedBytes: tar.stdout.length },
    contenders: [
      command('spoor', [process.execPath, '--input-type=module', '-e', program, archive], {
        cwd: repoRoot,
        stdout: 'text',
        read: (stdout) => ({ unpackedBytes: Number(stdout) }),
      }),
      command('zstd', ['zstd', '-q', '-t', archive]),
    ],
    judge: [ratioAtMost('spoor', 'zstd', 'cpuS', 8), atMost('spoor', 'peakRssBytes', 200e6)],
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
