/** Triggers in LTTng's machine interface. Conditions and actions that LTTng has not are not in its schema: they are left out. */
import type {
  Action,
  Condition,
  EventRule,
  LogLevelRule,
  RatePolicy,
  Trigger,
  TriggerStatus,
} from '@spoor/control';
import { plainPlace } from './program-place.ts';
import { outputText } from '../control/output-url.ts';
import { DOMAIN_TYPES, kernelPlace } from './names.ts';
import { element, type XmlElement } from './xml.ts';

/**
 * A trigger; undefined when its condition is one that LTTng has not.
 * @param status how it has fared, where that is told.
 */
export function triggerElement(trigger: Trigger, status?: TriggerStatus): XmlElement | undefined {
  const condition = conditionElement(trigger.condition);
  if (condition === undefined) return undefined;
  const actions = trigger.actions.flatMap((action, index) => {
    const own = actionElement(action);
    if (own === undefined) return [];
    const failures = status && failureResults(status.actions[index]?.failureCount ?? 0);
    return [element('action', [own, failures])];
  });
  return element('trigger', [
    element('name', trigger.name),
    element('owner_uid', trigger.ownerUid),
    element('condition', [condition, status && discardResults(trigger.condition, status.discardedCount)]),
    element('action', [element('action_list', actions)]),
    status && element('error_query_results'),
  ]);
}

function errorResults(name: string, description: string, count: number): XmlElement {
  return element('error_query_results', [
    element('error_query_result', [
      element('name', name),
      element('description', description),
      element('error_query_result_counter', [element('value', count)]),
    ]),
  ]);
}

function failureResults(count: number): XmlElement {
  return errorResults('total execution failures', 'How often the action failed', count);
}

function discardResults(condition: Condition, count: number): XmlElement {
  if (condition.kind !== 'event-rule-matches') return element('error_query_results');
  return errorResults('discarded tracer messages', 'Events that were not looked at', count);
}

function conditionElement(condition: Condition): XmlElement | undefined {
  switch (condition.kind) {
    case 'event-rule-matches': {
      const rule = ruleElement(condition.rule);
      const captures = condition.captures.flatMap((text) => captureElement(text) ?? []);
      return element('condition_event_rule_matches', [
        element('event_rule', [rule]),
        element('capture_descriptors', captures),
      ]);
    }
    case 'channel-buffer-usage': {
      const { comparison, session, channel, domain, threshold } = condition;
      return element(`condition_buffer_usage_${comparison === 'at-least' ? 'high' : 'low'}`, [
        element('session_name', session),
        element('channel_name', channel),
        element('domain', DOMAIN_TYPES[domain]),
        'ratio' in threshold
          ? element('threshold_ratio', threshold.ratio)
          : element('threshold_bytes', threshold.sizeBytes),
      ]);
    }
    case 'session-consumed-size':
      return element('condition_session_consumed_size', [
        element('session_name', condition.session),
        element('threshold_bytes', condition.sizeBytes),
      ]);
    case 'session-rotation-starts':
      return element('condition_session_rotation_ongoing', [element('session_name', condition.session)]);
    case 'session-rotation-finishes':
      return element('condition_session_rotation_completed', [element('session_name', condition.session)]);
    case 'event-rate':
    case 'event-silence':
    case 'span-duration':
      return undefined;
    default:
      return condition satisfies never;
  }
}

function ruleElement(rule: EventRule): XmlElement {
  const filter = rule.filter === undefined ? undefined : element('filter_expression', rule.filter);
  const pattern = element('name_pattern', rule.name);
  switch (rule.kind) {
    case 'user-tracepoint': {
      const { logLevel, exclude } = rule;
      const exclusions = exclude?.map((name) => element('name_pattern_exclusion', name));
      return element('event_rule_user_tracepoint', [
        pattern,
        filter,
        logLevel && levelRule(logLevel),
        exclusions && element('name_pattern_exclusions', exclusions),
      ]);
    }
    case 'kernel-tracepoint':
      return element('event_rule_kernel_tracepoint', [pattern, filter]);
    case 'kernel-syscall':
      return element('event_rule_kernel_syscall', [element('emission_site', rule.site), pattern, filter]);
    case 'kernel-kprobe':
    case 'kernel-function': {
      const place = kernelPlace(rule.location);
      const where =
        'address' in place
          ? element('kernel_probe_location_address', [element('address', place.address)])
          : element('kernel_probe_location_symbol_offset', [
              element('name', place.symbol),
              element('offset', place.offset),
            ]);
      return element('event_rule_kernel_kprobe', [
        element('event_name', rule.name),
        element('kernel_probe_location', [where]),
      ]);
    }
    case 'kernel-uprobe':
      return element('event_rule_kernel_uprobe', [
        element('event_name', rule.name),
        element('userspace_probe_location', [programPlace(rule.location)]),
      ]);
    default:
      return rule satisfies never;
  }
}

function programPlace(location: string): XmlElement {
  const parts = plainPlace(location).split(':');
  const [method = '', path = '', ...names] = /^(?:elf|sdt):/.test(location) ? parts : ['default', ...parts];
  const lookup = (kind: string): XmlElement =>
    element('userspace_probe_location_lookup_method', [
      element(`userspace_probe_location_lookup_method_${kind}`),
    ]);
  if (method === 'sdt') {
    return element('userspace_probe_location_tracepoint', [
      element('probe_name', names[1] ?? ''),
      element('provider_name', names[0] ?? ''),
      element('binary_path', path),
      lookup('tracepoint_sdt'),
    ]);
  }
  return element('userspace_probe_location_function', [
    element('name', names.join(':')),
    element('binary_path', path),
    element('instrumentation_type', 'ENTRY'),
    lookup(method === 'elf' ? 'function_elf' : 'function_default'),
  ]);
}

function levelRule({ kind, level }: LogLevelRule): XmlElement {
  const name = kind === 'only' ? 'log_level_rule_exactly' : 'log_level_rule_at_least_as_severe_as';
  return element('log_level_rule', [element(name, [element('level', level)])]);
}

/** A captured expression; undefined for one that LTTng cannot capture. */
function captureElement(text: string): XmlElement | undefined {
  const indexed = /^(.+)\[(\d+)\]$/.exec(text);
  if (indexed !== null) {
    const inner = captureElement(indexed[1]!);
    return (
      inner &&
      element('event_expr', [
        element('event_expr_array_field_element', [element('index', indexed[2]!), inner]),
      ])
    );
  }
  const app = /^\$app\.([^:]+):(.+)$/.exec(text);
  if (app !== null) {
    return element('event_expr', [
      element('event_expr_app_specific_context_field', [
        element('provider_name', app[1]!),
        element('type_name', app[2]!),
      ]),
    ]);
  }
  const [, context] = /^\$ctx\.(.+)$/.exec(text) ?? [];
  if (context !== undefined) {
    return element('event_expr', [element('event_expr_channel_context_field', [element('name', context)])]);
  }
  if (!/^\w+$/.test(text)) return undefined;
  return element('event_expr', [element('event_expr_payload_field', [element('name', text)])]);
}

function actionElement(action: Action): XmlElement | undefined {
  const policy = policyElement(action.ratePolicy);
  switch (action.kind) {
    case 'notify':
      return element('action_notify', [policy]);
    // `action_start` and `action_stop` are the names of the schema; lttng 2.13 prints others, for stopping that of starting.
    case 'start-session':
      return element('action_start', [element('session_name', action.session), policy]);
    case 'stop-session':
      return element('action_stop', [element('session_name', action.session), policy]);
    case 'rotate-session':
      return element('action_rotate_session', [element('session_name', action.session), policy]);
    case 'snapshot-session': {
      const { session, name, output, maxSizeBytes } = action;
      const parts = [
        name === undefined ? undefined : element('name', name),
        output && element('ctrl_url', outputText(output)),
        maxSizeBytes === undefined ? undefined : element('max_size', maxSizeBytes),
      ];
      const place = parts.some((part) => part !== undefined) ? element('output', parts) : undefined;
      return element('action_snapshot_session', [element('session_name', session), place, policy]);
    }
    case 'exec':
    case 'webhook':
    case 'increment-map-value':
      return undefined;
    default:
      return action satisfies never;
  }
}

/** LTTng's actions always have a policy: each time where none is said. Of our own `at-most` it has none. */
function policyElement(policy: RatePolicy | undefined): XmlElement {
  const once = policy?.kind === 'once-after';
  const count = policy === undefined || policy.kind === 'at-most' ? 1 : policy.count;
  return element('rate_policy', [
    once
      ? element('rate_policy_once_after_n', [element('threshold', count)])
      : element('rate_policy_every_n', [element('interval', count)]),
  ]);
}
