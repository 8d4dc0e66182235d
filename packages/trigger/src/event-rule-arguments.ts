// Event rules on the command line, as lttng-event-rule(7) has them.
import type { EventRule, LogLevelRule } from '@spoor/control';
import { checkFilter, parseFilter } from '@spoor/filter';
import { type ArgumentList, argumentError } from './argument-list.ts';

/** Numbers of log levels by their names, in lower case. */
export type LogLevels = Readonly<Record<string, number>>;

/** What rules depend on. */
export interface RuleContext {
  readonly levels: LogLevels;
  /** Makes the place of a probe in a program one that means the same elsewhere. */
  readonly resolvePlace: (text: string) => string;
}

const ruleOptions = [
  'type',
  'name',
  'event-name',
  'location',
  'exclude-name',
  'log-level',
  'filter',
] as const;
type RuleOption = (typeof ruleOptions)[number];

/** Reads `WARNING` (that one), `WARNING..` (as severe or more) and `..` (all); `TRACE_` may stand before the name. */
function parseLogLevel(text: string, levels: LogLevels): LogLevelRule | undefined {
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
  readonly #context: RuleContext;
  readonly #options: readonly string[];
  readonly #exclude: string[] = [];
  #type: string | undefined;
  #name: string | undefined;
  #eventName: string | undefined;
  #location: string | undefined;
  #logLevel: LogLevelRule | undefined;
  #filter: string | undefined;

  /** @param prefix of its options: '' or such as `begin-`. */
  constructor(prefix: string, context: RuleContext) {
    this.#prefix = prefix;
    this.#context = context;
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
      case 'event-name':
        this.#eventName = value;
        break;
      case 'location':
        this.#location = value;
        break;
      case 'exclude-name':
        this.#exclude.push(value);
        break;
      case 'log-level':
        this.#logLevel = parseLogLevel(value, this.#context.levels);
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
  finish(isTypeNeeded: boolean): EventRule {
    if (this.#type === undefined && isTypeNeeded) {
      throw argumentError('the event rule needs a --type', typeHint);
    }
    const kind = kindOf(this.#type ?? 'user');
    const filter = this.#filter === undefined ? {} : { filter: this.#filter };
    if (kind.kind !== 'user-tracepoint') {
      this.#refuse(this.#exclude.length > 0, 'exclude-name');
      this.#refuse(this.#logLevel !== undefined, 'log-level');
    }
    switch (kind.kind) {
      case 'user-tracepoint':
        this.#refuseProbeOptions();
        return {
          kind: 'user-tracepoint',
          name: this.#name ?? '*',
          ...(this.#exclude.length === 0 ? {} : { exclude: this.#exclude }),
          ...(this.#logLevel === undefined ? {} : { logLevel: this.#logLevel }),
          ...filter,
        };
      case 'kernel-tracepoint':
        this.#refuseProbeOptions();
        return { kind: kind.kind, name: this.#name ?? '*', ...filter };
      case 'kernel-syscall':
        this.#refuseProbeOptions();
        return { kind: kind.kind, name: this.#name ?? '*', site: kind.site, ...filter };
      case 'kernel-kprobe':
      case 'kernel-function':
      case 'kernel-uprobe': {
        this.#refuse(
          this.#name !== undefined,
          'name',
          `--${this.#prefix}event-name names what a probe records`,
        );
        const text = this.#location;
        if (text === undefined) {
          throw argumentError(
            `a probe needs a --${this.#prefix}location`,
            'SYMBOL, SYMBOL+OFFSET; PATH:SYMBOL',
          );
        }
        const location = kind.kind === 'kernel-uprobe' ? this.#context.resolvePlace(text) : text;
        // LTTng calls a probe as its place when it is given no name.
        return { kind: kind.kind, name: this.#eventName ?? text, location, ...filter };
      }
      default:
        return kind satisfies never;
    }
  }

  #refuseProbeOptions(): void {
    this.#refuse(this.#location !== undefined, 'location');
    this.#refuse(this.#eventName !== undefined, 'event-name');
  }

  #refuse(isGiven: boolean, option: RuleOption, hint?: string): void {
    if (isGiven) {
      throw argumentError(
        `--${this.#prefix}${option} is not for events of the type \`${this.#type ?? 'user'}\``,
        hint,
      );
    }
  }
}

const shortOptions = {
  '-t': '--type',
  '-n': '--name',
  '-E': '--event-name',
  '-L': '--location',
  '-x': '--exclude-name',
  '-l': '--log-level',
  '-f': '--filter',
} as const;

const typeHint =
  'user, kernel, kernel:syscall, kernel:syscall:entry, kernel:syscall:exit, kernel:uprobe, kernel:kprobe, kernel:function';

type RuleKind =
  | { readonly kind: Exclude<EventRule['kind'], 'kernel-syscall'> }
  | { readonly kind: 'kernel-syscall'; readonly site: 'entry' | 'exit' | 'entry+exit' };

/** Event types, as LTTng has them; `kernel:function` is ours. */
const plainTypes: Readonly<Record<string, Exclude<EventRule['kind'], 'kernel-syscall'>>> = {
  user: 'user-tracepoint',
  'user:tracepoint': 'user-tracepoint',
  kernel: 'kernel-tracepoint',
  'kernel:tracepoint': 'kernel-tracepoint',
  'kernel:kprobe': 'kernel-kprobe',
  'kernel:function': 'kernel-function',
  'kernel:uprobe': 'kernel-uprobe',
};

function kindOf(type: string): RuleKind {
  if (Object.hasOwn(plainTypes, type)) return { kind: plainTypes[type]! };
  const call = /^(?:kernel:)?syscall(?::(entry|exit|entry\+exit))?$/.exec(type);
  if (call !== null) return { kind: 'kernel-syscall', site: (call[1] ?? 'entry+exit') as 'entry' };
  const isKnown = /^(?:jul|log4j2?|python)(?:[:+]|$)/.test(type);
  throw argumentError(
    isKnown ? `triggers are not for events of the type \`${type}\`` : `there is no event type \`${type}\``,
    typeHint,
  );
}
