// Triggers as `list-triggers` shows them: in LTTng's words where it has some.
import type {
  Action,
  ActionStatus,
  Condition,
  EventRule,
  RatePolicy,
  Trigger,
  TriggerStatus,
} from '@spoor/control';
import type { LogLevels } from './event-rule-arguments.ts';
import { timeText } from './quantities.ts';

/** Lines that tell of a trigger, its condition, its actions and what went wrong with them. */
export function printTrigger(trigger: Trigger, status: TriggerStatus, levels: LogLevels): readonly string[] {
  const { discardedCount } = status;
  return [
    `- name: ${trigger.name}`,
    `  owner uid: ${trigger.ownerUid}`,
    ...printCondition(trigger.condition, levels).map((line) => `  ${line}`),
    ...printErrors(discardedCount, `discarded tracer messages: ${discardedCount}`).map(
      (line) => `    ${line}`,
    ),
    '  actions:',
    ...trigger.actions.flatMap((action, index) => [
      `    ${printAction(action)}`,
      ...printFailures(status.actions[index]).map((line) => `      ${line}`),
    ]),
    '  errors: none',
  ];
}

function printErrors(count: number, text: string): readonly string[] {
  return count === 0 ? ['errors: none'] : ['errors:', `  - ${text}`];
}

function printFailures(status: ActionStatus | undefined): readonly string[] {
  const { failureCount = 0, lastFailure = '' } = status ?? {};
  return printErrors(failureCount, `failed executions: ${failureCount} (${lastFailure})`);
}

function printCondition(condition: Condition, levels: LogLevels): readonly string[] {
  switch (condition.kind) {
    case 'event-rule-matches':
      return [
        'condition: event rule matches',
        `  rule: ${printRule(condition.rule, levels)}`,
        ...printCaptures(condition.captures),
      ];
    case 'channel-buffer-usage': {
      const { comparison, threshold, domain } = condition;
      const bound = 'ratio' in threshold ? `ratio ${threshold.ratio}` : `${threshold.sizeBytes} bytes`;
      return [
        `condition: channel buffer usage ${comparison.replace('-', ' ')} ${bound}`,
        `  session: ${condition.session}`,
        `  channel: ${condition.channel}${domain === 'kernel' ? ' (kernel)' : ''}`,
      ];
    }
    case 'session-consumed-size':
      return [
        `condition: session consumed size at least ${condition.sizeBytes} bytes`,
        `  session: ${condition.session}`,
      ];
    case 'session-rotation-starts':
    case 'session-rotation-finishes':
      return [`condition: ${condition.kind.replaceAll('-', ' ')}`, `  session: ${condition.session}`];
    case 'event-rate':
      return [
        `condition: at least ${condition.count} events in ${timeText(condition.periodMs)}`,
        `  rule: ${printRule(condition.rule, levels)}`,
      ];
    case 'event-silence':
      return [
        `condition: no event for ${timeText(condition.durationMs)}`,
        `  rule: ${printRule(condition.rule, levels)}`,
      ];
    case 'span-duration': {
      const { begin, end, beginKey, endKey, thresholdMs, at, scope } = condition;
      const keys = beginKey.map((key, index) => (key === endKey[index] ? key : `${key} = ${endKey[index]}`));
      return [
        `condition: span of at least ${timeText(thresholdMs)}${at === 'threshold' ? ', even unfinished' : ''}`,
        `  begin: ${printRule(begin, levels)}`,
        `  end: ${printRule(end, levels)}`,
        `  key: ${[scope, ...keys].join(', ')}`,
        ...printCaptures(condition.captures),
      ];
    }
    default:
      return condition satisfies never;
  }
}

function printCaptures(captures: readonly string[]): readonly string[] {
  return captures.length === 0 ? [] : ['  captures:', ...captures.map((text) => `    - ${text}`)];
}

function printRule(rule: EventRule, levels: LogLevels): string {
  const details = [`type: ${rule.kind.replace('-', ' ')}`];
  if (rule.kind === 'kernel-syscall') details.push(`emission site: ${rule.site}`);
  if ('location' in rule) details.push(`location: ${rule.location}`);
  if (rule.filter !== undefined) details.push(`filter: ${rule.filter}`);
  if (rule.kind === 'user-tracepoint') {
    const { logLevel, exclude = [] } = rule;
    if (logLevel !== undefined) {
      const word = Object.entries(levels)
        .find(([, level]) => level === logLevel.level)?.[0]
        .toUpperCase();
      const level = word ?? String(logLevel.level);
      details.push(logLevel.kind === 'only' ? `log level is ${level}` : `log level at least ${level}`);
    }
    if (exclude.length > 0) details.push(`exclusions: ${exclude.join(',')}`);
  }
  return `${rule.name} (${details.join(', ')})`;
}

function printAction(action: Action): string {
  const parts = [actionText(action)];
  if (action.kind === 'snapshot-session') {
    const { output, name, maxSizeBytes } = action;
    if (output !== undefined) parts.push(`path: ${output.kind === 'local' ? output.path : output.host}`);
    if (name !== undefined) parts.push(`name: ${name}`);
    if (maxSizeBytes !== undefined) parts.push(`max size: ${maxSizeBytes}`);
  }
  const policy = action.ratePolicy === undefined ? undefined : policyText(action.ratePolicy);
  if (policy !== undefined) parts.push(`rate policy: ${policy}`);
  return parts.join(', ');
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'notify':
      return 'notify';
    case 'start-session':
    case 'stop-session':
    case 'rotate-session':
    case 'snapshot-session':
      return `${action.kind.replace('-', ' ')} \`${action.session}\``;
    case 'exec':
      return `execute \`${action.command.join(' ')}\``;
    case 'webhook':
      return `post to ${action.url}`;
    case 'increment-map-value':
      return `increment \`${action.key}\` of map \`${action.map}\` of session \`${action.session}\``;
    default:
      return action satisfies never;
  }
}

function policyText(policy: RatePolicy): string | undefined {
  const { kind, count } = policy;
  switch (kind) {
    case 'every':
      return count === 1 ? undefined : `every ${count} occurrences`;
    case 'once-after':
      return `once after ${count} occurrences`;
    case 'at-most':
      return `at most ${count} in ${timeText(policy.periodMs)}`;
    default:
      return kind satisfies never;
  }
}
