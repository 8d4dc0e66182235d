// Event rules on the command line, as lttng-event-rule(7) has them.
import type { LogLevelRule, UserTracepointRule } from '@spoor/control';
import { checkFilter, parseFilter } from '@spoor/filter';
import { type ArgumentList, argumentError } from './argument-list.ts';

/** Numbers of log levels by their names, in lower case. */
export type LogLevels = Readonly<Record<string, number>>;

type RuleOption = 'type' | 'name' | 'exclude-name' | 'log-level' | 'filter';
const ruleOptions: readonly RuleOption[] = ['type', 'name', 'exclude-name', 'log-level', 'filter'];

/** Reads `WARNING` (that one), `WARNING..` (as severe or more) and `..` (all); `TRACE_` may stand before the name. */
export function parseLogLevel(text: string, levels: LogLevels): LogLevelRule | undefined {
  if (text === '..') return undefined;
  const isRange = text.endsWith('..');
  const said = isRange ? text.slice(0, -2) : text;
  const name = said.toLowerCase().replace(/^trace_/, '');
  if (!Object.hasOwn(levels, name)) {
    throw argumentError(
      `there is no log level \`${said}\``,
      `${Object.keys(levels).join(', ').toUpperCase()}; with \`..\` behind it, all that are as severe too`,
    );
  }
  return { kind: isRange ? 'at-least' : 'only', level: levels[name]! };
}

/** Collects the options of one event rule. */
export class EventRuleReader {
  readonly #prefix: string;
  readonly #levels: LogLevels;
  readonly #options: readonly string[];
  readonly #exclude: string[] = [];
  #type: string | undefined;
  #name: string | undefined;
  #logLevel: LogLevelRule | undefined;
  #filter: string | undefined;

  /** @param prefix of its options: '' or such as `begin-`. */
  constructor(prefix: string, levels: LogLevels) {
    this.#prefix = prefix;
    this.#levels = levels;
    this.#options = ruleOptions.map((option) => `--${prefix}${option}`);
  }

  /**
   * Takes the next argument if it is an option of the rule; answers whether it was.
   * @throws SpoorError `trigger/argument`, `filter/…`.
   */
  take(words: ArgumentList): boolean {
    const aliases = this.#prefix === '' ? shortOptions : {};
    const option = words.takeOption(this.#options, aliases);
    if (option === undefined) return false;
    const { name, value } = option;
    switch (name.slice(2 + this.#prefix.length) as RuleOption) {
      case 'type':
        this.#type = value;
        break;
      case 'name':
        if (this.#name !== undefined) throw argumentError(`${name} was given twice`);
        this.#name = value;
        break;
      case 'exclude-name':
        this.#exclude.push(value);
        break;
      case 'log-level':
        this.#logLevel = parseLogLevel(value, this.#levels);
        break;
      case 'filter':
        checkFilter(parseFilter(value));
        this.#filter = value;
        break;
    }
    return true;
  }

  /**
   * The rule.
   * @param isTypeNeeded whether it must say what it is about, as LTTng's must.
   * @throws SpoorError `trigger/argument`, `trigger/domain`.
   */
  finish(isTypeNeeded: boolean): UserTracepointRule {
    if (this.#type === undefined && isTypeNeeded) {
      throw argumentError('the event rule needs a --type', '--type=user:tracepoint for events of programs');
    }
    checkType(this.#type ?? 'user');
    return {
      kind: 'user-tracepoint',
      name: this.#name ?? '*',
      ...(this.#exclude.length === 0 ? {} : { exclude: this.#exclude }),
      ...(this.#logLevel === undefined ? {} : { logLevel: this.#logLevel }),
      ...(this.#filter === undefined ? {} : { filter: this.#filter }),
    };
  }
}

const shortOptions = {
  '-t': '--type',
  '-n': '--name',
  '-x': '--exclude-name',
  '-l': '--log-level',
  '-f': '--filter',
} as const;

function checkType(type: string): void {
  if (type === 'user' || type === 'user:tracepoint') return;
  const isKnown = /^(?:kernel|syscall|jul|log4j2?|python)(?:[:+]|$)/.test(type);
  throw argumentError(
    isKnown
      ? `triggers are not for events of the type \`${type}\` yet`
      : `there is no event type \`${type}\``,
    '--type=user:tracepoint for events of programs',
  );
}
