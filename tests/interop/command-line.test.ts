// `spoor-babeltrace2` beside the real babeltrace2: the same arguments to both, the same text from both.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';

const program = join(repoRoot, 'packages/cli/bin/spoor-babeltrace2.mjs');

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1 << 30,
    env: { ...process.env, TZ: 'UTC', ...env },
  });
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('tracecompass')],
  "babeltrace2's command line",
  () => {
    const ust = (): string => join(corpusFolder('tracecompass'), 'exp/testTrace-21482-20140324-160700');
    const cyg = (): string => join(corpusFolder('tracecompass'), 'debuginfo-test-app4');

    function same(args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
      const theirs = babeltrace2(args, { env });
      expect(theirs.status, theirs.stderr).toBe(0);
      const ours = run(args, env);
      expectSameText(ours.stdout, theirs.stdout, args.join(' '));
      expect(ours.status, ours.stderr).toBe(0);
    }

    test.each([
      ['--clock-offset=3600'],
      ['--clock-offset-ns=-5000000001'],
      ['--timerange=20:07:06.38,20:07:06.385'],
      ['--timerange=[20:07:06.38,20:07:06.385]'],
      ['-v', '--retry-duration=5'],
      ['--omit-home-plugin-path'],
      ['-o', 'text', '-i', 'ctf'],
      ['-c', 'sink.text.pretty', '-p', 'clock-seconds=yes,no-delta=yes,name-default=hide'],
      ['-c', 'sink.text.pretty', '-p', 'field-default=show', '-p', 'name-scope=true'],
      ['-c', 'out:sink.utils.counter', '-p', 'step=+0'],
      ['--run-args'],
      ['--run-args', '--begin=12:00', '--end=13:00', '--no-delta'],
      ['--run-args-0', '--clock-seconds'],
      ['--run-args', '--clock-offset-ns=7', '--clock-force-correlate', '--clock-offset=-3'],
      ['--clock-force-correlate', '--clock-date'],
      ['-o', 'text', '--clock-offset=-1395691626', '--clock-seconds'],
    ])('with %s %s %s %s', (...args) => {
      same(
        [...args.filter((word): word is string => word !== undefined), '--clock-gmt', ust()].filter(
          (word) => word !== '--clock-gmt' || args[0] !== '-c',
        ),
      );
    });

    test.each([
      [],
      ['--names', 'all', '--fields', 'all'],
      ['--no-delta', '--names', 'scope'],
      ['--clock-cycles'],
    ])('in colour with %s %s %s %s', (...options) => {
      const args = options.filter((word): word is string => word !== undefined);
      for (const trace of [ust(), cyg()]) {
        same(['--color', 'always', ...args, trace], { BABELTRACE_TERM_COLOR: 'always' });
      }
    });

    test('run: the same graph', () => {
      const source = ['-c', 'in:source.ctf.fs', '-p', `inputs=["${ust()}"]`];
      const middle = [
        '-c',
        'mux:filter.utils.muxer',
        '-c',
        'trim:filter.utils.trimmer',
        '-p',
        'begin="20:07:06",gmt=yes',
      ];
      const sink = ['-c', 'out:sink.text.details', '-p', 'compact=yes'];
      same(['run', ...source, ...middle.slice(0, 2), ...sink, '-x', 'in:mux', '-x', 'mux:out']);
      const text = ['-c', 'out:sink.text.pretty', '-p', 'clock-gmt=yes'];
      same(['run', ...source, ...middle, ...text, '-x', 'in:mux', '-x', 'mux:trim', '-x', 'trim:out']);
    });

    test('queries', () => {
      same(['query', 'source.ctf.fs', 'babeltrace.support-info', '-p', `type="directory",input="${ust()}"`]);
      same(['query', 'source.ctf.fs', 'babeltrace.support-info', '-p', 'type="directory",input="/"']);
      for (const trace of [ust(), cyg()]) {
        same(['query', 'source.ctf.fs', 'babeltrace.trace-infos', '-p', `inputs=["${trace}"]`]);
      }
    });

    test('events as JSON and as a table', () => {
      const lines = spoor(['-o', 'json', cyg()]).stdout.trimEnd().split('\n');
      expect(lines.length).toBe(babeltrace2([cyg()]).stdout.trimEnd().split('\n').length);
      expect(JSON.parse(lines[1]!)).toMatchObject({
        timeNs: '1466739123558899808',
        name: 'lttng_ust_statedump:bin_info',
        trace: 'simark',
        packetContext: { cpu_id: 0 },
        commonContext: { vpid: 23573 },
        payload: { baddr: 0x40_0000, is_pic: 0 },
      });
      const table = spoor([
        '-c',
        'sink.text.csv',
        '-p',
        'fields=["vpid", "is_pic", "cpu_id"]',
        cyg(),
      ]).stdout.split('\n');
      expect(table.slice(0, 3)).toEqual([
        'timeNs,name,trace,stream,vpid,is_pic,cpu_id',
        '1466739123557550689,lttng_ust_statedump:start,simark,0,23573,,0',
        '1466739123558899808,lttng_ust_statedump:bin_info,simark,0,23573,0,0',
      ]);
    });

    test('--strict ends at the first fault', () => {
      const args = [ust(), join(corpusFolder('tracecompass'), 'debuginfo-test-app4')];
      expect(spoor(args).stdout).not.toBe('');
      const strict = spoor(['--strict', ...args]);
      expect(strict).toMatchObject({ status: 1, stdout: '' });
      expect(strict.stderr).toMatch(/^spoor: .*104 days/);
    });
  },
);

describe('what is mistyped', () => {
  test.each([
    [['rnu'], 'no command and no directory is named rnu (did you mean run?)'],
    [['--naems', 'all', '/'], 'Did you mean --names?'],
    [['-c', 'sink.text.prety', '/'], 'there is no output "sink.text.prety" (did you mean sink.text.pretty?)'],
    [['-c', 'filter.utils.muxr', '/'], 'did you mean filter.utils.muxer?'],
    [['-p', 'a=1', '/'], 'No -c stands before it'],
    [['query', 'source.ctf.fs', 'babeltrace.trace-info'], 'did you mean babeltrace.trace-infos?'],
    [['help', 'sink.text.detail'], 'did you mean sink.text.details?'],
    [['run', '-c', 'a:source.ctf.fs'], 'the graph has no sink'],
    [['run', '-c', 'a:source.ctf.fs', '-c', 'b:sink.utils.dummy', '-x', 'a:c'], 'no component is named "c"'],
    [['run', '-c', 'a:source.ctf.fs', '-c', 'b:sink.utils.dummy'], 'the component "a" is not connected'],
    [['--stream-intersection', '/'], '--stream-intersection is not there'],
    [['--clock-offset', 'x', '/'], 'It must be a whole number'],
  ])('%j', (args, message) => {
    const done = run(args);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
  });

  test('list-plugins and help tell of all component classes', () => {
    const list = run(['list-plugins']).stdout;
    expect(list).toMatch(/^Found \d+ component classes in 3 plugins\.\n/);
    for (const name of list.match(/(?<=')[a-z]+\.[\w.]+(?=')/g) ?? []) {
      expect(run(['help', name]).stdout).toContain(`'${name}'`);
    }
    expect(run(['help', 'convert']).stdout).toContain('--clock-offset');
  });
});
