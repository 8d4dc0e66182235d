// `spoor-babeltrace2` beside the real babeltrace2: the same arguments to both, the same text from both.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor } from '../support/spoor.ts';

const program = join(repoRoot, 'packages/cli/bin/spoor-babeltrace2.cjs');

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 1 << 30,
    env: { ...process.env, TZ: 'UTC', ...env },
  });
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('tracecompass'), ...corpusNeeds('babeltrace-tests')],
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
      [],
      ['help'],
      ['help', 'nothere'],
      ['convert'],
      ['run'],
      ['query'],
      ['query', 'src.ctf.fs'],
      ['--nothing'],
      ['run', '--nothing'],
      ['list-plugins', 'nothing'],
      ['/nothing/here'],
    ])('%j answers with the same status, on the same stream', (...args: readonly string[]) => {
      const theirs = babeltrace2(args);
      const ours = run(args);
      expect(ours.status, ours.stderr).toBe(theirs.status);
      expect({ out: ours.stdout !== '', err: ours.stderr !== '' }).toEqual({
        out: theirs.stdout !== '',
        err: theirs.stderr !== '',
      });
    });

    test.each([
      '2014-03-24',
      '2014-03-24 20:07',
      '2014-03-24 20:07:06',
      '2014-03-24 20:07:06.38',
      '20:07:06.380000001',
      '1395691626',
      '1395691626.38',
      '2014-03-24 6:07:06',
      '2014-03-24 20:7:06',
      '2014-03-24 20:07:',
      '2014-03-24 20:07:06.',
      '2014-03-24 20:07:06.1231231231',
      '2014-03-24 20',
      '2014-03-24 ',
      '2014-03-241',
      '2014-3-24',
      '14-03-24',
      '2014-03',
      '1395691626.',
      '6:07',
    ])('--begin=%s is a time for both or for neither', (time) => {
      const args = ['--clock-gmt', `--begin=${time}`, ust()];
      const theirs = babeltrace2(args);
      const ours = run(args);
      expectSameText(ours.stdout, theirs.stdout, time);
      expect(ours.status, ours.stderr).toBe(theirs.status);
    });

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

    test('without colour where there is no terminal, whatever --color says', () => {
      same(['--color', 'always', ust()], { TERM: 'xterm' });
    });

    test('metadata as it stands in its packets', () => {
      // It begins without the signature of CTF 1.8.
      const path = join(corpusFolder('tracecompass'), 'context-switches/context-switches-ust');
      same(['query', 'source.ctf.fs', 'metadata-info', '-p', `path="${path}"`]);
      same(['-o', 'ctf-metadata', path]);
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

    test('the time of all streams; metadata', () => {
      const folder = join(corpusFolder('babeltrace-tests'), '1/intersection/3eventsintersectreverse');
      same(['--stream-intersection', folder]);
      same(['--stream-intersection', '-c', 'sink.text.details', folder]);
      same(['-o', 'ctf-metadata', folder]);
      same(['-o', 'ctf-metadata', cyg()]);
      same(['query', 'source.ctf.fs', 'metadata-info', '-p', `path="${cyg()}"`]);
      const none = join(corpusFolder('babeltrace-tests'), '1/intersection/nostream');
      expect(run(['--stream-intersection', none]).status).toBe(1);
      expect(babeltrace2(['--stream-intersection', none]).status).toBe(1);
    });

    test('several sources and sinks, and ports by pattern', () => {
      const source = (name: string, path: string, more = ''): string[] => [
        '-c',
        `${name}:source.ctf.fs`,
        '-p',
        `inputs=["${path}"]${more}`,
      ];
      const two = [
        ...source('a', ust()),
        ...source('b', ust(), ',clock-class-offset-s=1'),
        '-c',
        'mux:filter.utils.muxer',
      ];
      const text = ['-c', 'out:sink.text.pretty', '-p', 'clock-seconds=yes'];
      same(['run', ...two, ...text, '-x', 'a.*0*:mux.in*', '-x', 'a:mux', '-x', 'b:mux', '-x', 'mux:out']);
      // Beyond the peer: an output feeds several sinks.
      const both = ['-c', 'text:sink.text.pretty', '-c', 'count:sink.utils.counter', '-p', 'step=+0'];
      const done = spoor([
        'run',
        ...source('a', cyg()),
        '-c',
        'mux:filter.utils.muxer',
        ...both,
        '-x',
        'a:mux',
        '-x',
        'mux:text',
        '-x',
        'mux:count',
      ]);
      expect(done.status, done.stderr).toBe(0);
      const events = babeltrace2([cyg()]).stdout.trimEnd().split('\n').length;
      expect(done.stdout.match(/^\[/gm)).toHaveLength(events);
      expect(done.stdout).toContain(`${events} Event messages`);
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
    [['--naems', 'all', '/'], 'did you mean --names?'],
    [['run', '-p', 'a=1'], 'No -c stands before it'],
    [['--log-level', 'x', '/'], 'It must be one of N, F, E, W, I, D, T'],
    [['--retry-duration', 'x', '/'], 'It must be a number of microseconds'],
    [['--allowed-mip-versions', '3', '/'], 'It must be 0, 1 or 0,1'],
    [['--clock-offset', 'x', '/'], 'It must be a whole number'],
    [['--timerange', '1,2', '--begin', '1', '/'], '--timerange says what --begin and --end say'],
    [['-o', 'txt', '/'], 'there is no output "txt" (did you mean text?)'],
  ])('%j cannot be read', (args, message) => {
    const done = spoor(args);
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(message);
  });

  test.each([
    [['-c', 'sink.text.prety', '/'], 'no component class sink.text.prety (did you mean sink.text.pretty?)'],
    [['-c', 'filter.utils.muxr', '/'], 'did you mean filter.utils.muxer?'],
    [['-p', 'a=1', '/'], 'source.ctf.fs (auto-disc-source-ctf-fs) has no parameter "a"'],
    [['-c', 'sink.text.details', '-p', 'compct=yes', '/'], 'did you mean compact?'],
    [
      ['-c', 'sink.text.details', '-p', 'compact=1', '/'],
      'parameter "compact" must be a boolean (yes or no), not',
    ],
    [['-c', 'source.ctf.fs'], 'source.ctf.fs needs the parameter "inputs"'],
    [['-c', 'bogus', '/'], '"bogus" is no component class'],
    [['--run-args', '--stream-intersection', '/'], '--stream-intersection cannot be said'],
    [['-i', 'lttng-live', 'net://localhost'], 'source.ctf.lttng-live is not there'],
    [['query', 'source.ctf.fs', 'babeltrace.trace-info'], 'did you mean babeltrace.trace-infos?'],
    [['help', 'sink.text.detail'], 'did you mean sink.text.details?'],
    [['run', '-c', 'a:source.ctf.fs'], 'the graph has no sink'],
    [['run', '-c', 'a:source.ctf.fs', '-c', 'b:sink.utils.dummy', '-x', 'a:c'], 'no component is named "c"'],
    [['run', '-c', 'a:source.ctf.fs', '-c', 'b:sink.utils.dummy'], 'the component "a" is not connected'],
  ])('%j', (args, message) => {
    const done = spoor(args);
    expect(done.status).toBe(1);
    expect(done.stderr).toContain(message);
  });

  test('list-plugins and help tell of all component classes', () => {
    const list = spoor(['list-plugins']).stdout;
    expect(list).toMatch(/^Found \d+ component classes in 8 plugins\.\n/);
    for (const name of list.match(/(?<=')[a-z]+\.[\w.-]+(?=')/g) ?? []) {
      expect(spoor(['help', name]).stdout).toContain(`'${name}'`);
    }
    expect(spoor(['help', 'convert']).stdout).toContain('--clock-offset');
  });
});
