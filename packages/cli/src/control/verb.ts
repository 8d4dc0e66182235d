/**
 * What the control verbs share: each is one file here, which adds its options to the program and says what to ask the
 * session daemon and how to tell people of the answer. All that needs loading is loaded when a verb runs.
 */
import type { Command } from 'commander';
import type { ControlClient } from '@spoor/control';
import type { CommandContext } from '../commands/register-command.ts';

/** What came of a verb. */
export interface VerbOutcome {
  /** For programs: what `--json` prints. */
  readonly json: unknown;
  /** For people; ends with a line feed unless empty. */
  readonly text: string;
  /** Told on standard error. */
  readonly warnings?: readonly string[];
  /** Whether it was done, but not as asked: the exit status is 4, as of `lttng`. */
  readonly isWarned?: boolean;
}

/** Options that every verb has. */
export interface VerbOptions {
  readonly json?: true;
  /** False for `--no-sessiond`. */
  readonly sessiond: boolean;
}

/** Exit status of something that was done, but not as asked. */
export const WARNED_STATUS = 4;

/** What a verb does: with a connection to the session daemon, its options and its arguments. */
export type VerbWork<Options extends object> = (
  client: ControlClient,
  options: Options,
  args: readonly string[],
) => Promise<VerbOutcome>;

/**
 * Adds the common options to a verb and has it run by `work`, which is answered; a session daemon is started if need be.
 */
export function onControl<Options extends object>(
  command: Command,
  context: CommandContext,
  work: VerbWork<Options>,
): VerbWork<Options> {
  command
    .option('--json', 'print the answer as JSON')
    .option('--no-sessiond', 'do not start a session daemon when none runs')
    .action(async () => {
      const { runVerb } = await import('./run-verb.ts');
      const options = command.opts<Options & VerbOptions>();
      context.exitStatus = await runVerb(options, (client) => work(client, options, command.args));
    });
  return work;
}

/** Adds `-s`, which names the session in place of the current one. */
export function addSessionOption(command: Command): Command {
  return command.option('-s, --session <session>', 'the session; the current one by default');
}

/** Options that say which domain is meant. */
export interface DomainOptions {
  readonly kernel?: true;
  readonly userspace?: true;
}

/** Adds `-k` and `-u`. */
export function addDomainOptions(command: Command): Command {
  return command
    .option('-u, --userspace', 'tracepoints of programs (the default)')
    .option('-k, --kernel', 'the kernel');
}

/** The domain that is meant. */
export function domainOf({ kernel }: DomainOptions): 'user' | 'kernel' {
  return kernel === true ? 'kernel' : 'user';
}

/** Options that name several sessions. */
export interface SessionsOptions {
  readonly all?: true;
  readonly glob?: string | true;
}

/** Adds `--all` and `--glob`. */
export function addSessionsOptions(command: Command): Command {
  return command
    .option('-a, --all', 'all sessions')
    .option('-g, --glob [pattern]', 'all sessions whose names fit the pattern, in which * is any text');
}

/** Words that are separated by commas. */
export function commaWords(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
