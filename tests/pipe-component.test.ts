// Components that are programs: the Python example, and programs that misbehave.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, repoRoot } from './support/machine.ts';
import { describeNeeding } from './support/needs.ts';
import { spoorProgram } from './support/spoor.ts';
import { removeTree } from './support/removal.ts';

function spoor(...args: readonly string[]) {
  return spawnSync(process.execPath, [spoorProgram, ...args], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  });
}

describeNeeding([command('python3')], 'components in Python', () => {
  const path = `--plugin-path=${join(repoRoot, 'examples/python-component')}`;
  const responses = ['-c', 'source.python.responses', '-p', 'count=+2000'];

  test('a source, a filter and a sink', () => {
    const all = spoor(path, ...responses, '--clock-seconds');
    expect(all.stderr).toBe('');
    const lines = all.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2000);
    expect(lines[0]).toBe(
      '[1700000000.000140892] (+?.?????????) sample response: { path = "/pay", duration_us = 476 }',
    );
    const slow = lines.filter((line) => Number(/duration_us = (\d+)/.exec(line)![1]) >= 2000);
    const filter = ['-c', 'filter.python.slow', '-p', 'least-us=+2000'];
    const filtered = spoor(path, ...responses, ...filter, '--clock-seconds', '--no-delta');
    expect(filtered.stderr).toBe('');
    const kept = filtered.stdout.split('\n').filter((line) => line.includes(' response: '));
    expect(kept).toEqual(slow.map((line) => line.replace(/ \(.*?\)/, '')));
    const counts = [...filtered.stdout.matchAll(/left_out: \{ count = (\d+) \}/g)];
    const last = lines.length - 1 - lines.lastIndexOf(slow.at(-1)!);
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(2000 - slow.length - last);
    const drawn = spoor(path, ...responses, '-c', 'sink.python.histogram');
    expect(drawn).toMatchObject({ status: 0, stdout: '' });
    const rows = drawn.stderr.trimEnd().split('\n');
    expect(rows.reduce((sum, row) => sum + Number(row.trim().split(/ +/)[1]), 0)).toBe(2000);
  });

  test('its parameters are checked', () => {
    const wrong = spoor(path, ...responses, '-p', 'cuont=+1');
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain('source.python.responses has no parameter "cuont" (did you mean count?)');
    expect(spoor(path, 'help', 'sink.python.histogram').stdout).toContain('duration_us by default');
  });
});

describe('programs that misbehave', () => {
  const ready =
    '{"type":"ready","protocol":1,"traces":[{"name":"t","streamClasses":[{"events":[{"name":"e","fields":{"n":"u8"}}]}]}]}';
  const event = (time: number, n = 1): string =>
    `{"type":"event","name":"e","time":${time},"payload":{"n":${n}}}`;
  /** A program that writes lines and then does something in the shell. */
  const source = (lines: readonly string[], then = 'cat >/dev/null'): string[] => {
    const script = `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}; ${then}`;
    return ['-c', 'source.pipe.exec', '-p', `command=["sh", "-c", ${JSON.stringify(script)}]`];
  };

  test.each([
    ['garbage', source(['hello']), 'it wrote a line that is no message: "hello"'],
    ['another version', source(['{"type":"ready","protocol":7}']), 'speaks version 7 of the protocol, not 1'],
    ['no greeting', source(['{"type":"end"}']), 'its first message is "end", not `ready`'],
    ['an early end', source([ready, event(1)], 'exit 3'), 'ended (status 3) before it said that it was done'],
    ['a signal', source([ready, event(1)], 'kill -9 $$'), 'ended (SIGKILL) before'],
    ['a status', source([ready, '{"type":"end"}'], 'cat >/dev/null; exit 4'), 'ended with status 4'],
    ['an error', source([ready, '{"type":"error","message":"no luck"}']), 'source.pipe.exec: no luck'],
    [
      'a wrong value',
      source([ready, event(1, 300), '{"type":"end"}']),
      'does not fit an unsigned integer of 8 bits',
    ],
    ['time', source([ready, event(2), event(1), '{"type":"end"}']), 'clock value 1 after 2'],
    ['no name', source([ready, '{"type":"event","time":1}']), 'has no `name` that is a text'],
    [
      'no such stream',
      source([ready, '{"type":"event","name":"e","time":1,"stream":3}']),
      'there is no stream 3',
    ],
    [
      'silence',
      ['-c', 'source.pipe.exec', '-p', 'command=["sleep", "60"],timeout-s=+1'],
      'it did not answer within 1 s',
    ],
    ['nothing to run', ['-c', 'source.pipe.exec', '-p', 'command=["/no/such"]'], 'cannot run /no/such'],
  ])('%s', (_, args, message) => {
    const done = spoor(...args);
    expect(done.stderr).toContain(message);
    expect(done.stderr).not.toContain('\n    at ');
    expect(done.status).toBe(1);
  });

  test('messages of every kind come from a program, and pass by one that filters', () => {
    const all = source([
      ready,
      '{"type":"inactivity","time":1}',
      '{"type":"stream-beginning","time":2}',
      '{"type":"packet-beginning","time":2}',
      event(3),
      '{"type":"packet-end","time":4}',
      '{"type":"discarded-packets","count":2,"begin":4,"end":5}',
      '{"type":"discarded-events"}',
      '{"type":"stream-end"}',
      '{"type":"end"}',
    ]);
    const script = `echo '{"type":"ready","protocol":1}'; while read -r line; do case "$line" in
      *'"type":"flush"'*) echo '{"type":"forward","event":0}'; echo '{"type":"flushed"}';;
      *'"type":"end"'*) echo '{"type":"end"}'; exit;; esac; done`;
    const filter = ['-c', 'filter.pipe.exec', '-p', `command=["sh", "-c", ${JSON.stringify(script)}]`];
    const details = ['-c', 'sink.text.details', '-p', 'compact=yes,with-metadata=no'];
    const done = spoor(...all, ...details);
    expect(done.stderr).toBe('');
    expect(done.stdout).toBe(
      [
        '[1 1] Message iterator inactivity',
        '[2 2] {0 0 0} Stream beginning',
        '[2 2] {0 0 0} Packet beginning',
        '[3 3] {0 0 0} Event `e` (0)',
        '[4 4] {0 0 0} Packet end',
        '[4 4] [5 5] {0 0 0} Discarded packets (2 packets)',
        '{0 0 0} Discarded events',
        '[Unknown] {0 0 0} Stream end',
        '',
      ].join('\n'),
    );
    expect(spoor(...all, ...filter, ...details).stdout).toBe(done.stdout);
    const wrong = spoor(...source([ready, '{"type":"packet-end","time":1}']));
    expect(wrong.stderr).toContain('the end of a packet cannot come in a stream before its beginning');
  });

  test('messages that a program wants are given to it, and a filter hands them on', () => {
    const own = source([
      ready,
      '{"type":"packet-beginning","time":2}',
      event(3),
      '{"type":"packet-end","time":4}',
      '{"type":"discarded-packets","count":2,"begin":4,"end":5}',
      '{"type":"inactivity","time":6}',
      '{"type":"end"}',
    ]);
    const given: readonly string[] = [
      '{"type":"stream-beginning","message":0,"stream":0}',
      '{"type":"packet-beginning","message":0,"stream":0,"time":2,"packet":{',
      '{"type":"event","event":0,"stream":0,"name":"e","time":3,"payload":{"n":1},"context":{},"packet":{',
      '{"type":"packet-end","message":0,"stream":0,"time":4}',
      '{"type":"discarded-packets","message":0,"stream":0,"begin":4,"end":5,"count":2}',
      '{"type":"inactivity","message":0,"stream":0,"time":6}',
      '{"type":"stream-end","message":0,"stream":0}',
    ];
    const program = (kind: string, messages: string, cases: string): string[] => {
      const script = `echo '{"type":"ready","protocol":1,"messages":${messages}}'; read -r hello; read -r begin;
        while read -r line; do case "$line" in ${cases}
          '{"type":"end"}') echo '{"type":"end"}'; exit;; *) echo "$line" >&2;; esac; done`;
      return ['-c', `${kind}.pipe.exec`, '-p', `command=["sh", "-c", ${JSON.stringify(script)}]`];
    };
    const lines = (text: string): readonly string[] => text.trimEnd().split('\n');
    const sink = lines(spoor(...own, ...program('sink', 'true', '')).stderr);
    expect(sink).toHaveLength(given.length);
    for (const [index, line] of given.entries()) expect(sink[index]).toContain(line);
    const some = lines(spoor(...own, ...program('sink', '["packet-end"]', '')).stderr);
    expect(some.map((line) => line.slice(0, 20))).toEqual(['{"type":"event","eve', '{"type":"packet-end"']);
    // A filter that hands on all but losses, message by message and events in lists.
    const cases = `*'"type":"event"'*) of='"events":[0]';; *'"type":"discarded'*) of='';;
      *'"message":0'*) of='"message":0';;
      *'"flush"'*) [ -z "$of" ] || echo "{\\"type\\":\\"forward\\",$of}"; of=''; echo '{"type":"flushed"}';;`;
    const details = ['-c', 'sink.text.details', '-p', 'compact=yes,with-metadata=no'];
    const all = lines(spoor(...own, ...details).stdout);
    const filtered = spoor(...own, ...program('filter', 'true', cases), ...details);
    expect(filtered.stderr).toBe('');
    expect(lines(filtered.stdout)).toEqual(all.filter((line) => !line.includes('Discarded')));
    const wrong = spoor(...own, ...program('sink', '["packets"]', ''));
    expect(wrong.stderr).toContain('there are no messages of the kind "packets"');
  });

  test('integers of every length come exactly, wherever they stand', () => {
    const fields =
      '{"type":"ready","protocol":1,"traces":[{"name":"t","streamClasses":[{"events":[{"name":"e","fields":{"time":"u64","f":"f64","s":"string"}}]}]}]}';
    const of = (time: string, payload: string): string =>
      `{"type":"event","name":"e","time":${time},"payload":${payload}}`;
    const done = spoor(
      ...source([
        fields,
        of(
          '1700000000000000001',
          '{"time":18446744073709551615,"f":0.30000000000000004,"s":"1234567890123456789"}',
        ),
        of('1700000000000000002', '{"time":3,"f":1,"s":"\\"time\\":1700000000000000001"}'),
        '{"type":"event","payload":{"time":1700000000000000003,"f":2,"s":""},"name":"e","time":1700000000000000003}',
        '{"type":"end"}',
      ]),
      '-c',
      'sink.text.json',
    );
    expect(done.stderr).toBe('');
    expect(
      done.stdout
        .trimEnd()
        .split('\n')
        .map((line) => {
          const { timeNs, payload } = JSON.parse(line) as {
            readonly timeNs: string;
            readonly payload: object;
          };
          return [timeNs, payload];
        }),
    ).toEqual([
      ['1700000000000000001', { time: '18446744073709551615', f: 0.1 + 0.2, s: '1234567890123456789' }],
      ['1700000000000000002', { time: 3, f: 1, s: '"time":1700000000000000001' }],
      ['1700000000000000003', { time: '1700000000000000003', f: 2, s: '' }],
    ]);
  });

  test('a source that says when its events begin is not waited for, and Ctrl-C ends the greeting', () => {
    const early = ready.replace('"protocol":1', '"protocol":1,"firstTime":7');
    // It has no event before the sink begins, which makes the file that it waits for.
    const folder = mkdtempSync(join(tmpdir(), 'spoor-pipe-'));
    const file = join(folder, 'begun');
    const script = `echo '${early}'; while [ ! -e ${file} ]; do sleep 0.02; done; echo '${event(9)}'; echo '{"type":"end"}'; cat >/dev/null`;
    const sink = `echo '{"type":"ready","protocol":1}'; read -r hello; read -r begin; touch ${file};
      while read -r line; do case "$line" in '{"type":"end"}') echo "$line"; exit;; *) echo "$line" >&2;; esac; done`;
    const of = (text: string): string => `command=["sh", "-c", ${JSON.stringify(text)}]`;
    const done = spoor('-c', 'source.pipe.exec', '-p', of(script), '-c', 'sink.pipe.exec', '-p', of(sink));
    expect(done.stderr).toContain('"time":9');
    expect(done.status).toBe(0);
    const silent = `kill -INT $PPID; exec sleep 600`;
    expect(spoor('-c', 'source.pipe.exec', '-p', of(silent))).toMatchObject({
      status: 2,
      stdout: '',
      stderr: '',
    });
    removeTree(folder);
  });

  test('a filter that forwards what is not there; one that lets all pass', () => {
    const events = source([
      ready,
      event(1),
      event(2),
      event(3),
      '{"type":"discarded-events","count":5,"begin":1,"end":3}',
      '{"type":"end"}',
    ]);
    const filter = (answer: string): string[] => {
      const script = `echo '{"type":"ready","protocol":1}'; while read -r line; do case "$line" in
        *'"type":"flush"'*) ${answer} echo '{"type":"flushed"}';;
        *'"type":"end"'*) echo '{"type":"end"}'; exit;; esac; done`;
      return ['-c', 'filter.pipe.exec', '-p', `command=["sh", "-c", ${JSON.stringify(script)}]`];
    };
    const forward = (number: number): string => `echo '{"type":"forward","event":${number}}';`;
    const wrong = spoor(...events, ...filter(forward(9000)));
    expect(wrong.stderr).toContain('`forward` names the event 9000, which is not at hand');
    expect(wrong.status).toBe(1);
    const right = spoor(...events, ...filter(forward(0)), '--clock-seconds', '--no-delta');
    expect(right.stdout).toContain('[0.000000001] e: { n = 1 }\n');
    expect(right.stderr).toContain('discarded 5 events');
    expect(right.status).toBe(0);
  });
});
