// What does it cost an OpenTelemetry span to be recorded, against the SDK's own way to an OTLP exporter that sends
// nothing? The ring is overwritten and nobody reads it: the program's cost alone.
import { SESSION_FILE, SESSION_VARIABLE } from '@spoor/ringbuffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSession } from '../tests/support/session.ts';
import { compare, ratioAtMost, spend, type Sample } from './harness.ts';

const spans = 40_960;
const loop = join(import.meta.dirname, 'support', 'otel-loop.js');

async function runLoop(processor: string, env: Readonly<Record<string, string>>): Promise<Sample> {
  const { stdout } = await spend([process.execPath, loop, processor, String(spans)], { stdout: 'text', env });
  return JSON.parse(stdout) as Sample;
}

async function runRecorded(): Promise<Sample> {
  const run = mkdtempSync('/dev/shm/spoor-bench-');
  try {
    const session = describeSession('/nowhere', {
      mode: 'overwrite',
      subBufferSizeBytes: 256 * 1024,
      subBufferCount: 16,
    });
    writeFileSync(join(run, SESSION_FILE), JSON.stringify(session));
    return await runLoop('spoor', { [SESSION_VARIABLE]: run });
  } finally {
    rmSync(run, { recursive: true });
  }
}

await compare({
  name: 'otel',
  question: 'What does recording an OpenTelemetry span cost, against batching and serialising it?',
  contenders: [
    { name: 'spoor, recorded', run: runRecorded },
    { name: 'spoor, not recorded', run: () => runLoop('spoor', {}) },
    { name: 'batch to OTLP/JSON', run: () => runLoop('batch', {}) },
  ],
  judge: [
    ratioAtMost('spoor, recorded', 'batch to OTLP/JSON', 'addedNs', 0.75),
    ratioAtMost('spoor, recorded', 'batch to OTLP/JSON', 'spanNs'),
    ratioAtMost('spoor, not recorded', 'batch to OTLP/JSON', 'spanNs'),
  ],
  facts: { spansPerBatch: spans },
});
