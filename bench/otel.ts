// What does it cost an OpenTelemetry span to be recorded, against the SDK's own ways to OTLP: batched and serialised,
// batched and sent, each span sent by itself? The ring is overwritten and nobody reads it: the program's cost alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { withUnreadRing } from './support/unread-ring.ts';

const spans = 40_960;
/** Of those that are sent one by one, which take a hundred times as long. */
const sentSpans = 2048;
const loop = join(import.meta.dirname, 'support', 'otel-loop.js');

async function runLoop(
  processor: string,
  env: Readonly<Record<string, string>>,
  count = spans,
  ...collector: readonly string[]
): Promise<Sample> {
  const args = [loop, processor, String(count), ...collector];
  const { stdout } = await spend([process.execPath, ...args], { stdout: 'text', env });
  return JSON.parse(stdout) as Sample;
}

/** With a collector, a process of its own, that takes everything. */
async function runSent(processor: string, count: number): Promise<Sample> {
  const program = `require('node:http').createServer((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
  const collector = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [port] = (await once(collector.stdout, 'data')) as [Buffer];
    return await runLoop(processor, {}, count, port.toString().trim());
  } finally {
    collector.kill();
  }
}

await compare({
  name: 'otel',
  question: 'What does recording an OpenTelemetry span cost, against exporting it?',
  contenders: [
    { name: 'spoor, recorded', run: () => withUnreadRing({}, (env) => runLoop('spoor', env)) },
    { name: 'spoor, not recorded', run: () => runLoop('spoor', {}) },
    { name: 'batch to OTLP/JSON', run: () => runLoop('batch', {}) },
    { name: 'batch, sent', run: () => runSent('batch', spans) },
    { name: 'simple, sent', run: () => runSent('simple', sentSpans) },
  ],
  judge: [
    // The work that each way does for a span that is made anyway: up to the ring, up to the text, up to the answer.
    ratioAtMost('spoor, recorded', 'batch to OTLP/JSON', 'workNs', 0.4),
    ratioAtMost('spoor, recorded', 'batch, sent', 'workNs', 0.3),
    ratioAtMost('spoor, recorded', 'simple, sent', 'workNs', 0.02),
    ratioAtMost('spoor, recorded', 'batch to OTLP/JSON', 'addedNs', 0.4),
    ratioAtMost('spoor, recorded', 'batch, sent', 'addedNs'),
    ratioAtMost('spoor, recorded', 'simple, sent', 'addedNs', 0.0333),
    ratioAtMost('spoor, recorded', 'batch to OTLP/JSON', 'spanNs'),
    ratioAtMost('spoor, not recorded', 'batch to OTLP/JSON', 'spanNs'),
  ],
  facts: { spansPerBatch: spans },
});
