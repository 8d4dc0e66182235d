// `sink.text.details` beside the real babeltrace2: every CTF 1.8 trace of the corpus that it reads, its parameters and
// its colours.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  defaultDetailsOptions,
  DetailsSink,
  messagesOf,
  openTrace,
  type DetailsOptions,
} from '@spoor/components/node';
import { corpusFolder, corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';

const sink = ['-c', 'sink.text.details'];

function detailsOf(path: string, compile = true, options: DetailsOptions = defaultDetailsOptions): string {
  const parts: Uint8Array[] = [];
  const output = {
    write(bytes: Uint8Array, length: number): void {
      parts.push(bytes.slice(0, length));
    },
  };
  const set = openTrace(path, { compile });
  const details = new DetailsSink(messagesOf(set.read()), output, options, compile);
  while (details.consume());
  details.finish();
  return Buffer.concat(parts).toString('utf8');
}

/** The peer's text, in which empty strings show what the same field held before: those lines are taken as ours. */
function withStaleValues(ours: string, theirs: string): string {
  const own = ours.split('\n');
  return theirs
    .split('\n')
    .map((line, index) => {
      const mine = own[index] ?? '';
      return /^ +(?:\S+|\[[\d,]+\]): $/.test(mine) && line.startsWith(mine) ? mine : line;
    })
    .join('\n');
}

/** Traces of many events say little that smaller ones do not. */
const mostEvents = 12_000;

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'ctf-testsuite', 'tracecompass')],
  'details as babeltrace2 prints them',
  () => {
    const traces = corpusTraces().filter(
      ({ ctf, family, trace, bt204, eventCount }) =>
        ctf === '1.8' &&
        bt204 === 'ok' &&
        family !== 'own-ust' &&
        !trace.includes('metadata/fail/') &&
        (eventCount < (trace.startsWith('exp/') ? 1000 : mostEvents) || trace === 'dpdk_service_cores'),
    );
    test.each(traces)('$family/$trace', (entry) => {
      const path = corpusTrace(entry);
      const theirs = babeltrace2([...sink, path]);
      expect(theirs.status, theirs.stderr).toBe(0);
      const ours = detailsOf(path);
      expectSameText(ours, withStaleValues(ours, theirs.stdout), path);
      if (entry.eventCount < 2000) expectSameText(detailsOf(path, false), ours, `${path}, interpreted`);
    });

    const ust = (): readonly string[] =>
      ['exp/testTrace-21482-20140324-160700', 'exp/testTrace-19037-20140324-160655'].map((trace) =>
        corpusTrace({ family: 'tracecompass', trace }),
      );
    const plain = [
      'compact=yes',
      'with-metadata=no',
      'with-data=no',
      'with-time=no',
      'with-trace-name=no',
      'with-stream-name=no',
      'with-stream-class-name=no',
      'with-uuid=no',
      'compact=yes,with-metadata=no',
      'compact=yes,with-time=no',
      'with-data=no,with-metadata=no',
    ];
    test.each([...plain, ...plain.map((parameters) => `${parameters},color="always"`)])(
      'of two traces with %s',
      (parameters) => {
        const args = [...sink, '-p', parameters, ...ust()];
        const env = { BABELTRACE_TERM_COLOR: parameters.includes('color') ? 'always' : 'never' };
        const theirs = babeltrace2(args, { env });
        const ours = spoor(args, { env });
        expectSameText(ours.stdout, theirs.stdout, parameters);
        expect(ours.status).toBe(0);
      },
    );

    test('what the test suite of babeltrace2 expects', () => {
      const folder = corpusFolder('babeltrace-tests');
      const options = { ...defaultDetailsOptions, withTraceName: false, withStreamName: false };
      for (const trace of ['array-align-elem', 'struct-array-align-elem']) {
        const expected = readFileSync(join(folder, 'expect/src.ctf.fs', `trace-${trace}.expect`), 'utf8');
        expectSameText(detailsOf(join(folder, '1/succeed', trace), true, options), expected, trace);
      }
    });

    test('of CTF 2 are the same from generated code and from the interpreter', () => {
      for (const entry of corpusTraces()) {
        if (entry.ctf !== '2' || entry.bt21 !== 'ok' || entry.eventCount21 === 0 || entry.eventCount21 > 2000)
          continue;
        const ours = detailsOf(corpusTrace(entry));
        expect(ours).toMatch(/^Trace class/);
        expectSameText(detailsOf(corpusTrace(entry), false), ours, entry.trace);
      }
    });
  },
);

describe('parameters', () => {
  test.each([
    [['-p', 'compact=1'], 'parameter "compact" must be a boolean'],
    [['-p', 'color="red"'], 'parameter "color" must be one of never, auto, always'],
    [['-p', 'foo=1'], 'sink.text.details has no parameter "foo"'],
    [['-p', 'compact'], 'expecting `=`'],
  ])('%j', (args, message) => {
    const done = spoor([...sink, ...args, import.meta.dirname]);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
  });
});
