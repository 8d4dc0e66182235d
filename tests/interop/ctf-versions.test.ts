// Traces of CTF 2, which babeltrace2 2.0 does not read, written as CTF 1.8, which it does.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { convertTrace, textOf } from '../support/converted.ts';
import { corpusNeeds, corpusTrace, corpusTraces } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-versions-'));
afterAll(() => removeTree(scratch));

let count = 0;
function fresh(): string {
  return join(scratch, `out-${count++}`);
}

function peerText(path: string): string {
  const done = babeltrace2(['--clock-gmt', path]);
  expect(done.status, done.stderr).toBe(0);
  return Buffer.from(done.stdout).toString('latin1');
}

const needs = [command('babeltrace2'), ...corpusNeeds('babeltrace-tests', 'tracecompass')];

describeNeeding(needs, 'a trace of CTF 2 as CTF 1.8', () => {
  const traces = corpusTraces().filter(
    ({ ctf, bt21, trace }) => ctf === '2' && bt21 === 'ok' && !trace.includes('/fail/'),
  );

  test('all traces of CTF 2 are there', () => {
    expect(traces.length).toBe(25);
  });

  test.each(traces.map((trace) => [trace.trace, trace] as const))('prints what it did: %s', (_, trace) => {
    const original = corpusTrace(trace);
    const text = textOf(original);
    for (const oneByOne of text.length < 500_000 ? [false, true] : [false]) {
      const out = fresh();
      if (!convertTrace(original, out, '1.8', oneByOne)) continue;
      expectSameText(peerText(out), text, trace.trace);
      const back = fresh();
      convertTrace(out, back, '2', oneByOne);
      expectSameText(textOf(back), text, `${trace.trace} and back`);
    }
  });

  test('is written by the command, in the version that is asked for', () => {
    const original = corpusTrace({ family: 'babeltrace-tests', trace: '2/succeed/succeed1' });
    const begins = (out: string): string => {
      const [name = ''] = readdirSync(out);
      return readFileSync(join(out, name, 'metadata'), 'utf8').slice(0, 20);
    };
    for (const [version, begin] of [
      [undefined, '/* CTF 1.8 */\n'],
      ['1', '/* CTF 1.8 */\n'],
      ['1.8', '/* CTF 1.8 */\n'],
      ['2', '\u001e{"type":"preamble"'],
      ['2.0', '\u001e{"type":"preamble"'],
    ] as const) {
      const out = fresh();
      const parameters = `path="${out}"${version === undefined ? '' : `,ctf-version="${version}"`}`;
      const done = spoor(['-c', 'sink.ctf.fs', '-p', parameters, original]);
      expect(done, version).toMatchObject({ status: 0, stderr: '' });
      expect(begins(out).startsWith(begin), version).toBe(true);
    }
    const out = fresh();
    expect(spoor(['-o', 'ctf', '--ctf-version=2', '-w', out, original])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect(begins(out).startsWith('\u001e{"type":"preamble"')).toBe(true);
    const asked = spoor(['-o', 'ctf', '--ctf-version=2', '-w', out, '--run-args', original]);
    expect(asked.stdout).toContain('ctf-version="2"');
    expect(spoor(['--ctf-version=2', original])).toMatchObject({
      status: 1,
      stderr: 'spoor: only traces have a version of CTF: --ctf-version goes with -o ctf\n',
    });
    const wrong = spoor(['-c', 'sink.ctf.fs', '-p', `path="${fresh()}",ctf-version="3"`, original]);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(/^spoor: .*"ctf-version" must be one of 1, 1.8, 2, 2.0, not "3"/);
  });
});
