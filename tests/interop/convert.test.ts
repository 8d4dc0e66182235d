// `spoor DIR` beside the real babeltrace2: the options that change the text, many traces at once, and bad input.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { corpusFolder, corpusNeeds } from '../support/corpus.ts';
import { babeltrace2 } from '../support/lttng.ts';
import { command, describeNeeding, root } from '../support/needs.ts';
import { expectSameText } from '../support/same-text.ts';
import { spoor, spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const scratch = mkdtempSync(join(tmpdir(), 'spoor-convert-'));
afterAll(() => removeTree(scratch));

function sameAsPeer(args: readonly string[]): void {
  const theirs = babeltrace2(args);
  expect(theirs.status, theirs.stderr).toBe(0);
  const ours = spoor(args);
  expectSameText(ours.stdout, theirs.stdout, `spoor ${args.join(' ')}`);
  expect(ours.status, ours.stderr).toBe(0);
}

/** Lines of events without the time since the line before, which differs where others are missing. */
function eventTexts(text: string): readonly string[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/\(\+[\d.?]+\)/, ''));
}

describeNeeding(
  [command('babeltrace2'), ...corpusNeeds('tracecompass', 'babeltrace-tests')],
  'the text',
  () => {
    const oneProcess = (): string =>
      join(corpusFolder('tracecompass'), 'exp/testTrace-21482-20140324-160700');
    const cyg = (): string => join(corpusFolder('tracecompass'), 'debuginfo-test-app4');

    test.each([
      [],
      ['--clock-gmt'],
      ['--clock-seconds'],
      ['--clock-date'],
      ['--clock-cycles'],
      ['--no-delta'],
      ['--names', 'all'],
      ['--names', 'none'],
      ['--names', 'payload,scope'],
      ['--names', 'context,header', '--no-delta'],
      ['--names', 'all', '--clock-cycles'],
      ['--fields', 'all'],
      ['--fields', 'trace'],
      ['--fields', 'trace:hostname,trace:domain,loglevel'],
      ['--fields', 'all', '--names', 'all'],
      ['--fields', 'trace:procname,trace:vpid,emf'],
    ])('with %j %j %j %j', (...options) => {
      const args = options.filter((word): word is string => word !== undefined);
      sameAsPeer([...args, oneProcess()]);
      sameAsPeer([...args, cyg()]);
    });

    test.each([
      ['--begin', '20:07:06.39'],
      ['--end', '20:07:06.385'],
      ['--begin', '2014-03-24 20:07:06.38', '--end', '2014-03-24 20:07:06.385'],
      ['--begin', '1395691626.384612808', '--end', '1395691626.384612808'],
    ])('between %s %s …', (...options) => {
      const args = options.filter((word): word is string => word !== undefined);
      sameAsPeer(['--clock-gmt', ...args, oneProcess()]);
    });

    test('of several directories, and of many traces below one', () => {
      const folder = corpusFolder('babeltrace-tests');
      sameAsPeer([oneProcess(), join(corpusFolder('tracecompass'), 'exp/testTrace-19037-20140324-160655')]);
      sameAsPeer([join(folder, '1/succeed/lttng-tracefile-rotation')]);
      sameAsPeer([join(folder, '1/succeed/multi-domains')]);
    });

    test('in cycles of a clock that is not of 1 GHz', () => {
      sameAsPeer(['--clock-cycles', join(corpusFolder('tracecompass'), 'dpdk_service_cores')]);
    });

    test('goes on where packets step back in time, at which the peer stops', () => {
      const trace = join(corpusFolder('tracecompass'), 'synctraces/scp_src');
      const theirs = babeltrace2(['--clock-gmt', trace]);
      expect(theirs.status).not.toBe(0);
      const ours = spoor(['--clock-gmt', trace]);
      expect(ours.status).toBe(0);
      expect(ours.stdout.startsWith(theirs.stdout)).toBe(true);
      expect(ours.stdout.length).toBeGreaterThan(theirs.stdout.length * 5);
    });

    test('goes to a file', () => {
      const path = join(scratch, 'text');
      expect(spoor(['--clock-gmt', '-w', path, cyg()])).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(statSync(path).size).toBe(babeltrace2(['--clock-gmt', cyg()]).stdout.length);
    });

    test('the counter says what the peer says at the end', () => {
      const theirs = babeltrace2([oneProcess(), '-c', 'sink.utils.counter', '-p', 'step=+0']);
      const ours = spoor(['-c', 'sink.utils.counter', '-p', 'step=+0', oneProcess()]);
      expect(ours).toMatchObject({ status: 0, stdout: theirs.stdout, stderr: '' });
    });
  },
);

describeNeeding(corpusNeeds('own-ust', 'tracecompass'), 'bad input', () => {
  let copies = 0;
  function copyOfTrace(): string {
    const copy = join(scratch, `copy-${copies++}`);
    cpSync(join(corpusFolder('tracecompass'), 'exp/testTrace-21482-20140324-160700'), copy, {
      recursive: true,
    });
    return copy;
  }
  function patch(path: string, at: number, byte: number): void {
    const file = openSync(path, 'r+');
    writeSync(file, Uint8Array.of(byte), 0, 1, at);
  }
  const lines = (text: string): number => text.split('\n').length - 1;

  test('no such directory', () => {
    const done = spoor(['/no/such/place']);
    expect(done.status).toBe(1);
    expect(done.stderr).toBe(
      'spoor: no such file or directory: /no/such/place (give the directory of a trace, one above it, or an archive)\n',
    );
  });

  test('a directory without a trace', () => {
    const empty = join(scratch, 'empty');
    mkdirSync(empty);
    const done = spoor([empty]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/^spoor: no trace in .*empty \(.*metadata.*\)\n$/);
  });

  test('traces further apart than a double holds nanoseconds are read, with a word about it', () => {
    const done = spoor([copyOfTrace(), join(corpusFolder('tracecompass'), 'debuginfo-test-app4')]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/more than 104 days after the earliest trace/);
  });

  test('metadata cut short: what stands before the cut is used', () => {
    const copy = copyOfTrace();
    const whole = new Set(eventTexts(spoor([copy]).stdout));
    truncateSync(join(copy, 'metadata'), 3000);
    const done = spoor([copy]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/^spoor: .*metadata.*cut short.*what stands before is used\n/);
    const events = eventTexts(done.stdout);
    expect(events.length).toBeGreaterThan(0);
    expect(events.every((event) => whole.has(event))).toBe(true);
  });

  test('metadata cut short before its trace is described', () => {
    const copy = copyOfTrace();
    truncateSync(join(copy, 'metadata'), 300);
    const done = spoor([copy]);
    expect(done.status).toBe(1);
    expect(done.stdout).toBe('');
    expect(done.stderr).toMatch(/^spoor: .*metadata.*cut short.*\n$/);
  });

  test('a truncated last packet keeps the events before the cut', () => {
    const copy = copyOfTrace();
    const whole = spoor([copy]);
    expect(whole.status).toBe(0);
    const cut = join(copy, 'channel_0');
    truncateSync(cut, statSync(cut).size - 9000);
    const done = spoor([copy]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(
      /^spoor: .*channel_0: packet at byte \d+: the file ends inside the packet.*\n$/,
    );
    expect(lines(done.stdout)).toBeGreaterThan(lines(whole.stdout) / 2);
    expect(lines(done.stdout)).toBeLessThan(lines(whole.stdout));
    const kept = new Set(whole.stdout.split('\n').map((line) => line.replace(/\(\+.*?\) /, '')));
    for (const line of done.stdout.split('\n')) expect(kept).toContain(line.replace(/\(\+.*?\) /, ''));
  });

  test('a stream of unknown id is left out, the rest is read', () => {
    const copy = copyOfTrace();
    patch(join(copy, 'channel_0'), 20, 99);
    const done = spoor([copy]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(
      /^spoor: .*channel_0: its stream id 99 is not in the metadata; .*left out\n$/,
    );
    expect(lines(done.stdout)).toBeGreaterThan(0);
  });

  // Root may read everything, unless it gives that up.
  const asOwner = (path: string) => {
    const args = ['--bounding-set=-dac_override,-dac_read_search', process.execPath, spoorProgram, path];
    return spawnSync('setpriv', args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  };
  describeNeeding([root(), command('setpriv')], 'files of another mode', () => {
    test('what may not be read is left out, the rest is read', () => {
      const both = join(scratch, 'denied');
      mkdirSync(both);
      const [first, second] = ['a', 'b'].map((name) => {
        const path = join(both, name);
        renameSync(copyOfTrace(), path);
        return path;
      }) as [string, string];
      const whole = spoor([first]).stdout;
      chmodSync(join(first, 'channel_0'), 0);
      const part = asOwner(first);
      expect(part.stderr).toMatch(/^spoor: [^\n]*channel_0: no permission to read it [^\n]*left out\n$/);
      expect(part.status).toBe(1);
      expect(lines(part.stdout)).toBeGreaterThan(0);
      expect(lines(part.stdout)).toBeLessThan(lines(whole));

      for (const hidden of [join(first, 'metadata'), first]) {
        chmodSync(hidden, 0);
        const rest = asOwner(both);
        expect(rest.stderr).toContain(`spoor: ${hidden}: no permission to read it (`);
        expect(rest.status).toBe(1);
        expect(eventTexts(rest.stdout).length).toBe(lines(spoor([second]).stdout));
        const none = asOwner(first);
        expect(none.stderr).toMatch(/^spoor: [^\n]*: no permission to read it \([^\n]*\n$/);
        expect(none.status).toBe(1);
      }
    });
  });

  test('an event of unknown id ends its packet, with a word about where', () => {
    const copy = copyOfTrace();
    const path = join(copy, 'channel_1');
    // The first event's id follows the packet header (24 bytes) and the packet context (44 bytes).
    for (let at = 68; at < 80; at++) patch(path, at, 0x77);
    const done = spoor([copy]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/channel_1: packet at byte 0: /);
    expect(lines(done.stdout)).toBeGreaterThan(0);
  });

  test('a reader that goes away is no error', () => {
    const trace = join(corpusFolder('own-ust'), 'ust1m');
    const done = spawnSync(
      'bash',
      ['-c', `"$0" "$1" "$2" | head -1; echo "\${PIPESTATUS[0]}"`, process.execPath, spoorProgram, trace],
      { encoding: 'utf8' },
    );
    expect(done.stderr).toBe('');
    expect(done.stdout).toMatch(/^\[.*\n0\n$/);
  });

  test('a slow reader gets everything', () => {
    const trace = join(corpusFolder('own-ust'), 'ust1m');
    const done = spawnSync(
      'bash',
      ['-c', '"$0" "$1" "$2" | (sleep 1; wc -l)', process.execPath, spoorProgram, trace],
      { encoding: 'utf8' },
    );
    expect(done.stdout.trim()).toBe('1000000');
  });

  test('where no code may be made from text, the interpreter reads', () => {
    const copy = copyOfTrace();
    const flag = '--disallow-code-generation-from-strings';
    const done = spawnSync(process.execPath, [flag, spoorProgram, copy], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    expect(done.stderr).toBe('');
    expectSameText(done.stdout, spoor([copy], { env: { TZ: process.env['TZ'] } }).stdout, 'interpreted');
  });

  test('a full disk', () => {
    const done = spoor(['-w', '/dev/full', copyOfTrace()]);
    expect(done.status).toBe(1);
    expect(done.stderr).toMatch(/^spoor: writing \/dev\/full failed: ENOSPC/);
  });

  describe('options', () => {
    test.each([
      [['--begin', 'noon'], /"noon" is not a time/],
      [['--names', 'nonsense'], /--names: "nonsense" is not known/],
      [['-o', 'xml'], /there is no output "xml"/],
    ])('%j', (options, message) => {
      const done = spoor([...options, copyOfTrace()]);
      expect(done.status).toBe(2);
      expect(done.stderr).toMatch(message);
    });
  });
});
