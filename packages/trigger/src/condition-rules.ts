import { SpoorError } from '@spoor/base';
import { domainOf, type Action, type Condition, type EventRule, type Trigger } from '@spoor/control';
import { checkFilter, parseFilter, parseNameTemplate } from '@spoor/filter';
import { parseCapture } from './capture.ts';

/** What part an event rule has in a condition. */
export type RuleRole = 'match' | 'begin' | 'end' | 'count';

/** An event rule of a condition. */
export interface ConditionRule {
  readonly role: RuleRole;
  readonly rule: EventRule;
  /** What is read of the events that it takes. */
  readonly captures: readonly string[];
}

/** The event rules of a condition; none where it is not about events. */
export function conditionRules(condition: Condition): readonly ConditionRule[] {
  switch (condition.kind) {
    case 'event-rule-matches':
      return [{ role: 'match', rule: condition.rule, captures: condition.captures }];
    case 'event-rate':
    case 'event-silence':
      return [{ role: 'count', rule: condition.rule, captures: [] }];
    case 'span-duration': {
      const { begin, end, beginKey, endKey, captures } = condition;
      return [
        { role: 'begin', rule: begin, captures: [...beginKey, ...captures] },
        { role: 'end', rule: end, captures: [...endKey, ...captures] },
      ];
    }
    case 'channel-buffer-usage':
    case 'session-consumed-size':
    case 'session-rotation-starts':
    case 'session-rotation-finishes':
      return [];
    default:
      return condition satisfies never;
  }
}

/**
 * Whether traced programs carry an action out themselves: they count events, as long as each of
 * them counts. The kernel does not.
 */
export function isDoneByTracer({ condition }: Pick<Trigger, 'condition'>, action: Action): boolean {
  const { kind, ratePolicy } = action;
  return (
    kind === 'increment-map-value' &&
    condition.kind === 'event-rule-matches' &&
    domainOf(condition.rule) === 'user' &&
    (ratePolicy === undefined || (ratePolicy.kind === 'every' && ratePolicy.count === 1))
  );
}

/**
 * Checks the texts in a trigger, of which its shape says nothing: filters, captures, keys.
 * @throws SpoorError `filter/…`, `trigger/capture`, `trigger/key`, `trigger/domain`.
 */
export function checkTexts({ condition, actions }: Pick<Trigger, 'condition' | 'actions'>): void {
  for (const { rule, captures } of conditionRules(condition)) {
    if (rule.filter !== undefined) checkFilter(parseFilter(rule.filter));
    captures.forEach(parseCapture);
  }
  if (condition.kind === 'span-duration') {
    if (condition.beginKey.length !== condition.endKey.length) {
      throw new SpoorError('trigger/key', 'the beginning and the end of a span need as many keys each');
    }
    // Their order is known within one of them alone.
    if (domainOf(condition.begin) !== domainOf(condition.end)) {
      throw new SpoorError('trigger/domain', 'both ends of a span are of programs, or both of the kernel');
    }
  }
  for (const action of actions) {
    if (action.kind === 'increment-map-value') parseNameTemplate(action.key);
  }
}
