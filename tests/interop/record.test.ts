// Traces that `spoor record` writes are read by the real babeltrace2 without a warning, and what it prints of them
// equals what `spoor` prints: also of traces whose program was killed, interrupted, or faster than its buffers.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding } from '../support/needs.ts';
import { expectSameText, withStaleStrings } from '../support/same-text.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const program = (name: string): string => join(import.meta.dirname, 'programs', `${name}.mjs`);

/**
 * Both readers on one of our traces: equal text, success, and nothing on standard error unless told so. Of empty
 * strings, which only programs' own events have, the peer prints what it printed there before.
 */
function readBoth(dir: string, warnings = /^$/, hasEmptyStrings = false): string[] {
  const peer = babeltrace2([dir]);
  expect(peer.status, peer.stderr).toBe(0);
  expect(peer.stderr).toMatch(warnings);
  const own = spoor([dir]);
  expect(own.status, own.stderr).toBe(0);
  const theirs = hasEmptyStrings ? withStaleStrings(own.stdout, peer.stdout) : peer.stdout;
  expectSameText(own.stdout, theirs, 'standard output');
  expectSameText(own.stderr, peer.stderr, 'standard error');
  return own.stdout.split('\n').filter(Boolean);
}

describeNeeding([command('babeltrace2')], 'recorded traces', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'spoor-record-'));
  afterAll(() => removeTree(scratch));

  test('every field type, from the main thread, a worker and a child process', () => {
    const dir = join(scratch, 'types');
    const args = ['record', '--no-auto', '-o', dir, '--', process.execPath, program('every-type'), '500'];
    const done = spoor(args);
    expect(done.status, done.stderr).toBe(0);
    const lines = readBoth(dir);
    expect(lines).toHaveLength(Number(done.stdout));
    const bodies = lines.map((line) => line.slice(line.indexOf('types:')));
    const ofKind = (name: string): string[] => bodies.filter((body) => body.startsWith(`types:${name}:`));
    expect(ofKind('empty')).toHaveLength(1500);
    expect(ofKind('unsigned').filter((body) => body.includes('d = 18446744073709551615'))).toHaveLength(3);
    expect(ofKind('signed').filter((body) => body.includes('d = -9223372036854775808'))).toHaveLength(3);
    expect(ofKind('texts').some((body) => body.includes('text = "Ελλάδα", state = ( "busy" : '))).toBe(true);
    expect(ofKind('texts').some((body) => body.includes('"quo\\"te"'))).toBe(true);
    expect(ofKind('texts').some((body) => body.includes('( <unknown> : container = 5 )'))).toBe(true);
    expect(ofKind('nested').some((body) => body.includes('fixed = [ [0] = 3, [1] = 32765, [2] = -1 ]'))).toBe(
      true,
    );
    expect(ofKind('nested').some((body) => body.includes('point = { x = 0.375, label = "日本語" }'))).toBe(
      true,
    );
  });

  test.each([1, 2, 3, 4])('random declarations and values, seed %i', (seed) => {
    const dir = join(scratch, `random-${seed}`);
    const command = [process.execPath, program('random-types'), String(seed), '60', '20'];
    const done = spoor(['record', '--no-auto', '-o', dir, '--', ...command]);
    expect(done.status, done.stderr).toBe(0);
    expect(readBoth(dir, /^$/, true)).toHaveLength(Number(done.stdout));
  });

  test('automatic events of a server that knows nothing of tracing', () => {
    const dir = join(scratch, 'auto');
    const done = spoor(['record', '-o', dir, '--', process.execPath, program('small-server')]);
    expect(done.status, done.stderr).toBe(0);
    const names = new Set(readBoth(dir).map((line) => / ([\w.]+:\w+): /.exec(line)?.[1]));
    for (const name of [
      'http_server:request_begin',
      'http_server:request_end',
      'http_client:request_begin',
    ]) {
      expect(names).toContain(name);
    }
    expect(names).toContain('nodejs:gc');
  });

  test.each([
    ['discard', []],
    ['overwrite', ['--overwrite']],
  ])('a program that is killed leaves every event that it emitted: %s', (mode, options) => {
    const dir = join(scratch, `killed-${mode}`);
    const command = [process.execPath, program('sudden-death'), '20000'];
    const done = spoor(['record', '--no-auto', ...options, '-o', dir, '--', ...command]);
    expect(done.status, done.stderr).toBe(128 + 9);
    const lines = readBoth(dir);
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toContain('number = 19999, text = "step number 19999"');
  });

  test('losses of a program faster than its consumer are counted, to the last event', () => {
    const dir = join(scratch, 'flood');
    // A ring of 8 KiB is full before any consumer can have emptied it.
    const sizes = ['--subbuf-size', '4k', '--num-subbuf', '2'];
    const command = [process.execPath, program('flood'), '300000'];
    const done = spoor(['record', '--no-auto', ...sizes, '-o', dir, '--', ...command]);
    expect(done.status, done.stderr).toBe(0);
    const lines = readBoth(dir, /^(?:WARNING: Tracer discarded \d+ events? .*\n)+$/);
    const { stderr } = spoor([dir]);
    const lost = [...stderr.matchAll(/discarded (\d+) event/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(lost).toBeGreaterThan(0);
    expect(lines.length + lost).toBe(300_000);
  });

  test('Ctrl-C ends a recording cleanly', async () => {
    const dir = join(scratch, 'interrupted');
    const words = [
      spoorProgram,
      'record',
      '--no-auto',
      '-o',
      dir,
      '--',
      process.execPath,
      program('until-told'),
    ];
    // A process group of its own, as a terminal's foreground job has: the signal reaches recorder and program.
    const child = spawn(process.execPath, words, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((done) => child.once('close', (status, signal) => done(status ?? signal)));
    await new Promise((ready) => child.stdout.once('data', ready));
    process.kill(-child.pid!, 'SIGINT');
    expect(await ended).toBe(128 + 2);
    expect(readBoth(dir).length).toBeGreaterThanOrEqual(100);
  });
});
