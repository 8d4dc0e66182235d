// What babeltrace2's own tests of its command ask, of those traces of theirs that the corpus has: `spoor-babeltrace2`
// must do as the babeltrace2 at hand does. The table of families is in docs/manual/babeltrace2.md.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { removeTree } from '../support/removal.ts';

const program = join(repoRoot, 'packages/cli/bin/spoor-babeltrace2.cjs');

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('babeltrace-tests')],
  "babeltrace2's tests of its command",
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-bt2-suite-'));
    afterAll(() => removeTree(folder));
    const trace = (path: string): string => join(corpusFolder('babeltrace-tests'), '1', path);

    const ours = (args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
      spawnSync(process.execPath, [program, ...args], {
        encoding: 'utf8',
        timeout: 120_000,
        maxBuffer: 1 << 28,
        env: { ...process.env, TZ: 'UTC' },
      });

    function same(...args: readonly string[]): void {
      const theirs = babeltrace2(args, { env: { TZ: 'UTC' } });
      const own = ours(args);
      expect(theirs.status, theirs.stderr).toBe(0);
      expect(own.status, own.stderr).toBe(0);
      expect(own.stdout === theirs.stdout, args.join(' ')).toBe(true);
    }

    test.each([
      ['succeed/multi-domains'],
      ['succeed/session-rotation'],
      ['succeed/multi-domains', 'succeed/session-rotation', 'succeed/lttng-tracefile-rotation'],
    ])('text and details of several traces: %s %s %s', (...paths) => {
      const traces = paths.filter((path): path is string => path !== undefined).map(trace);
      same(...traces);
      same('-c', 'sink.text.details', ...traces);
    });

    test('parameters belong to the path before them', () => {
      const [one, other] = [trace('succeed/multi-domains'), trace('succeed/lttng-tracefile-rotation')];
      same(one, '-p', 'clock-class-offset-s=5', other);
      same(
        one,
        '-p',
        'trace-name=x',
        '-c',
        'sink.text.details',
        '-p',
        'with-stream-name=no',
        '-p',
        'compact=yes',
      );
    });

    test('sequence numbers of packets that lack are losses', () => {
      const losses = (stderr: string): string[] =>
        stderr.split('\n').flatMap((line) => /^WARNING: Tracer discarded (\d+) /.exec(line)?.[1] ?? []);
      for (const [name, lost] of [
        ['no-lost-not-starting-at-0', []],
        ['7-lost-between-2-with-index', ['7']],
      ] as const) {
        const path = trace(`packet-seq-num/${name}`);
        const own = ours([path]);
        expect(own.status, own.stderr).toBe(0);
        expect(losses(own.stderr), name).toEqual(lost);
        expect(own.stdout).toBe(babeltrace2([path]).stdout);
      }
    });

    test('the time of all streams', () => {
      const path = trace('intersection/3eventsintersectreverse');
      expect(ours([path]).stdout.match(/\n/g)).toHaveLength(8);
      expect(ours(['--stream-intersection', path]).stdout.match(/\n/g)).toHaveLength(3);
      const none = ours(['--stream-intersection', trace('intersection/nostream')]);
      expect(none.status).toBe(1);
      expect(none.stderr).toContain('Trace has no streams: ');
    });

    test('traces that are no LTTng ones are written where they were', () => {
      const from = join(folder, 'in');
      const places = ['a/b/c/first', 'a/b/c/second', 'd/e/f/third'];
      for (const place of places) {
        mkdirSync(join(from, place, '..'), { recursive: true });
        cpSync(trace('intersection/3eventsintersectreverse'), join(from, place), { recursive: true });
      }
      const to = join(folder, 'out');
      const done = ours([from, '-c', 'sink.ctf.fs', '-p', `path="${to}"`]);
      expect(done.status, done.stderr).toBe(0);
      const peer = join(folder, 'peer');
      babeltrace2([from, '-c', 'sink.ctf.fs', '-p', `path="${peer}"`]);
      const written = (path: string): string[] =>
        readdirSync(path, { recursive: true, withFileTypes: true })
          .map((entry) => relative(path, join(entry.parentPath, entry.name)))
          .filter((name) => name.endsWith('metadata'))
          .sort();
      expect(written(to)).toEqual(written(peer));
    });

    test('metadata as text, also to a file', () => {
      for (const path of ['succeed/succeed1', 'succeed/lf-metadata', 'succeed/multi-domains/ust']) {
        same('-o', 'ctf-metadata', trace(path));
      }
      const path = trace('succeed/succeed1');
      const files = ['own', 'peer'].map((name) => join(folder, `${name}.tsdl`));
      expect(ours(['-o', 'ctf-metadata', '-w', files[0]!, path]).status).toBe(0);
      expect(babeltrace2(['-o', 'ctf-metadata', '-w', files[1]!, path]).status).toBe(0);
      expect(statSync(files[0]!).size).toBeGreaterThan(0);
      expect(readFileSync(files[0]!, 'utf8')).toBe(readFileSync(files[1]!, 'utf8'));
    });

    test('what is wrong with a time and with a trace is said as a chain of causes', () => {
      const time = ours(['--begin=2012-10-29 12:', trace('succeed/succeed1')]);
      expect(time).toMatchObject({ status: 1, stdout: '' });
      expect(time.stderr).toContain('Invalid date/time format');
      for (const name of ['fail1', 'fail2', 'metadata-syntax-error', 'integer-range', 'smalltrace']) {
        const args = ['-c', 'sink.text.details', trace(`fail/${name}`)];
        const own = ours(args);
        expect([name, own.status]).toEqual([name, babeltrace2(args).status]);
        if (own.status === 0) continue;
        expect(own.stderr, name).toMatch(/^(?:ERROR: |CAUSED BY |spoor: )/m);
      }
    });

    test('several sinks are refused', () => {
      const args = ['-c', 'sink.utils.dummy', '-c', 'sink.text.pretty', trace('succeed/succeed1')];
      for (const done of [ours(args), babeltrace2(args)]) {
        expect(done).toMatchObject({ status: 1, stdout: '' });
        expect(done.stderr).toContain('More than one sink component specified.');
      }
    });
  },
);
