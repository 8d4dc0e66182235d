// How fast is a trace of five million events counted, decoded and printed, against babeltrace2?
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, command, compare, faster, spend } from './harness.ts';
import { textFacts } from './support/text-facts.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace();

const spoor = [process.execPath, spoorProgram];
const utc = { env: { TZ: 'UTC' } };

/** Size and digest of what a command prints. */
async function digestOf(argv: readonly string[]): Promise<string> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...utc.env },
  });
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of child.stdout) {
    hash.update(chunk as Uint8Array);
    sizeBytes += (chunk as Uint8Array).byteLength;
  }
  return `${sizeBytes} bytes, sha256 ${hash.digest('hex').slice(0, 16)}…`;
}

// Figures of different texts could not be compared.
const text = await digestOf([...spoor, '--workers', '1', dir]);
const textByTwo = await digestOf([...spoor, '--workers', '2', dir]);
const peerText = await digestOf(['babeltrace2', dir]);
if (text !== peerText || textByTwo !== peerText) {
  throw new Error(`the texts differ: ${text}, ${textByTwo} and ${peerText}`);
}

// Nor those of a decoder that finds other values than text shows.
const decoder = join(import.meta.dirname, 'support', 'decode-fields.js');
const decoded = await spend([process.execPath, decoder, dir, 'check'], { stdout: 'text' });
const shown = await textFacts(['babeltrace2', dir]);
if (decoded.stdout.trim() !== shown) {
  throw new Error(`the fields differ: ${decoded.stdout.trim()} and, in the text, ${shown}`);
}

await compare({
  name: 'read',
  question: 'How fast is a trace counted and printed?',
  facts: { events, 'text of both': text, 'sums of fields of both': shown },
  contenders: [
    command('spoor count', [...spoor, '-o', 'dummy', dir]),
    command('babeltrace2 count', ['babeltrace2', '-o', 'dummy', dir]),
    command('spoor fields', [...spoor, '-c', 'sink.utils.dummy', '-p', 'decode=yes', dir]),
    command('spoor text', [...spoor, '--workers', '1', dir], utc),
    command('spoor text by two', [...spoor, '--workers', '2', dir], utc),
    command('babeltrace2 text', ['babeltrace2', dir], utc),
  ],
  judge: [
    faster('spoor count', 'babeltrace2 count', 'cpuS', 8),
    // babeltrace2 decodes all fields to count events.
    faster('spoor fields', 'babeltrace2 count', 'cpuS', 5),
    faster('spoor text', 'babeltrace2 text', 'cpuS', 4),
    faster('spoor text by two', 'babeltrace2 text', 'wallS', 6),
    atMost('spoor count', 'peakRssBytes', 80e6),
    atMost('spoor fields', 'peakRssBytes', 80e6),
    atMost('spoor text', 'peakRssBytes', 80e6),
  ],
});
