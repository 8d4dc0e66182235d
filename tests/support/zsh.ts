// What zsh offers at TAB, with its line editor.
import { spawnSync } from 'node:child_process';

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
  local -a offered
  builtin compadd -A offered "$@"
  print -rl -- "FOUND:"\${^offered}
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

/**
 * What is offered for a line.
 * @param folder where zsh runs; it has the completion as `script.zsh`.
 */
export function completedByZsh(
  line: string,
  folder: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string[] {
  const done = spawnSync('zsh', ['-f', '-c', zshProgram, 'zsh', line], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...environment, TERM: 'dumb' } as NodeJS.ProcessEnv,
  });
  return done.stdout
    .split(/\r?\n/)
    .flatMap((text) => /FOUND:(.*)$/.exec(text)?.[1] ?? [])
    .map((word) => word.replaceAll('\\', ''));
}
