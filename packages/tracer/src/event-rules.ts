// Which events a channel records, decided once a tracepoint: what is left for each event is its filter, if any.
import { SpoorError, describeError } from '@spoor/base';
import type { EventRule } from '@spoor/ringbuffer';
import { makePredicate, makeProgram, parseFilter, type Expression } from '@spoor/filter';
import type { ContextCatalogue } from './contexts.ts';
import type { Declaration } from './declaration.ts';
import { accessOf, filterTypeOf, labelsOf, type FilterAccess } from './filter-access.ts';
import { isNamed, parseNames, type RuleNames } from './rule-names.ts';

/** A filter of one event class: takes the values that `accesses` lead to. */
export interface EventFilter {
  readonly accesses: readonly FilterAccess[];
  readonly matches: (...values: readonly unknown[]) => boolean;
}

/** What a channel makes of an event class: nothing, all events, or those that one of the filters takes. */
export type Verdict = 'none' | 'all' | readonly EventFilter[];

/** How a rule's filter fares: one that fits no event class that comes leaves out all that the rule is to take. */
export interface FilterLink {
  /** The expression as it was given. */
  readonly filter: string;
  /** Whether it fits a class that came. */
  readonly isLinked: boolean;
  /** The first class that it does not fit, and why not: `shop:order: there is no total`. */
  readonly unlinked: string | undefined;
}

/** The rules of a channel, read once. */
export class RuleSet {
  readonly #rules: readonly ParsedRule[];
  /** @throws SpoorError `filter/…` when a filter cannot be read. */
  constructor(rules: readonly EventRule[]) {
    this.#rules = rules.map((rule) => ({
      ...parseNames(rule),
      filter: rule.filter === undefined ? undefined : new RuleFilter(rule.filter),
    }));
  }

  /** How the filters fare with the classes that {@link verdict} was asked for. */
  get filterLinks(): readonly FilterLink[] {
    return this.#rules.flatMap(({ filter }) => filter ?? []);
  }

  /** Changes whenever {@link filterLinks} does. */
  get linkVersion(): number {
    return this.#rules.reduce((sum, { filter }) => sum + (filter?.version ?? 0), 0);
  }

  /** Whether any rule may take events of this class. */
  takes(declaration: Declaration): boolean {
    return this.#rules.some((rule) => isNamed(rule, declaration));
  }

  /** What becomes of events of this class. */
  verdict(declaration: Declaration, contexts: ContextCatalogue): Verdict {
    const filters: EventFilter[] = [];
    for (const rule of this.#rules) {
      if (!isNamed(rule, declaration)) continue;
      if (rule.filter === undefined) return 'all';
      const filter = rule.filter.link(declaration, contexts);
      if (filter !== undefined) filters.push(filter);
    }
    return filters.length === 0 ? 'none' : filters;
  }
}

/**
 * Marks with 1 the values of an event's first field with which it may be recorded: filters that look at nothing else
 * are asked, all others may take any.
 */
export function markTaken(verdict: Verdict, marks: Uint8Array): void {
  if (verdict === 'none') return;
  const asked =
    verdict === 'all' ||
    verdict.some(({ accesses }) =>
      accesses.some((access) => access.kind !== 'scalar' || access.path[0] !== 0),
    )
      ? undefined
      : verdict;
  for (let value = 0; value < marks.length; value += 1) {
    if (asked === undefined || asked.some(({ matches }) => matches(value))) marks[value] = 1;
  }
}

interface ParsedRule extends RuleNames {
  readonly filter: RuleFilter | undefined;
}

class RuleFilter implements FilterLink {
  readonly filter: string;
  readonly #expression: Expression;
  isLinked = false;
  unlinked: string | undefined;

  constructor(filter: string) {
    this.filter = filter;
    this.#expression = parseFilter(filter);
  }

  /** How much there is to tell: 0 to 2. */
  get version(): number {
    return Number(this.isLinked) + Number(this.unlinked !== undefined);
  }

  /** The filter for events of a class; undefined when it does not fit them. */
  link(declaration: Declaration, contexts: ContextCatalogue): EventFilter | undefined {
    const filter = makeFilter(this.#expression, declaration, contexts);
    if (filter instanceof SpoorError) {
      this.unlinked ??= `${declaration.name}: ${filter.message}`;
      return undefined;
    }
    this.isLinked = true;
    return filter;
  }
}

/** An error when the class lacks what the filter needs, or has it as another type: then it is false for all events. */
function makeFilter(
  expression: Expression,
  declaration: Declaration,
  contexts: ContextCatalogue,
): EventFilter | SpoorError {
  try {
    const program = makeProgram(expression, (reference) => {
      const access = accessOf(reference, declaration, contexts);
      return access === undefined ? undefined : filterTypeOf(access);
    });
    const accesses = program.slots.map(({ reference }) => accessOf(reference, declaration, contexts)!);
    const readers = accesses.map((access, index) => {
      const read = readers8[index] ?? ((...values: readonly unknown[]) => values[index]);
      const textOf = program.slots[index]!.type === 'string' ? labelsOf(access) : undefined;
      if (textOf === undefined) return read;
      return (...values: readonly unknown[]) => {
        const value = read(...values) as number | bigint | undefined;
        return value === undefined ? undefined : textOf(value);
      };
    });
    return { accesses, matches: makePredicate<readonly unknown[]>(program, readers, accesses.length) };
  } catch (error) {
    return error instanceof SpoorError ? error : new SpoorError('filter/unusable', describeError(error));
  }
}

/** Functions that answer one of their arguments: quicker than taking it out of a list of all. */
const readers8: readonly ((...values: readonly unknown[]) => unknown)[] = [
  (a) => a,
  (_a, b) => b,
  (_a, _b, c) => c,
  (_a, _b, _c, d) => d,
  (_a, _b, _c, _d, e) => e,
  (_a, _b, _c, _d, _e, f) => f,
  (_a, _b, _c, _d, _e, _f, g) => g,
  (_a, _b, _c, _d, _e, _f, _g, h) => h,
];
