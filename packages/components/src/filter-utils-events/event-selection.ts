/** Which events are wanted: what a rule says of names, log levels and fields, applied to the classes of a trace set. */
import { SpoorError, closestName } from '@spoor/base';
import {
  checkFilter,
  globMatches,
  makePredicate,
  makeProgram,
  parseFilter,
  parseGlob,
  printReference,
  referencesOf,
  type Expression,
  type GlobParts,
  type PredicateOptions,
  type Program,
} from '@spoor/filter';
import type { EventClassInfo } from '../source-ctf-fs/trace-info.ts';
import { namesIn, readerOf, typeOfReference, type EventArguments } from './field-reference.ts';
import { parseLogLevels, type LogLevels } from './log-level.ts';

/** A rule in words. What is left out lets everything through. */
export interface EventRule {
  /** Patterns of event names, `*` for any text; an event's name must match one of them. */
  readonly names?: readonly string[];
  /** Patterns of the names of events to leave out. */
  readonly exclude?: readonly string[];
  /**
   * `LEVEL..`: at least as severe; `LEVEL`: this one only. Event classes without a log level (of the kernel) are let
   * through.
   */
  readonly logLevel?: string;
  /** An expression over payload and context fields. */
  readonly filter?: string;
}

/** Whether an event is wanted; `true` and `false` for all events of a class. */
export type Verdict = boolean | ((...at: EventArguments) => boolean);

/** Names shown at most in a notice. */
const shownNames = 5;

function listed(names: ReadonlySet<string>): string {
  const shown = [...names].slice(0, shownNames).join(', ');
  return names.size > shownNames ? `${shown}, …` : shown;
}

/** A rule, read. */
export class EventSelection {
  private readonly names: readonly GlobParts[] | undefined;
  private readonly exclude: readonly GlobParts[];
  private readonly levels: LogLevels | undefined;
  private readonly expression: Expression | undefined;
  private readonly rule: EventRule;
  private readonly options: PredicateOptions;

  /** @throws SpoorError `filter/syntax`, `filter/type`, `filter/log-level`. */
  constructor(rule: EventRule, options: PredicateOptions = {}) {
    this.rule = rule;
    this.options = options;
    this.names = rule.names?.map(parseGlob);
    this.exclude = (rule.exclude ?? []).map(parseGlob);
    this.levels = rule.logLevel === undefined ? undefined : parseLogLevels(rule.logLevel);
    this.expression = rule.filter === undefined ? undefined : parseFilter(rule.filter);
    if (this.expression !== undefined) checkFilter(this.expression);
  }

  /** Whether name and log level of a class are wanted. */
  private admits({ eventClass: { name, logLevel } }: EventClassInfo): boolean {
    if (this.names !== undefined && !this.names.some((glob) => globMatches(glob, name))) return false;
    if (this.exclude.some((glob) => globMatches(glob, name))) return false;
    if (this.levels === undefined || logLevel === undefined) return true;
    return logLevel >= this.levels.mostSevere && logLevel <= this.levels.leastSevere;
  }

  /** The expression for a class of events, or why it is false of all of them. */
  private program(expression: Expression, info: EventClassInfo): Program | SpoorError {
    try {
      return makeProgram(expression, (reference) => typeOfReference(info, reference));
    } catch (error) {
      if (error instanceof SpoorError) return error;
      throw error;
    }
  }

  /** What is to be done with the events of a class. */
  verdictOf(info: EventClassInfo): Verdict {
    if (!this.admits(info)) return false;
    if (this.expression === undefined) return true;
    const program = this.program(this.expression, info);
    if (program instanceof SpoorError) return false;
    const readers = program.slots.map(({ reference, type }) => readerOf(info, reference, type));
    return makePredicate<EventArguments>(program, readers, 5, this.options);
  }

  /** What a person should know before wondering where events are, one line each. */
  notices(classes: readonly EventClassInfo[]): readonly string[] {
    const notices: string[] = [];
    const all = new Set(classes.map(({ eventClass }) => eventClass.name));
    for (const [index, glob] of (this.names ?? []).entries()) {
      if ([...all].some((name) => globMatches(glob, name))) continue;
      const pattern = this.rule.names![index]!;
      const close = closestName(pattern, all);
      const hint = close === undefined ? '' : ` (did you mean ${close}?)`;
      notices.push(`no event of the trace is named ${JSON.stringify(pattern)}${hint}`);
    }
    if (this.expression === undefined) return notices;
    const admitted = classes.filter((info) => this.admits(info));
    const names = new Set(admitted.map(({ eventClass }) => eventClass.name));
    const reasons = new Map<string, { readonly error: SpoorError; readonly names: Set<string> }>();
    for (const info of admitted) {
      const error = this.program(this.expression, info);
      if (!(error instanceof SpoorError)) continue;
      let reason = reasons.get(error.message);
      if (reason === undefined) {
        reason = { error, names: new Set() };
        reasons.set(error.message, reason);
      }
      reason.names.add(info.eventClass.name);
    }
    for (const { error, names: lacking } of reasons.values()) {
      const what =
        lacking.size === names.size
          ? `no event matches${this.suggestion(this.expression, admitted)}`
          : `events of ${lacking.size} of ${names.size} types are left out: ${listed(lacking)}`;
      notices.push(`${error.where}: ${error.message}; ${what}`);
    }
    return notices;
  }

  /** For a reference that no class has: the name that was probably meant. */
  private suggestion(expression: Expression, classes: readonly EventClassInfo[]): string {
    for (const reference of referencesOf(expression)) {
      if (classes.some((info) => typeOfReference(info, reference) !== undefined)) continue;
      const first = String(reference.steps[0]);
      const own = new Set(classes.flatMap((info) => namesIn(info, reference.scope)));
      const contexts = new Set(classes.flatMap((info) => namesIn(info, 'context')));
      if (reference.scope === 'payload' && !own.has(first) && contexts.has(first)) {
        return ` (did you mean $ctx.${first}?)`;
      }
      const close = own.has(first) ? undefined : closestName(first, own);
      if (close === undefined) continue;
      return ` (did you mean ${printReference({ scope: reference.scope, steps: [close] })}?)`;
    }
    return '';
  }
}
