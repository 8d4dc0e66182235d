// Traces of random classes and values, written by @spoor/ctf, read by the real babeltrace2 and by Spoor.
import { createTraceWriter, describeTrace, readMetadata, type CtfVersion } from '@spoor/ctf';
import { DirectoryOutput, FileSink } from '@spoor/ctf/node';
import * as fc from 'fast-check';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { randomTraces, type RandomTrace } from '../../packages/ctf/src/testing/random-trace.ts';
import { compareReadings } from '../support/compare-readings.ts';
import { convertTrace, textOf, withoutLabelBraces } from '../support/converted.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText, withStaleStrings } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-written-traces-'));
afterAll(() => removeTree(scratch));

/** The plain reference reader finds the same events and values in every stream file. */
function expectSameValues(dir: string): void {
  const traceClass = readMetadata(readFileSync(join(dir, 'metadata')));
  for (const name of readdirSync(dir)) {
    if (name === 'metadata' || name === 'index') continue;
    compareReadings(traceClass, name, new Uint8Array(readFileSync(join(dir, name))));
  }
}

describeNeeding([command('babeltrace2')], 'written traces', () => {
  let count = 0;
  const write = (trace: RandomTrace, ctfVersion: CtfVersion): string => {
    const dir = join(scratch, `trace-${count++}`);
    const writer = createTraceWriter(trace.traceClass, new DirectoryOutput(dir), {
      packetSizeBytes: trace.packetSizeBytes,
      index: true,
      ctfVersion,
    });
    const streams = Array.from({ length: trace.streamCount }, () => writer.stream());
    for (const { stream, name, ticks, payload, commonContext } of trace.events) {
      streams[stream]!.append(name, ticks, payload, { commonContext });
    }
    writer.close();
    return dir;
  };
  const converted = (dir: string, ctfVersion: CtfVersion, oneByOne: boolean): string => {
    const out = join(scratch, `trace-${count++}`);
    return convertTrace(dir, out, ctfVersion, oneByOne) ? out : dir;
  };

  test.each([
    ['CTF 1.8', false],
    ['CTF 2', true],
  ])('of %s: babeltrace2 prints what Spoor prints', { timeout: 120_000 }, (_, withNew) => {
    fc.assert(
      fc.property(randomTraces(60, withNew), (trace) => {
        const dir = write(trace, '1.8');
        const theirs = babeltrace2(['--clock-gmt', '--names=all', '--fields=all', dir]);
        expect(theirs).toMatchObject({ status: 0, stderr: '' });
        const ours = spoor(['--clock-gmt', '--names=all', '--fields=all', dir]);
        expect(ours).toMatchObject({ status: 0, stderr: '' });
        expectSameText(ours.stdout, withStaleStrings(ours.stdout, theirs.stdout), dir);
        expect(ours.stdout.split('\n').length - 1).toBe(trace.events.length);
        expectSameValues(dir);
        // The other ways to the same trace, and back.
        const written = write(trace, '2');
        expectSameValues(written);
        for (const oneByOne of [false, true]) {
          const text = textOf(dir);
          expectSameText(textOf(converted(written, '1.8', oneByOne)), text, `${written} as CTF 1.8`);
          expectSameText(textOf(converted(written, '2', oneByOne)), textOf(written), `${written} as CTF 2`);
          const raised = converted(dir, '2', oneByOne);
          expectSameText(withoutLabelBraces(textOf(raised)), text, `${dir} as CTF 2`);
          expectSameText(textOf(converted(raised, '1.8', oneByOne)), text, `${raised} as CTF 1.8`);
          if (!withNew) expectSameText(withoutLabelBraces(textOf(written)), text, `${written} is CTF 2`);
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });
});

const traceClass = describeTrace({ streams: [{ events: [{ name: 'e', fields: { s: 'string' } }] }] });

test('a directory that holds a trace is left alone', () => {
  const dir = join(scratch, 'twice');
  createTraceWriter(traceClass, new DirectoryOutput(dir)).close();
  expect(readdirSync(dir)).toEqual(['metadata']);
  expect(() => new DirectoryOutput(dir)).toThrow(expect.objectContaining({ code: 'output/exists' }));
  expect(() => new DirectoryOutput('/dev/null/none')).toThrow(
    expect.objectContaining({ code: 'output/failed' }),
  );
  expect(() => new FileSink(join(dir, 'metadata'))).toThrow(
    expect.objectContaining({ code: 'output/exists' }),
  );
});

test.runIf(existsSync('/dev/full'))('a full disk is said in one line', () => {
  const full = new FileSink('/dev/full', openSync('/dev/full', 'w'));
  const writer = createTraceWriter(traceClass, {
    create: (name) => (name === 'metadata' ? new FileSink(join(scratch, 'full-metadata')) : full),
  });
  const stream = writer.stream();
  stream.append('e', 0, { s: 'x' });
  expect(() => writer.close()).toThrow(
    expect.objectContaining({ code: 'output/failed', message: 'writing /dev/full failed' }),
  );
});
