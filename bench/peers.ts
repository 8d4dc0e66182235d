// What does an event cost against what Node.js programs have otherwise: a line of a logger, a mark, a span of OpenTelemetry
// with all that it takes to be exported? The ring is overwritten and nobody reads it: the program's cost alone.
import { join } from 'node:path';
import { compare, ratioAtMost, spend, type Sample } from './harness.ts';
import { withUnreadRing } from './support/unread-ring.ts';

const count = 1_000_000;
const spans = 20_480;
const support = (name: string): string => join(import.meta.dirname, 'support', name);

async function run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Sample> {
  const { stdout } = await spend([process.execPath, ...words], { stdout: 'text', env });
  return JSON.parse(stdout) as Sample;
}

const loop = (peer: string, env?: Readonly<Record<string, string>>): Promise<Sample> =>
  run([support('peers-loop.js'), peer, String(count)], env);

await compare({
  name: 'peers',
  question: 'What does an event cost, against a line of a log, a mark, a span?',
  contenders: [
    { name: 'spoor', run: () => withUnreadRing({}, (env) => loop('spoor', env)) },
    { name: 'pino', run: () => loop('pino') },
    { name: 'performance.mark', run: () => loop('mark') },
    {
      name: 'OpenTelemetry',
      run: async () => {
        const { spanNs = Number.NaN } = await run([support('otel-loop.js'), 'batch', String(spans)]);
        return { spanNs };
      },
    },
  ],
  judge: [
    ratioAtMost('spoor', 'pino', 'fourNs', 1 / 20),
    ratioAtMost('spoor', 'performance.mark', 'oneNs', 1 / 3),
    ratioAtMost('spoor', 'OpenTelemetry', 'spanNs', 1 / 50),
  ],
  facts: { eventsPerBatch: count, spansPerBatch: spans },
});
