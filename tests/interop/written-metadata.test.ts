import { formatTsdl, readMetadata } from '@spoor/ctf';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command } from '../support/machine.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { removeTree } from '../support/removal.ts';

/** Of each family traces of every tracer, small enough that the peer reads them in no time. */
const chosen = [
  '1/intersection/3eventsintersectreverse',
  '1/packet-seq-num/7-lost-between-2-with-index',
  '1/succeed/array-align-elem',
  '1/succeed/ev-disc-no-ts-begin-end',
  '1/succeed/lttng-crash',
  '1/succeed/lttng-tracefile-rotation/kernel',
  '1/succeed/meta-variant-reserved-keywords',
  '1/succeed/meta-variant-same-with-underscore',
  '1/succeed/multi-domains/ust',
  '1/succeed/struct-array-align-elem',
  'bandwidth_issue',
  'context-switches/context-switches-ust',
  'debuginfo-test-app3',
  'flipping-endianness',
  'perf-taskset2',
];

function peerText(folder: string): string {
  const done = babeltrace2(['--clock-gmt', folder]);
  expect(done.status, done.stderr).toBe(0);
  return done.stdout;
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'tracecompass')],
  'babeltrace2 reads a trace the same with metadata that Spoor wrote',
  () => {
    const traces = corpusTraces().filter(({ trace }) => chosen.includes(trace));

    test('all the chosen traces are there', () => {
      expect(traces.length).toBe(chosen.length);
    });

    for (const trace of traces) {
      test(trace.trace, () => {
        const original = corpusTrace(trace);
        const folder = mkdtempSync(join(tmpdir(), 'spoor-written-metadata-'));
        try {
          cpSync(original, folder, { recursive: true });
          const path = join(folder, 'metadata');
          rmSync(path);
          writeFileSync(path, formatTsdl(readMetadata(readFileSync(join(original, 'metadata')))));
          expectSameText(peerText(folder), peerText(original), trace.trace);
        } finally {
          removeTree(folder);
        }
      });
    }
  },
);
