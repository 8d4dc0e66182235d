/** What can stand where on the command line, from the commands' own definitions. */
import type { Argument, Command, Option } from 'commander';
import { kernelContextNames } from '@spoor/kernel';
import { allContexts } from '../control/values.ts';
import { componentClasses } from '../convert/plugins.ts';
import { sinkFormats } from '../convert/sinks.ts';

/** Names that a session daemon is asked for. */
export type NameKind = 'sessions' | 'channels' | 'events' | 'triggers';

/** What completes a value. */
export type Completer =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'directories' | 'programs' | 'nothing' }
  /** What the session daemon knows when TAB is pressed. */
  | { readonly kind: 'names'; readonly of: NameKind };

/** An option as a shell sees it. */
export interface CompletedOption {
  /** `-o` and `--output`, those that there are. */
  readonly names: readonly string[];
  readonly text: string;
  /** Absent where it takes no value. */
  readonly value?: Completer;
  /** Whether it may be given again. */
  readonly repeats: boolean;
}

/** A verb with its options and arguments. */
export interface CompletedVerb {
  readonly name: string;
  readonly text: string;
  readonly options: readonly CompletedOption[];
  /** The last of them completes all words that follow. */
  readonly values: readonly Completer[];
}

/** The whole table. */
export interface CompletionTable {
  readonly verbs: readonly CompletedVerb[];
  /** Options that may stand before the verb. */
  readonly general: readonly CompletedOption[];
  /** What is meant where no verb stands. */
  readonly usual: string;
}

const classNames = (): readonly string[] => componentClasses().map(({ className }) => className);

/** Names that values have in the options' texts, such as `<dir>`. */
function completerOf(name: string): Completer {
  switch (name) {
    case 'class':
      return { kind: 'words', words: classNames() };
    case 'format':
      return {
        kind: 'words',
        words: sinkFormats.flatMap(({ format }) => (format === undefined ? [] : [format])),
      };
    case 'path':
      return { kind: 'files' };
    case 'dir':
      return { kind: 'directories' };
    case 'command':
      return { kind: 'programs' };
    case 'session':
      return { kind: 'names', of: 'sessions' };
    case 'channel':
    case 'channels':
      return { kind: 'names', of: 'channels' };
    case 'context':
      return { kind: 'words', words: [...new Set([...allContexts, ...kernelContextNames])].sort() };
    case 'trigger':
      return { kind: 'names', of: 'triggers' };
    default:
      return { kind: 'nothing' };
  }
}

function valueOf(option: Option): Completer {
  if (option.argChoices !== undefined) return { kind: 'words', words: option.argChoices };
  return completerOf(/<([^>]+)>/.exec(option.flags)?.[1] ?? '');
}

function optionOf(option: Option): CompletedOption {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const takesValue = option.required || option.optional;
  return {
    names,
    text: option.description,
    // What a parser function gathers may come again.
    repeats: option.parseArg !== undefined,
    ...(takesValue ? { value: valueOf(option) } : {}),
  };
}

function argumentOf(argument: Argument, verb: string, verbs: readonly string[]): Completer {
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  if (argument.name() === 'names' && verb.endsWith('-event')) return { kind: 'names', of: 'events' };
  if (verb === 'help') return { kind: 'words', words: [...verbs, ...classNames()] };
  // Of a snapshot.
  if (argument.name() === 'url') return { kind: 'directories' };
  // Traces lie in directories and in archives.
  return argument.name() === 'dir' ? { kind: 'files' } : completerOf(argument.name());
}

/** Options of a verb and of its actions, each once. */
function optionsOf(command: Command): readonly CompletedOption[] {
  const all = [command, ...command.commands].flatMap(({ options }) => options);
  const shown = all.filter((option) => !option.hidden);
  return [...new Map(shown.map((option) => [option.flags, option])).values()].map(optionOf);
}

/** What its words are: of a verb with actions one of these, then what some of them are about. */
function valuesOf(command: Command, verbs: readonly string[]): readonly Completer[] {
  const own = command.registeredArguments.map((argument) => argumentOf(argument, command.name(), verbs));
  if (command.commands.length === 0) return own;
  const words = command.commands.map((action) => action.name());
  const more = command.commands
    .flatMap((action) => action.registeredArguments)
    .map((argument) => argumentOf(argument, command.name(), verbs))
    .find(({ kind }) => kind !== 'nothing');
  return [{ kind: 'words', words }, more ?? { kind: 'nothing' }];
}

/** Makes the table of a program. */
export function completionTable(program: Command): CompletionTable {
  const names = program.commands.map((command) => command.name());
  const [usual = ''] = names;
  const general = program.options.filter((option) => !option.hidden).map(optionOf);
  const verbs = program.commands.map((command): CompletedVerb => {
    const own = optionsOf(command);
    const taken = new Set(own.flatMap((option) => option.names));
    const before = general.filter((option) => !option.names.some((name) => taken.has(name)));
    return {
      name: command.name(),
      text: command.description(),
      options: [
        ...own,
        // Where no verb stands yet.
        ...(command.name() === usual ? before : []),
        { names: ['-h', '--help'], text: 'tell how it is used', repeats: false },
      ],
      values: valuesOf(command, names),
    };
  });
  return { verbs, general, usual };
}
