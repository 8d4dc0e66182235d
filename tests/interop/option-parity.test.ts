// Every verb of `lttng` with every option, beside ours: docs/manual/lttng-options.md is what this test makes of both.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { spoorProgram } from '../../packages/cli/src/program.ts';
import { command, describeNeeding, repoRoot } from '../support/needs.ts';

/** What stands in for a verb or an option of `lttng` that is not ours, or why there is none. */
const instead: Readonly<Record<string, string>> = {
  metadata: '`regenerate metadata`; LTTng keeps this verb for old scripts alone',
  '--jul, -j': 'none: there are no Java programs',
  '--log4j, -l': 'none: there are no Java programs',
  '--python, -p': 'none: there are no Python programs',
  '--list-options': '`spoor help VERB`, `spoor completion bash`',
  '--list-commands': '`spoor --help`',
  'create --no-consumer': '`create --no-output`; LTTng keeps this option for old scripts alone',
  'disable-event --all': '`disable-event --all-events`',
  'add-trigger --condition': '`--condition`, read in its order with what follows it',
  'add-trigger --action': '`--action`, read in its order with what follows it',
  'add-trigger --name': '`--name`, read in its order with what follows it',
  'add-trigger --owner-uid': '`--owner-uid`, read in its order with what follows it',
  'lttng --sessiond-path': 'none: the daemon is a part of the command',
  'lttng --relayd-path': 'none: there is no relay daemon yet',
};

function lttng(...words: string[]): readonly string[] {
  const { stdout, status } = spawnSync('lttng', words, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`lttng ${words.join(' ')} failed`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Options with both names, such as `--session, -s`; of all verbs `--help`. */
function optionsOf(lines: readonly string[]): readonly string[] {
  const named: string[] = [];
  for (const line of lines) {
    if (line.startsWith('--')) named.push(line);
    else named.push(`${named.pop() ?? ''}, ${line}`);
  }
  return named.filter((name) => !name.startsWith('--help'));
}

/** Names that a command takes, or one of its actions where it has some. */
function ownNames(verb: Command, actions: readonly Command[] = verb.commands): ReadonlySet<string> {
  const own = verb.options.flatMap(({ short, long, negate }) => [
    short,
    long,
    ...(negate ? [`--no-${long?.slice('--no-'.length)}`] : []),
  ]);
  const inner = actions.flatMap((action) => [...ownNames(action)]);
  return new Set([...own.filter((name) => name !== undefined), ...inner]);
}

function row(title: string, option: string, own: ReadonlySet<string> | undefined): string {
  const [long = '', short] = option.split(', ');
  const shown = short === undefined ? `\`${long}\`` : `\`${short}\`, \`${long}\``;
  const other = instead[`${title} ${option}`] ?? instead[option];
  const isSame = own?.has(long) === true && (short === undefined || own.has(short));
  if (isSame && other !== undefined) throw new Error(`${title} ${option} is ours, and told of as missing`);
  if (!isSame && own?.has(long) === true) return `| ${shown} | \`${long}\` |`;
  if (!isSame && other === undefined)
    throw new Error(`${title} ${option} is not ours, and nothing is told of it`);
  return `| ${shown} | ${isSame ? 'the same' : other!} |`;
}

function table(title: string, options: readonly string[], own: ReadonlySet<string> | undefined): string {
  const rows = options.map((option) => row(title, option, own));
  return `| \`lttng\` | \`spoor\` |\n| --- | --- |\n${rows.join('\n')}`;
}

function page(): string {
  const program = spoorProgram({ exitStatus: 0 });
  const sections = lttng('--list-commands').map((name) => {
    const verb = program.commands.find((own) => own.name() === name);
    const heading = `## ${name}\n\n`;
    if (verb === undefined) {
      const other = instead[name];
      if (other === undefined) throw new Error(`there is no verb ${name}, and nothing is told of it`);
      return `${heading}Not a verb here: ${other}.`;
    }
    const all = optionsOf(lttng(name, '--list-options')).filter((option) => !option.startsWith('--list-'));
    return `${heading}${all.length === 0 ? 'No options.' : table(name, all, ownNames(verb))}`;
  });
  const general = optionsOf(lttng('--list-options'));
  return [
    '# Options of `lttng` and of `spoor`',
    'Every verb of `lttng` 2.13 with every option it lists, and what it is here. `tests/interop/option-parity.test.ts` makes this\npage of both programs. What a verb does differently: [sessions.md](sessions.md#what-differs-from-lttng).',
    `## Before the verb\n\n${table('lttng', general, ownNames(program, []))}`,
    ...sections,
  ].join('\n\n');
}

/** Without spaces, which the formatter of the page chooses. */
const plain = (text: string): string =>
  text
    .replaceAll(/ +|-{3,}/g, ' ')
    .replaceAll(/ ?\| ?/g, '|')
    .trim();

describeNeeding([command('lttng')], 'options of lttng', () => {
  test('each is ours, or told of', () => {
    const file = readFileSync(join(repoRoot, 'docs/manual/lttng-options.md'), 'utf8');
    expect(plain(file)).toBe(plain(page()));
  });
});
