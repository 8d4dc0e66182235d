// The words of a command line, taken one option after the other. Which options there are depends on what stands before
// them: `--name` after `--condition` is the event's name, before it the trigger's.
import { SpoorError, closestName } from '@spoor/base';

/** The error of a command line; says what is wrong with which argument. */
export function argumentError(message: string, hint?: string): SpoorError {
  return new SpoorError('trigger/argument', message, { hint });
}

/** A list of arguments that is read from left to right. */
export class ArgumentList {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next argument, for messages. */
  get next(): string {
    return this.#words[this.#at] ?? '';
  }

  /**
   * Takes the next argument if it is one of these options, in the form `--name=VALUE` or `--name VALUE`. Answers its
   * long name and its value; undefined when it is something else.
   * @param aliases long names by their short options: `{ '-s': '--session' }`.
   * @throws SpoorError `trigger/argument` when the value is missing.
   */
  takeOption<Name extends string>(
    names: readonly Name[],
    aliases: Readonly<Record<string, Name>> = {},
  ): { readonly name: Name; readonly value: string } | undefined {
    const word = this.#words[this.#at];
    if (word === undefined) return undefined;
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const said = equals < 0 ? word : word.slice(0, equals);
    const short = Object.keys(aliases).find((alias) =>
      alias === said ? true : !word.startsWith('--') && word.startsWith(alias),
    );
    const name = names.find((known) => known === said) ?? (short === undefined ? undefined : aliases[short]);
    if (name === undefined) return undefined;
    this.#at += 1;
    if (equals >= 0) return { name, value: word.slice(equals + 1) };
    if (short !== undefined && word !== short && said !== name)
      return { name, value: word.slice(short.length) };
    const value = this.#words[this.#at];
    if (value === undefined) throw argumentError(`the option ${name} needs a value`);
    this.#at += 1;
    return { name, value };
  }

  /** Takes the next argument if it is no option; undefined otherwise. */
  takeWord(): string | undefined {
    const word = this.#words[this.#at];
    if (word === undefined || (word.startsWith('-') && word !== '-')) return undefined;
    this.#at += 1;
    return word;
  }
}

/**
 * Which of `names` a text is.
 * @throws SpoorError `trigger/argument` when it is none of them.
 */
export function oneOf<Name extends string>(what: string, text: string, names: readonly Name[]): Name {
  const name = names.find((known) => known === text);
  if (name !== undefined) return name;
  const near = closestName(text, names);
  throw argumentError(
    `there is no ${what} \`${text}\``,
    near === undefined ? `there are ${names.join(', ')}` : `did you mean \`${near}\`?`,
  );
}

/**
 * Reads the value of an option.
 * @throws SpoorError `trigger/argument` when `parse` answers undefined.
 */
export function readValue<T>(
  option: string,
  text: string,
  parse: (text: string) => T | undefined,
  needed: string,
): T {
  const value = parse(text);
  if (value === undefined) throw argumentError(`\`${text}\` is no value for ${option}`, `it takes ${needed}`);
  return value;
}
