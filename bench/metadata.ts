// What a kernel's metadata costs: the trace `many-threads` has 311 kB of it, 1181 event classes. Each process reads
// it once, as every command on a trace does, so the figures are those of code that V8 has not met before.
import { readMetadata } from '@spoor/ctf';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpusNeeds, corpusTrace } from '../tests/support/corpus.ts';
import { command as commandNeed, repoRoot } from '../tests/support/machine.ts';
import { atMost, command, compare, ratioAtMost, type Contender } from './harness.ts';

const lacking = [...corpusNeeds('tracecompass'), commandNeed('babeltrace2')].filter(({ met }) => !met);
if (lacking.length > 0) {
  console.log(`bench: metadata: left out, ${lacking.map(({ lack }) => lack).join('; ')}`);
  process.exit(0);
}

const scratch = mkdtempSync(join(tmpdir(), 'spoor-bench-metadata-'));
const metadata = join(scratch, 'trace', 'metadata');
mkdirSync(join(scratch, 'trace'));
cpSync(join(corpusTrace({ family: 'tracecompass', trace: 'many-threads' }), 'metadata'), metadata);
const bytes = readFileSync(metadata);

const program = `
import { readFileSync } from 'node:fs';
import { readMetadata } from '@spoor/ctf';
const bytes = readFileSync(process.argv[1]);
const before = process.cpuUsage();
const { streamClasses } = readMetadata(bytes);
const { user, system } = process.cpuUsage(before);
if (streamClasses[0].eventClasses.length !== 1181) throw new Error('wrong model');
console.log((user + system) / 1000);
`;
const bare = `
import { readFileSync } from 'node:fs';
import '@spoor/ctf';
readFileSync(process.argv[1]);
`;

const node = (text: string): string[] => [process.execPath, '--input-type=module', '-e', text, metadata];

/** The same in a process that has read it before, as a server or a live viewer does. */
const warm: Contender = {
  name: 'warm',
  run: () => {
    for (let round = 0; round < 10; round += 1) readMetadata(bytes);
    const began = performance.now();
    for (let round = 0; round < 10; round += 1) readMetadata(bytes);
    return { parseMs: (performance.now() - began) / 10 };
  },
};

try {
  await compare({
    name: 'metadata',
    question: "What does it cost to read a kernel's metadata of 1181 event classes?",
    contenders: [
      command('spoor', node(program), {
        cwd: repoRoot,
        stdout: 'text',
        read: (stdout) => ({ parseMs: Number(stdout) }),
      }),
      command('bare Node.js', node(bare), { cwd: repoRoot }),
      // Without a stream file the peer does nothing but read the metadata.
      command('babeltrace2', ['babeltrace2', join(scratch, 'trace')]),
      warm,
    ],
    judge: [
      atMost('spoor', 'parseMs', 100),
      atMost('warm', 'parseMs', 20),
      ratioAtMost('spoor', 'bare Node.js', 'cpuS'),
      ratioAtMost('spoor', 'babeltrace2', 'cpuS'),
    ],
    facts: { metadataBytes: bytes.byteLength },
  });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
