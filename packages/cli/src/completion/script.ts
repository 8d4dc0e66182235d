/** Scripts by which shells complete the words of the command: bash and zsh. */
import type { Command } from 'commander';
import { completionTable, type CompletedOption, type Completer, type CompletionTable } from './table.ts';

/** Makes the script for a shell. */
export function completionScript(program: Command, shell: 'bash' | 'zsh'): string {
  const table = completionTable(program);
  return shell === 'bash' ? bashScript(program.name(), table) : zshScript(program.name(), table);
}

/** A word in quotes that no shell looks into. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function functionName(program: string): string {
  return `_${program.replaceAll('-', '_')}`;
}

function bashAction(value: Completer): string {
  switch (value.kind) {
    case 'words':
      return `words ${quoted(value.words.join(' '))}`;
    case 'files':
      return 'files -f';
    case 'directories':
      return 'files -d';
    case 'programs':
      return 'files -c';
    case 'names':
      return `names ${value.of}`;
    case 'nothing':
      return ':';
    default:
      return value satisfies never;
  }
}

function bashScript(program: string, { verbs, general, usual }: CompletionTable): string {
  const name = functionName(program);
  const lines = [
    `# Completion of ${program} for bash. To have it in each shell: add this line to ~/.bashrc:`,
    `#   source <(${program} completion bash)`,
    `${name}_words() {`,
    '  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$whole")',
    '  # Of a word with colons bash replaces what stands behind the last of them.',
    '  [[ $whole == "$cur" ]] || COMPREPLY=("${COMPREPLY[@]#"${whole%"${whole##*:}"}"}")',
    '}',
    '# Names are never expanded: a session can be called anything.',
    `${name}_names() {`,
    '  local line shown before=',
    '  [[ $whole == "$cur" ]] || before="${whole%"${whole##*:}"}"',
    '  while IFS= read -r line; do',
    '    case $whole in',
    '      \\"*) shown="$line"; [[ $line == *[\\\\\\"\\`\\$\\!]* || $line != "${whole:1}"* ]] && continue ;;',
    '      \\\'*) shown="$line"; [[ $line == *\\\'* || $line != "${whole:1}"* ]] && continue ;;',
    '      *) printf -v shown %q "$line"; [[ $line == "$whole"* || $shown == "$whole"* ]] || continue ;;',
    '    esac',
    '    COMPREPLY+=("${shown#"$before"}")',
    `  done < <(${program} completion bash --names "$1" 2>/dev/null)`,
    '}',
    `${name}_files() { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen "$1" -- "$cur"); }`,
    `${name}() {`,
    '  local cur="${COMP_WORDS[COMP_CWORD]}" whole="${COMP_WORDS[COMP_CWORD]}" prev verb= at word skip= count=0',
    '  COMPREPLY=()',
    '  # A word with colons comes in several.',
    '  for ((at = COMP_CWORD; at > 1; at--)); do',
    '    [[ ${COMP_WORDS[at]} =~ ^:+$ || ${COMP_WORDS[at-1]} =~ ^:+$ ]] || break',
    '    whole="${COMP_WORDS[at-1]}$whole"',
    '  done',
    '  prev="${COMP_WORDS[at-1]}"',
    '  # --option=value comes in three words.',
    '  if [[ $cur == = ]]; then cur= whole=; elif [[ $prev == = ]]; then prev="${COMP_WORDS[at-2]}"; fi',
    '  for ((at = 1; at < COMP_CWORD; at++)); do',
    '    word="${COMP_WORDS[at]}"',
    '    if [[ -n $skip ]]; then [[ $word == = ]] || skip=; continue; fi',
    '    if [[ -z $verb ]]; then',
    `      case "$word" in ${verbs.map((verb) => verb.name).join('|')}) verb="$word"; continue ;; esac`,
    `      case "$word" in`,
    `        ${valued(general).join('|')}) skip=1; continue ;;`,
    `        ${plain(general).join('|')}) continue ;;`,
    `      esac`,
    `      [[ $word == -* ]] || verb=${usual}`,
    '    fi',
    '    case "$word" in',
    // A value that stands behind its option is no argument.
    `      ${[...new Set(verbs.flatMap((verb) => valued(verb.options)))].join('|')}) skip=1 ;;`,
    '      -*) ;;',
    '      *) ((count += 1)) ;;',
    '    esac',
    '  done',
    `  case "\${verb:-${usual}} $prev" in`,
  ];
  for (const verb of verbs) {
    for (const { names, value } of verb.options) {
      if (value === undefined) continue;
      const patterns = names.map((option) => quoted(`${verb.name} ${option}`)).join('|');
      lines.push(`    ${patterns}) ${call(name, bashAction(value))}; return ;;`);
    }
  }
  lines.push('  esac', '  if [[ $cur == -* ]]; then', `    case "\${verb:-${usual}}" in`);
  for (const verb of verbs) {
    const words = verb.options.flatMap((option) => option.names).join(' ');
    lines.push(`      ${verb.name}) ${name}_words ${quoted(words)} ;;`);
  }
  lines.push('    esac', '    return', '  fi', '  case "$verb $count" in');
  for (const { name: verb, values } of verbs) {
    for (const [index, value] of values.entries()) {
      const pattern = index === values.length - 1 ? `${quoted(`${verb} `)}*` : quoted(`${verb} ${index}`);
      lines.push(`    ${pattern}) ${call(name, bashAction(value))} ;;`);
    }
  }
  const names = verbs.map((verb) => verb.name).join(' ');
  lines.push(
    "    ' '*)",
    `      ${name}_files -f`,
    `      mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W ${quoted(names)} -- "$cur") ;;`,
    '  esac',
    '}',
    `complete -F ${name} ${program}`,
    '',
  );
  return lines.join('\n');
}

function call(name: string, action: string): string {
  return action === ':' ? action : `${name}_${action}`;
}

function valued(options: readonly CompletedOption[]): readonly string[] {
  return options.flatMap((option) => (option.value === undefined ? [] : option.names));
}

function plain(options: readonly CompletedOption[]): readonly string[] {
  return options.flatMap((option) => (option.value === undefined ? option.names : []));
}

/** Text in an argument of `_arguments`, where brackets and colons have a meaning. */
function zshText(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&');
}

function zshAction(value: Completer): string {
  switch (value.kind) {
    case 'words':
      return `(${value.words.map(zshText).join(' ')})`;
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'programs':
      return '_command_names -e';
    case 'names':
      return `_spoor_names ${value.of}`;
    case 'nothing':
      return ' ';
    default:
      return value satisfies never;
  }
}

function zshOption({ names, text, value, repeats }: CompletedOption): readonly string[] {
  return names.map((name) => {
    const others = repeats ? '*' : `(${names.join(' ')})`;
    const assigned = value === undefined ? '' : name.startsWith('--') ? '=' : '+';
    const tail = value === undefined ? '' : `:value:${zshAction(value)}`;
    return `${others}${name}${assigned}[${zshText(text)}]${tail}`;
  });
}

function zshScript(program: string, { verbs, general, usual }: CompletionTable): string {
  const name = functionName(program);
  const lines = [
    `#compdef ${program}`,
    `# Completion of ${program} for zsh. To have it in each shell: add this line to ~/.zshrc, below compinit:`,
    `#   source <(${program} completion zsh)`,
    `${name}_names() {`,
    '  local -a found',
    `  found=(\${(f)"$(${program} completion zsh --names \${@[-1]} 2>/dev/null)"})`,
    '  # What stands before the kind is what _arguments has for compadd.',
    '  compadd "${@[1,-2]}" -a found',
    '}',
  ];
  for (const verb of verbs) {
    const specs = [
      ...verb.options.flatMap(zshOption),
      ...verb.values.map((value, index) => {
        const place = index === verb.values.length - 1 ? '*' : String(index + 1);
        // The words of a program are completed as if it stood alone.
        if (value.kind === 'programs') return `*::${verb.name}:_normal`;
        return `${place}:${verb.name}:${zshAction(value)}`;
      }),
    ];
    lines.push(`${name}_${verb.name.replaceAll('-', '_')}() {`, '  _arguments -s \\');
    lines.push(
      ...specs.map((spec, index) => `    ${quoted(spec)}${index === specs.length - 1 ? '' : ' \\'}`),
      '}',
    );
  }
  lines.push(
    `${name}() {`,
    '  local -a verbs',
    '  verbs=(',
    ...verbs.map((verb) => `    ${quoted(`${verb.name}:${verb.text.replaceAll(':', '\\:')}`)}`),
    '  )',
    '  local -i at=2',
    '  while (( at < CURRENT )); do',
    '    case $words[at] in',
    `      ${valued(general).join('|')}) (( at += 2 )) ;;`,
    `      ${plain(general).join('|')}) (( at += 1 )) ;;`,
    '      *) break ;;',
    '    esac',
    '  done',
    '  if (( CURRENT == at )) && [[ $words[at] != -* ]]; then',
    `    _describe -t verbs 'verb' verbs`,
    '    _files',
    '    return',
    '  fi',
    '  case $words[at] in',
    ...verbs.map(
      (verb) =>
        `    ${verb.name}) shift $((at - 1)) words; (( CURRENT -= at - 1 )); ${name}_${verb.name.replaceAll('-', '_')} ;;`,
    ),
    `    *) ${name}_${usual} ;;`,
    '  esac',
    '}',
    `compdef ${name} ${program}`,
    '',
  );
  return lines.join('\n');
}
