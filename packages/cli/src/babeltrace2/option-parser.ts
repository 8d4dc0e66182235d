/** Options of a command line as babeltrace2 reads them: no abbreviations, short ones in groups, no `--`. */
import { SpoorError } from '@spoor/base';

/** An option that a command line may have. */
export interface OptionRule {
  /** Without its dashes. */
  readonly long: string;
  /** One letter, if there is a short form. */
  readonly short?: string;
  /** What its argument is, for the help; options without one take none. */
  readonly argument?: string;
  /** For the help. */
  readonly text: string;
}

/** What a command line is made of, in its order. */
export type CommandLineItem =
  | { readonly kind: 'option'; readonly long: string; readonly value: string }
  | { readonly kind: 'word'; readonly text: string; readonly index: number };

/** A command line that was read, up to its end or to the first option that is not known. */
export interface ParsedCommandLine {
  readonly items: readonly CommandLineItem[];
  /** Arguments that were read. */
  readonly readCount: number;
}

/** Says why an argument cannot be read; `unknown` where that is only because there is no such option. */
class ArgumentTrouble extends Error {
  readonly isUnknown: boolean;

  constructor(message: string, isUnknown: boolean) {
    super(message);
    this.isUnknown = isUnknown;
  }
}

function unknownOption(written: string): ArgumentTrouble {
  return new ArgumentTrouble(`Unknown option \`${written}\``, true);
}

/** Reads one argument that begins with a dash. @returns whether the argument after it belongs to it. */
function readOptions(
  argument: string,
  next: string | undefined,
  rules: readonly OptionRule[],
  add: (long: string, value: string) => void,
): boolean {
  if (argument === '-' || argument === '--') throw new ArgumentTrouble('Invalid argument', false);
  const missing = (written: string): ArgumentTrouble =>
    new ArgumentTrouble(`Missing required argument for option \`${written}\``, false);
  if (argument.startsWith('--')) {
    const [written = ''] = argument.split('=', 1);
    const rule = rules.find(({ long }) => `--${long}` === written);
    if (rule === undefined) throw unknownOption(written);
    const attached = argument.length > written.length ? argument.slice(written.length + 1) : undefined;
    if (rule.argument === undefined) {
      add(rule.long, '');
      return false;
    }
    const value = attached ?? next;
    if (value === undefined) throw missing(written);
    add(rule.long, value);
    return attached === undefined;
  }
  for (let at = 1; at < argument.length; at++) {
    const written = `-${argument[at]!}`;
    const rule = rules.find(({ short }) => short === argument[at]);
    if (rule === undefined) throw unknownOption(written);
    if (rule.argument === undefined) {
      add(rule.long, '');
      continue;
    }
    const attached = argument.slice(at + 1);
    const value = attached === '' ? next : attached;
    if (value === undefined) throw missing(written);
    add(rule.long, value);
    return attached === '';
  }
  return false;
}

/**
 * Reads arguments.
 * @param endsAtUnknown whether an unknown option ends the reading, rather than being wrong.
 * @throws SpoorError `babeltrace2/option`, which names the argument.
 */
export function parseCommandLine(
  args: readonly string[],
  rules: readonly OptionRule[],
  endsAtUnknown = false,
): ParsedCommandLine {
  const items: CommandLineItem[] = [];
  const add = (long: string, value: string): void => void items.push({ kind: 'option', long, value });
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (!argument.startsWith('-')) {
      items.push({ kind: 'word', text: argument, index });
      continue;
    }
    try {
      if (readOptions(argument, args[index + 1], rules, add)) index += 1;
    } catch (error) {
      if (!(error instanceof ArgumentTrouble)) throw error;
      // What stood before it in a group of short options counts.
      if (endsAtUnknown && error.isUnknown) return { items, readCount: index };
      throw new SpoorError(
        'babeltrace2/option',
        `While parsing argument #${index + 1} (\`${argument}\`): ${error.message}`,
      );
    }
  }
  return { items, readCount: args.length };
}
