// Components that are programs: the Python example, and programs that misbehave.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command, repoRoot } from './support/machine.ts';
import { describeNeeding } from './support/needs.ts';
import { spoorProgram } from './support/spoor.ts';

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
