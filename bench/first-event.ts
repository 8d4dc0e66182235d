// How soon does the first event of a large trace stand on the output? The trace has 20 million events, a gigabyte;
// remove `.cache/bench/ust-20000000` when it is not needed any more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { spoorProgram } from '../tests/support/spoor.ts';
import { atMost, compare, faster, type Contender } from './harness.ts';
import { ustTrace } from './support/ust-trace.ts';

const { dir, events } = await ustTrace(Number(process.env['SPOOR_BENCH_EVENTS'] ?? 20_000_000));

/** Milliseconds from the start of the process to its first output; then it is ended. */
function untilOutput(name: string, argv: readonly string[]): Contender {
  return {
    name,
    run: async () => {
      const began = performance.now();
      const child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      const firstEventMs = performance.now() - began;
      child.stdout.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
      return { firstEventMs };
    },
  };
}

await compare({
  name: 'first-event',
  question: 'How soon does the first event of a large trace stand on the output?',
  facts: { events },
  contenders: [
    untilOutput('spoor', [process.execPath, spoorProgram, dir]),
    untilOutput('babeltrace2', ['babeltrace2', dir]),
  ],
  judge: [atMost('spoor', 'firstEventMs', 120), faster('spoor', 'babeltrace2', 'firstEventMs')],
});
