// The completion scripts, run by the shells that they are for.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding } from './support/needs.ts';
import { spoor } from './support/spoor.ts';
import { completedByZsh } from './support/zsh.ts';
import { removeTree } from './support/removal.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'spoor-completion-'));
  mkdirSync(join(dir, 'my trace'));
  mkdirSync(join(dir, 'my-other'));
  writeFileSync(join(dir, 'notes.txt'), '');
  for (const shell of ['bash', 'zsh']) {
    const { status, stdout } = spoor(['completion', shell]);
    expect(status).toBe(0);
    writeFileSync(join(dir, `script.${shell}`), stdout);
  }
});
afterAll(() => removeTree(dir));

/** Words typed, and what must and must not be offered for the last of them. */
const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['rec', ['record'], ['view']],
  ['', ['convert', 'record', 'my-other', 'my trace'], ['--begin']],
  ['--clock-s', ['--clock-seconds'], ['--clock-date']],
  ['--color n', ['never'], ['auto', 'notes.txt']],
  ['convert -o p', ['parquet'], ['text']],
  ['my-other --out', ['--output', '--output-format'], ['--overwrite']],
  ['-c sink.co', ['sink.columns.parquet', 'sink.columns.arrow'], ['sink.ctf.fs']],
  ['record --o', ['--output', '--overwrite'], ['--output-format']],
  ['record -o m', ['my-other'], ['notes.txt']],
  ['view my', ['my-other', 'my trace'], ['notes.txt']],
  ['help sink.text', ['sink.text.pretty', 'sink.text.json'], ['filter.utils.muxer']],
  ['query sou', ['source.ctf.fs'], ['sink.text.pretty']],
  ['completion z', ['zsh'], ['bash']],
  ['run --comp', ['--component'], ['--connect']],
  ['-q --mi xml sta', ['start', 'status'], ['--begin']],
  ['--mi ', ['xml'], ['start']],
  ['-n track --vp', ['--vpid'], ['--event']],
  ['-v snapshot re', ['record'], ['notes.txt']],
  ['snapshot re', ['record'], ['add-output', 'record.txt']],
  ['regenerate s', ['statedump'], ['metadata']],
  ['snapshot add-output m', ['my-other', 'my trace'], ['notes.txt']],
  ['add-context -t vp', ['vpid', 'vppid'], ['tid']],
  ['regenerate m', ['metadata'], ['statedump']],
  ['add-context -k --type perf:thread:cpu-c', ['perf:thread:cpu-cycles', 'perf:thread:cpu-clock'], ['pid']],
  ['-g tracing destr', ['destroy'], ['start']],
  ['snapshot record --max', ['--max-size'], ['--name']],
];

describeNeeding([command('bash')], 'completion by bash', () => {
  const complete = (words: readonly string[]): string[] => {
    const program =
      'source ./script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spoor; printf "%s\\n" "${COMPREPLY[@]}"';
    const done = spawnSync('bash', ['--norc', '-c', program, 'bash', 'spoor', ...words], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(done.stderr).toBe('');
    return done.stdout.split('\n').filter((line) => line !== '');
  };

  test.each(cases)('spoor %s', (line, wanted, unwanted) => {
    const offered = complete(line.split(' '));
    expect(offered).toEqual(expect.arrayContaining([...wanted]));
    expect(offered.filter((word) => unwanted.includes(word))).toEqual([]);
  });

  test('a value after =, as bash splits it', () => {
    expect(complete(['--color', '=', 'al'])).toEqual(['always']);
    expect(complete(['--color', '=']).sort()).toEqual(['always', 'auto', 'never']);
  });

  test('a word with colons, as bash splits it', () => {
    expect(complete(['add-context', '-t', 'perf', ':', 'thread', ':', 'cpu-cy'])).toEqual(['cpu-cycles']);
  });

  test('the script is accepted', () => {
    expect(spawnSync('bash', ['-n', join(dir, 'script.bash')]).status).toBe(0);
  });
});

describeNeeding([command('zsh')], 'completion by zsh', () => {
  const complete = (line: string): string[] => completedByZsh(`spoor ${line}`, dir);

  // Each of these takes a shell that loads its completion: every other case is enough.
  test.each(cases.filter((_, index) => index % 2 === 0))('spoor %s', (line, wanted, unwanted) => {
    const offered = complete(line);
    expect(offered).toEqual(expect.arrayContaining([...wanted]));
    expect(offered.filter((word) => unwanted.includes(word))).toEqual([]);
  });

  test('the script is accepted', () => {
    expect(spawnSync('zsh', ['-n', join(dir, 'script.zsh')]).status).toBe(0);
  });
});
