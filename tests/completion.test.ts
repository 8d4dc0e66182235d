// The completion scripts, run by the shells that they are for.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, describeNeeding } from './support/needs.ts';
import { spoor } from './support/spoor.ts';
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
  ['snapshot re', ['record'], ['add-output', 'record.txt']],
  ['regenerate s', ['statedump'], ['metadata']],
  ['snapshot add-output m', ['my-other', 'my trace'], ['notes.txt']],
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

  test('the script is accepted', () => {
    expect(spawnSync('bash', ['-n', join(dir, 'script.bash')]).status).toBe(0);
  });
});

/**
 * Types the line and TAB in a zsh of its own, whose `compadd` tells what it is given instead of showing it. The last line
 * says that it is done, so nothing is waited for by the clock.
 */
const zshProgram = `
zmodload zsh/zpty || exit 9
zpty z zsh -f -i
zpty -w z "PS1=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; source ./script.zsh"
zpty -w z 'null-line () { zle kill-buffer }; zle -N null-line
compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return $?; fi
  local -a found
  builtin compadd -A found "$@"
  print -rl -- "FOUND:"\${^found}
  builtin compadd "$@"
}
finish () { zle kill-buffer; print -r -- "DO""NE" }
zle -N finish; bindkey "^X^F" finish; zstyle ":completion:*" insert-unambiguous false; setopt no_list_beep no_always_last_prompt'
zpty -w z 'print -r -- REA""DY'
zpty -r -m z seen '*READY*'
zpty -n -w z "$1"$'\\t'
zpty -n -w z $'\\x18\\x06'
zpty -r -m z all '*DONE*'
print -r -- "$all"
zpty -d z
`;

describeNeeding([command('zsh')], 'completion by zsh', () => {
  const complete = (line: string): string[] => {
    const done = spawnSync('zsh', ['-f', '-c', zshProgram, 'zsh', `spoor ${line}`], {
      cwd: dir,
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, TERM: 'dumb' },
    });
    return done.stdout
      .split(/\r?\n/)
      .flatMap((text) => /FOUND:(.*)$/.exec(text)?.[1] ?? [])
      .map((word) => word.replaceAll('\\', ''));
  };

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
