/**
 * What the control verbs share: each is one file here, which adds its options to the program and says what to ask the
 * session daemon and how to tell people of the answer. All that needs loading is loaded when a verb runs.
 */
import type { Command } from 'commander';
import type { ControlClient } from '@spoor/control';
import type { CommandContext } from '../commands/register-command.ts';
import type { XmlElement } from '../lttng/xml.ts';

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
  /** What failed of it while the rest was done: told on standard error; the exit status is 1. */
  readonly errors?: readonly unknown[];
  /** The element of `output` in LTTng's machine interface; made only when `--mi` asks for it. */
  readonly mi?: () => MiElement;
}

/** An element, perhaps of a module that is still to be loaded. */
export type MiElement = XmlElement | undefined | Promise<XmlElement | undefined>;

/** How a verb appears in LTTng's machine interface. */
export interface MiForm<Options> {
  /** Name of the command there; that of the verb by default. */
  readonly command?: string;
  /** False for a command of which the machine interface does not say whether it succeeded. */
  readonly saysSuccess?: false;
  /** The element of `output` when it failed; none by default. */
  readonly failed?: (options: Options, args: readonly string[]) => MiElement;
}

/** What of a verb needs no session daemon; undefined where it does. */
export type LocalWork<Options extends object> = (
  options: Options,
  args: readonly string[],
) => (() => Promise<VerbOutcome>) | undefined;

/** Options that every verb has. */
export interface VerbOptions {
  readonly json?: true;
  /** Stands before the verb, as the next three may. */
  readonly mi?: 'xml';
  readonly quiet?: true;
  readonly group?: string;
  /** False for `--no-sessiond`. */
  readonly sessiond: boolean;
}

/** Exit status of something that was done, but not as asked. */
export const WARNED_STATUS = 4;

/** What a verb does: with a connection to the session daemon, its options and its arguments. */
export type VerbWork<Options extends object> = (
  client: ControlClient,
  options: Options & VerbOptions,
  args: readonly string[],
) => Promise<VerbOutcome>;

/** Options of the program, which stand before the verb. */
interface ProgramOptions {
  readonly mi?: 'xml';
  readonly quiet?: true;
  readonly group?: string;
  readonly sessiond?: boolean;
}

/**
 * Adds the common options to a verb and has it run by `work`, which is answered; a session daemon is started if need be.
 * @param mi how it appears in LTTng's machine interface; absent where LTTng's schema has no such command.
 * @param local what of it is done without a session daemon.
 */
export function onControl<Options extends object>(
  command: Command,
  context: CommandContext,
  work: VerbWork<Options>,
  mi?: MiForm<Options>,
  local?: LocalWork<Options>,
): VerbWork<Options> {
  command
    .option('--json', 'print the answer as JSON')
    .option('--no-sessiond', 'do not start a session daemon when none runs')
    .action(async () => {
      const { runVerb, runWithout } = await import('./run-verb.ts');
      const { mi: format, quiet, group, sessiond } = programOf(command).opts<ProgramOptions>();
      const own = command.opts<Options & VerbOptions>();
      const options = {
        ...own,
        ...(format === undefined ? {} : { mi: format }),
        ...(quiet === undefined ? {} : { quiet }),
        ...(group === undefined ? {} : { group }),
        sessiond: own.sessiond && sessiond !== false,
      };
      const form = mi && {
        command: mi.command ?? command.name(),
        saysSuccess: mi.saysSuccess !== false,
        failed: () => mi.failed?.(options, command.args),
      };
      const alone = local?.(options, command.args);
      context.exitStatus =
        alone === undefined
          ? await runVerb(options, form, (client) => work(client, options, command.args))
          : await runWithout(options, form, alone);
    });
  return work;
}

function programOf(command: Command): Command {
  return command.parent === null ? command : programOf(command.parent);
}

/** An empty element, which some verbs have in LTTng's machine interface when they fail. */
export async function noMi(name: string): Promise<XmlElement> {
  const { element } = await import('../lttng/xml.ts');
  return element(name);
}

/** What verbs about sessions have there when they fail: no session. */
export function noMiSessions(): Promise<XmlElement> {
  return noMi('sessions');
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

/** What lines about a domain begin with, as `lttng` prints them. */
export function domainPrefix(domain: 'user' | 'kernel'): 'ust' | 'kernel' {
  return domain === 'user' ? 'ust' : 'kernel';
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
