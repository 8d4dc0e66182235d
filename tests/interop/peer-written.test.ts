// CTF that babeltrace2's `sink.ctf.fs` wrote: another dialect of metadata than LTTng's.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { corpusNeeds, corpusTrace } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command } from '../support/machine.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectSameText, withStaleStrings } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const traces = [
  { family: 'babeltrace-tests', trace: '1/succeed/lttng-tracefile-rotation/kernel' },
  { family: 'babeltrace-tests', trace: '1/succeed/meta-variant-reserved-keywords' },
  { family: 'babeltrace-tests', trace: '1/succeed/multi-domains/ust' },
  { family: 'tracecompass', trace: 'bandwidth_issue' },
  { family: 'tracecompass', trace: 'debuginfo-test-app3' },
  { family: 'tracecompass', trace: 'perf-taskset2' },
] as const;

function peer(...args: readonly string[]): string {
  const done = babeltrace2(args);
  expect(done.status, done.stderr).toBe(0);
  return done.stdout;
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'tracecompass')],
  'traces that babeltrace2 wrote print as it prints them',
  () => {
    for (const trace of traces) {
      test(trace.trace, () => {
        const folder = mkdtempSync(join(tmpdir(), 'spoor-peer-written-'));
        try {
          const written = join(folder, 'trace');
          peer(corpusTrace(trace), '-o', 'ctf', '-w', written);
          const own = spoor(['--clock-gmt', written]);
          expect(own.stderr).toBe('');
          const theirs = peer('--clock-gmt', written);
          expectSameText(own.stdout, withStaleStrings(own.stdout, theirs), trace.trace);
        } finally {
          removeTree(folder);
        }
      });
    }
  },
);
