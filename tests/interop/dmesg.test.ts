// Lines of the kernel's ring buffer: text equal to that of the real babeltrace2.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { command, describeNeeding } from '../support/needs.ts';
import { spoorProgram } from '../support/spoor.ts';
import { removeTree } from '../support/removal.ts';

const log = Array.from({ length: 2000 }, (_, n) => {
  const time = `${String(Math.floor(n / 7)).padStart(5)}.${String((n % 7) * 140_001 + n).padStart(6, '0')}`;
  const text = ['usb 1-1: new device', 'é “quoted" \\ text', '', '  indented', '[x] y'][n % 5]!;
  return `[${time}]${n % 11 === 0 ? '' : ' '}${text} ${n}`;
}).join('\n');

const inputs: readonly (readonly [string, string])[] = [
  ['a boot', `${log}\n`],
  ['no line feed at the end', '[    0.000000] Linux version 5.10\n[    0.004213] last'],
  ['dates', '[2021-03-05 10:11:12.345] a\n[2021-03-05 10:11:12.400]b\n[2024-02-29 23:59:59.999] c\n'],
  ['blank lines', '\n \t \n[ 1.000001] a\n\n\v\f\r\n[ 1.000002] \n[ 1.000003]\n'],
  ['odd times', '[1.5] a\n[+2.+7] b\n[  3.1 since boot] c\n[4.\t9]d\n'],
  ['no times', 'one\n[ 5.000000] two\nthree\n'],
  ['NUL bytes', '[1.000001] a\0b\n[1.000002] \0\n\0[9.0] x\n[1.000003] c\n'],
  ['not UTF-8', '[1.000001] \u0080\n'],
  ['nothing', ''],
  ['nothing but blanks', '\n \n'],
];

describeNeeding([command('babeltrace2')], 'source.text.dmesg as babeltrace2 has it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-dmesg-'));
  afterAll(() => removeTree(folder));
  const env = { ...process.env, TZ: 'UTC' };
  const both = (args: readonly string[], input?: string | Buffer): void => {
    const settings = { cwd: folder, env, ...(input === undefined ? {} : { input }) };
    const theirs = spawnSync('timeout', ['30', 'babeltrace2', ...args], settings);
    const ours = spawnSync(process.execPath, [spoorProgram, ...args], settings);
    expect(theirs.status, String(theirs.stderr)).toBe(0);
    expect(ours.stdout.equals(theirs.stdout), `${args.join(' ')}\n${ours.stdout}\n${theirs.stdout}`).toBe(
      true,
    );
    expect(ours.stderr.toString()).toBe('');
    expect(ours.status).toBe(0);
  };
  const source = ['-c', 'source.text.dmesg'];

  test.each(inputs)('%s', (name, text) => {
    const bytes = Buffer.from(text, name === 'not UTF-8' ? 'latin1' : 'utf8');
    writeFileSync(join(folder, 'log'), bytes);
    both([...source, '-p', 'path="log"'], '');
    both([...source, '-p', 'path="log",no-extract-timestamp=yes'], '');
    both([...source, '--clock-gmt', '--clock-date', '--fields=all'], bytes);
  });

  test('in a graph that is written out, and its arguments', () => {
    writeFileSync(join(folder, 'log'), log);
    const graph = ['run', '-c', 'log:source.text.dmesg', '-p', 'path="log"', '-c', 'mux:filter.utils.muxer'];
    const text = ['-c', 'text:sink.text.pretty', '-x', 'log:mux'];
    both([...graph, ...text, '-x', 'mux:text']);
    both(['--run-args', ...source, '-p', 'path="log"']);
  });

  // The peer's trimmer cannot wind back this source, and fails.
  test('a time range', () => {
    writeFileSync(join(folder, 'log'), '[1.0] a\n[2.0] b\n[3.0] c\n[4.0] d\n');
    const args = [spoorProgram, ...source, '-p', 'path="log"', '-b', '2', '-e', '3'];
    const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
    expect(run.stdout.match(/str = "."/g)).toEqual(['str = "b"', 'str = "c"']);
  });

  test('what is wrong with an input', () => {
    const run = (parameters: string): string => {
      const args = [spoorProgram, ...source, '-p', parameters];
      return spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', input: '' }).stderr;
    };
    expect(run('path="nothing"')).toMatch(/not a regular file: nothing/);
    expect(run('path="."')).toMatch(/not a regular file: \./);
    expect(run('paht="log"')).toMatch(/paht.*path/s);
    expect(run('path="log",read-from-stdin=yes')).toMatch(/not both/);
  });

  test.each(['[9223372037.5] x', '[99999999999999999999.5] x', '[1960-01-01 10:11:12.345] x'])(
    'a time beyond 64 bits ends both: %s',
    (line) => {
      writeFileSync(join(folder, 'log'), `[1.0] a\n${line}\n`);
      const args = [...source, '-p', 'path="log"'];
      expect(spawnSync('timeout', ['30', 'babeltrace2', ...args], { cwd: folder, env }).status).toBe(1);
      const ours = spawnSync(process.execPath, [spoorProgram, ...args], {
        cwd: folder,
        encoding: 'utf8',
        env,
      });
      expect(ours).toMatchObject({ status: 1, stdout: '' });
      expect(ours.stderr).toMatch(/^spoor: log:2: a time of -?\d+ ns does not fit a clock of 64 bits/);
    },
  );

  test('times that go back are a warning, not the end', () => {
    writeFileSync(join(folder, 'log'), '[2.0] a\n[1.0] b\nc\n');
    const args = [spoorProgram, ...source, '-p', 'path="log"'];
    const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env });
    expect(run.stdout.match(/str = "."/g)).toEqual(['str = "a"', 'str = "b"', 'str = "c"']);
    expect(run.stderr).toMatch(/time goes back/);
  });
});
