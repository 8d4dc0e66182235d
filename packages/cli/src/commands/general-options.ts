/** Options that stand before the verb, or behind it. */
import { delimiter } from 'node:path';
import { InvalidArgumentError, type Command, Option } from 'commander';
import type { LogLevel } from '@spoor/graph';
import { collect, logLevel } from './component-options.ts';

/** What is said before the verb. */
export interface GeneralOptions {
  readonly allowedMipVersions?: readonly number[];
  /** `color=always` too gives colours only where the terminal shows them, as babeltrace2 does. */
  readonly colorsOnTerminalsOnly?: boolean;
  readonly debug?: boolean;
  readonly logLevel?: LogLevel;
  readonly omitHomePluginPath?: boolean;
  readonly omitSystemPluginPath?: boolean;
  readonly plugin?: readonly string[];
  readonly pluginPath?: readonly string[];
  readonly verbose?: boolean;
}

function mipVersions(text: string): readonly number[] {
  const versions = text.split(',').map((part) => part.trim());
  if (!versions.every((version) => version === '0' || version === '1')) {
    throw new InvalidArgumentError('It must be 0, 1 or 0,1.');
  }
  return versions.map(Number);
}

/** Adds them to the program, and to verbs, where they may stand too. */
export function addGeneralOptions(command: Command, ofProgram: boolean): void {
  const options = [
    new Option('-d, --debug', 'tell all: the same as --log-level=TRACE'),
    new Option('-v, --verbose', 'tell more: the same as --log-level=INFO'),
    new Option(
      '--plugin-path <path>',
      'look for plug-ins in these directories, separated by colons',
    ).argParser((text: string, before: readonly string[] | undefined) => [
      ...(before ?? []),
      ...text.split(delimiter).filter(Boolean),
    ]),
    new Option('--plugin <package>', 'take plug-ins from a npm package (may be given again)').argParser(
      collect,
    ),
    new Option('--omit-home-plugin-path', 'leave out the plug-ins of the user'),
    new Option('--omit-system-plugin-path', 'leave out the plug-ins of the system'),
    new Option(
      '--allowed-mip-versions <versions>',
      'versions of the message interchange protocol to use: 0, 1 or 0,1 (the default)',
    ).argParser(mipVersions),
    ...(ofProgram
      ? [
          new Option('-l, --log-level <level>', 'what is told').argParser(logLevel),
          new Option(
            '-m, --mi <format>',
            "of verbs about sessions: answer in LTTng's machine interface",
          ).choices(['xml']),
          new Option(
            '-g, --group <group>',
            "of verbs about sessions: group that may control root's daemon, if the verb starts it",
          ),
          new Option('-n, --no-sessiond', 'of verbs about sessions: start no session daemon'),
          new Option('-q, --quiet', 'of verbs about sessions: tell nothing but the answer for programs'),
        ]
      : []),
  ];
  for (const option of options) command.addOption(ofProgram ? option : option.hideHelp());
}

/** The level that general options set; `warning` by default. */
export function levelOf({ debug, verbose, logLevel: level }: GeneralOptions): LogLevel {
  if (debug === true) return 'trace';
  return level ?? (verbose === true ? 'info' : 'warning');
}
